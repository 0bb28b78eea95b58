import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type ClaimedLink,
  holdToGateway,
  holdToIdentity,
  readRegistration,
} from "../../../runtime/distributed/claims.ts";
import type { Refusal } from "../../../runtime/links.ts";
import type { Link, LinkEvents } from "../../../transports/link.ts";

type Hold = (events: LinkEvents, held: Omit<ClaimedLink, "peer">) => LinkEvents;

const toAgent: Hold = (events, held) =>
  holdToIdentity(events, { ...held, peer: { role: "agent", name: "a1" } });

/** A link of agent a1 or of a gateway, and what came of it. */
function heldLink(hold: Hold = toAgent) {
  const sent: unknown[] = [];
  const received: unknown[] = [];
  const refused: Refusal[] = [];
  let closes = 0;
  const link: Link = {
    name: "a1.agent.smmp at 10.77.0.2:5",
    send: (value) => void sent.push(value),
    close: () => void (closes += 1),
    abort() {},
  };
  const events = hold({
    received: (value) => void received.push(value),
    malformed() {},
    closed() {},
  }, { link, refused: (refusal) => void refused.push(refusal) });
  return { events, sent, received, refused, closes: () => closes };
}

Deno.test("holdToIdentity() lets an agent register under the name in its certificate", () => {
  const { events, received, closes } = heldLink();
  const messages = [
    { type: "agentRegisterRequest", messageID: 1, agentName: "a1" },
    { type: "processData", messageID: 2 },
    "no message at all",
  ];
  for (const message of messages) events.received(message);
  assertEquals(received, messages);
  assertEquals(closes(), 0);
});

Deno.test("holdToIdentity() refuses any other name, and none, and ends the link", () => {
  for (const agentName of ["a2", undefined, 7, "x".repeat(10_000)]) {
    const { events, sent, received, refused, closes } = heldLink();
    events.received({ type: "agentRegisterRequest", messageID: 9, agentName });
    assertEquals(received, []);
    assertEquals(closes(), 1);
    const [refusal] = refused;
    assertEquals([refusal?.type, refusal?.status], ["agentRegisterRequest", 403]);
    assert((refusal?.reason.length ?? 0) < 300);
    assertStringIncludes(
      JSON.stringify(sent),
      '"agentRegisterResponse","messageID":9,"status":403',
    );
  }
});

Deno.test("holdToIdentity() tells agents apart, and takes nothing more of a refused one", () => {
  const { events, received, refused, closes } = heldLink();
  events.received({ type: "agentRegisterRequest", messageID: 1, agentName: "a2" });
  events.received({ type: "serviceRegisterRequest", messageID: 2 });
  events.received({ type: "agentRegisterRequest", messageID: 3, agentName: "a3" });
  assertEquals([received.length, closes()], [0, 1]);
  assertEquals(refused.map(({ topic }) => topic), ["a1"]);
});

Deno.test("holdToIdentity() takes no loopback address of who comes from elsewhere", () => {
  for (const [address, isLetIn] of [["10.77.0.2", false], ["127.0.0.1", true]] as const) {
    const peer = { role: "agent", name: "a1", hosts: ["10.77.0.2"], address } as const;
    const { events, received } = heldLink((events, held) =>
      holdToIdentity(events, { ...held, peer })
    );
    const agentNetwork = "127.0.0.1";
    const request = { type: "agentRegisterRequest", messageID: 9, agentName: "a1", agentNetwork };
    events.received(request);
    assertEquals(received.length, isLetIn ? 1 : 0, address);
  }
});

Deno.test("holdToIdentity() lets an agent register at the hosts in its certificate", () => {
  const hosts = ["10.77.0.2", "a1.example.com", "fd00:0:0:0:0:0:0:2"];
  const hold: Hold = (events, held) =>
    holdToIdentity(events, { ...held, peer: { role: "agent", name: "a1", hosts } });
  const request = { type: "agentRegisterRequest", messageID: 9, agentName: "a1" };
  for (const agentNetwork of ["10.77.0.2", "A1.example.com", "fd00::2", "127.0.0.1"]) {
    const { events, received } = heldLink(hold);
    events.received({ ...request, agentNetwork });
    assertEquals(received.length, 1, agentNetwork);
  }
  for (const agentNetwork of ["10.77.0.3", "example.com", "fd00::3", "0.0.0.0", undefined, ""]) {
    const { events, sent, received, closes } = heldLink(hold);
    events.received({ ...request, agentNetwork });
    assertEquals([received.length, closes()], [0, 1], agentNetwork);
    assertStringIncludes(JSON.stringify(sent), "its certificate is for 10.77.0.2, a1.example.com");
  }
});

Deno.test("holdToGateway() lets nobody who comes by itself take the requests of a service", () => {
  const type = "serviceRegisterRequest";
  const request = { type, messageID: 4, typeOfService: "users" };
  const gateway = { ...request, plugsConfiguration: { in: null, out: "*" } };
  const welcome = heldLink(holdToGateway);
  for (const message of [gateway, { type: "processData", messageID: 2 }, "no message at all"]) {
    welcome.events.received(message);
  }
  assertEquals([welcome.received.length, welcome.closes()], [3, 0]);

  const { events, sent, received, refused, closes } = heldLink(holdToGateway);
  events.received({ ...request, plugsConfiguration: { in: 20_000, out: [] } });
  assertEquals(received, []);
  assertEquals(closes(), 1);
  assertEquals(refused.map(({ type, status }) => [type, status]), [[type, 403]]);
  assertStringIncludes(
    JSON.stringify(sent),
    '"serviceRegisterResponse","messageID":4,"status":403',
  );
});

Deno.test("readRegistration() reads the answer to a registration, and nothing else", () => {
  const type = "agentRegisterResponse";
  assertEquals(readRegistration({ type, status: 200 }, type)?.isDone, true);
  assertEquals(readRegistration({ type, status: 403, reason: "no" }, type), {
    isDone: false,
    reason: "no",
  });
  for (const value of [undefined, "", { type }, { type: "processData", status: 200 }]) {
    assertEquals(readRegistration(value, type), undefined);
  }
});
