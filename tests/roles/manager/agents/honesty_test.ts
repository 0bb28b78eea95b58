import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Message } from "../../../../protocol/messages.ts";
import { reportOf, twoAgentsBench } from "../connected_bench.ts";
import { ofKind, sent, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

/** What agent `two` may not say: the gateway is at `one`, the greeter at `two`. */
function messagesAbout(
  { gateway, serviceID, ends }: ReturnType<typeof twoAgentsBench>,
): { readonly link: string; readonly message: Message }[] {
  const started = { messageID: 1, status: 200 };
  return [
    { link: "two", message: { type: "processData", messageID: 1, serviceID: gateway, ...ends } },
    { link: "two", message: { type: "sourceConnectionClose", serviceID: gateway, ...ends } },
    { link: "one", message: { type: "destConnectionClose", serviceID, ...ends } },
    {
      link: "one",
      message: { type: "destConnectionClose", serviceID, ...ends, sourceServiceID: gateway },
    },
    {
      link: "two",
      message: { type: "connectionConfirmation", ...started, serviceID: gateway, ...ends },
    },
    {
      link: "two",
      message: {
        type: "connectionRequest",
        messageID: 1,
        serviceID: gateway,
        sourcePlug: 2,
        destServiceName: "greeter",
      },
    },
    { link: "one", message: { type: "startServiceResponse", ...started, serviceID } },
    { link: "one", message: { type: "softShutdownResponse", ...started, serviceID } },
    { link: "one", message: { type: "hardShutdownResponse", ...started, serviceID } },
    { link: "one", message: { type: "serviceTerminationInfo", status: 200, serviceID } },
    { link: "two", message: { type: "connectionCloseResponse", messageID: 1, status: 200 } },
  ];
}

Deno.test("manager: an agent can't speak for an instance of another one, whatever it says", () => {
  const count = messagesAbout(twoAgentsBench()).length;
  for (let index = 0; index < count; index += 1) {
    const world = twoAgentsBench();
    const { bench, connection } = world;
    // The gateway's own agent is asked to close a connection: only it may answer.
    const { connectionID } = connection;
    bench.command({ kind: "closeConnection", connectionID });
    const { link, message } = messagesAbout(world)[index] ?? { link: "", message: undefined };
    assert(message !== undefined);
    const before = bench.history.length;
    const effects = bench.take(link, message);
    assertEquals(bench.kindsSince(before), [], message.type);
    const isAnswered = ofKind(effects, "refuse").length > 0 ||
      sent(effects, "connectionResponse").some(({ status }) => status === 404);
    assert(isAnswered, `${message.type} was not refused`);
  }
});

Deno.test("manager: an agent's report changes nothing of another's connections", () => {
  const { bench, gateway, serviceID } = twoAgentsBench();
  bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  const offered = bench.connectionOf(gateway, 2);
  assertEquals(offered.state, "offered");
  const claimed = {
    serviceID: gateway,
    sourcePlug: 2,
    destServiceID: serviceID,
    destPlug: offered.destPlug,
  };
  const report = { instances: [reportOf(bench.instance(serviceID))], connections: [claimed] };
  const services = { greeter: { plugs: ["counter"] }, counter: {} };
  bench.addAgent("two", services, { link: "two-b", network: "10.0.0.2", report });
  assertEquals(offered.state, "offered");
});

function benchOfOne(incarnation: string) {
  const bench = new ManagerBench({ healthIntervalMs: 1_000, agentSilentMs: 4_000 });
  bench.addAgent("one", { greeter: {} }, { report: { incarnation } });
  return bench;
}

Deno.test("manager: a second host can't take the name of an agent that is there (409)", () => {
  const bench = benchOfOne("first");
  const other = { link: "other", network: "10.0.0.7", report: { incarnation: "second" } };
  const effects = bench.addAgent("one", {}, other);
  const { status, reason = "" } = theSent(effects, "agentRegisterResponse");
  assertEquals(status, 409);
  assertStringIncludes(reason, "connected from 10.0.0.1; give this one another name");
  assertEquals(bench.state.linkOfAgent.get("one"), "one");
  // What a refused link says counts for nothing.
  const info = { type: "repositoryInfo", messageID: 1, repository: [], manifests: {} } as const;
  assertEquals(ofKind(bench.take("other", info), "refuse")[0]?.status, 401);
});

Deno.test("manager: a host takes over the name of an agent that is silent", () => {
  const bench = benchOfOne("first");
  bench.wait(2_000);
  const other = { link: "other", network: "10.0.0.7", report: { incarnation: "second" } };
  assertEquals(theSent(bench.addAgent("one", {}, other), "agentRegisterResponse").status, 200);
  assertEquals(bench.state.linkOfAgent.get("one"), "other");
});

Deno.test("manager: an agent that was restarted on its host, or moves, replaces itself", () => {
  for (
    const again of [
      { link: "again", report: { incarnation: "second" } },
      { link: "again", network: "10.0.0.7", report: { incarnation: "first" } },
    ]
  ) {
    const bench = benchOfOne("first");
    const effects = bench.addAgent("one", { greeter: {} }, again);
    assertEquals(theSent(effects, "agentRegisterResponse").status, 200);
    assertEquals(bench.state.linkOfAgent.get("one"), "again");
  }
});
