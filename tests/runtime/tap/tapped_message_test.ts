import { assert, assertEquals } from "@std/assert";
import type { Message } from "../../../protocol/messages.ts";
import { parseMessage } from "../../../protocol/parse_message.ts";
import { concernedBy, MASK, shownMessage } from "../../../runtime/tap/tapped_message.ts";
import { definitions, sampleMessage } from "../../protocol/samples.ts";

/** Told though they are as random as secrets: they only tell runs of an agent apart. */
const NO_SECRETS = ["incarnation"];

function parsed(value: unknown): Message {
  const result = parseMessage(value);
  assert("message" in result, Deno.inspect(result));
  return result.message;
}

Deno.test("shownMessage() masks every field that holds a token", () => {
  let count = 0;
  for (const [type, definition] of definitions()) {
    const shown = shownMessage(parsed(sampleMessage(type, definition, { all: true })));
    for (const [name, { kind }] of Object.entries(definition.fields)) {
      if (kind.name !== "token" || NO_SECRETS.includes(name)) continue;
      assertEquals(shown[name], MASK, `${type}.${name}`);
      count += 1;
    }
  }
  assert(count >= 4, "the messages have lost their secrets");
});

Deno.test("shownMessage() masks what an agent reports of instances, and lines of output", () => {
  const instance = {
    serviceID: 4,
    typeOfService: "greeter",
    plugConfiguration: { in: 20_000, out: [] },
    launched: true,
    started: true,
    ticketKey: "hush",
  };
  const line = { atMs: 1, stream: "stdout", text: "password: hush" };
  const register = parsed({
    type: "agentRegisterRequest",
    messageID: 1,
    agentNetwork: "127.0.0.1",
    agentPort: 7401,
    repository: ["greeter"],
    instances: [instance],
  });
  const output = parsed({
    type: "outputResponse",
    messageID: 1,
    status: 200,
    output: [{ service: "greeter", serviceID: 4, next: 1, lost: 0, lines: [line] }],
  });
  for (const message of [register, output]) {
    assert(!JSON.stringify(shownMessage(message)).includes("hush"), message.type);
  }
});

Deno.test("shownMessage() cuts long lists and texts, and says how much is left", () => {
  const message = parsed({
    type: "connectionRequest",
    messageID: 1,
    serviceID: 2,
    sourcePlug: 3,
    destServiceName: "greeter",
    avoid: Array.from({ length: 50 }, (_, index) => index + 1),
  });
  const { avoid } = shownMessage(message);
  assertEquals(avoid, [...Array.from({ length: 20 }, (_, index) => index + 1), "30 more"]);
  const reason = "x".repeat(2_000);
  const refused = parsed({ type: "agentRegisterResponse", messageID: 1, status: 400, reason });
  assertEquals(shownMessage(refused).reason, `${"x".repeat(1_000)}…`);
});

Deno.test("concernedBy() finds instances and services, in lists too", () => {
  const named = concernedBy(parsed({
    type: "agentRegisterRequest",
    messageID: 1,
    agentNetwork: "127.0.0.1",
    agentPort: 7401,
    repository: ["a", "b"],
    connections: [{ serviceID: 3, sourcePlug: 1, destServiceID: 7, destPlug: 20_001 }],
  }));
  assertEquals([[...named.instances], [...named.services]], [[3, 7], ["a", "b"]]);
});
