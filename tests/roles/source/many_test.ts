import { assert, assertEquals } from "@std/assert";
import { ofKind, sent, theOne, theSent } from "../effects.ts";
import { impatient, openAt, plugsOf, twoConnections } from "./connections.ts";

Deno.test("source: one that finds all connections full asks for another instance", () => {
  const bench = impatient();
  const asked = theSent(bench.want(1), "connectionRequest");
  assertEquals(asked.avoid, undefined);
  openAt(bench, asked, { dest: 50, concurrency: 2 });
  assertEquals(bench.want(2).map(({ kind }) => kind), ["assign"]);
  const more = theSent(bench.want(3), "connectionRequest");
  assertEquals(more.avoid, [50]);
  assertEquals(bench.want(4), []);
  const opened = openAt(bench, more, { dest: 51, concurrency: 2 });
  assertEquals(ofKind(opened, "assign").map(({ requestID }) => requestID), [3, 4]);
});

Deno.test("source: a request that ends gives its place to the one that waits longest", () => {
  const bench = impatient();
  const asked = theSent(bench.want(1), "connectionRequest");
  openAt(bench, asked, { dest: 50, concurrency: 1 });
  bench.want(2);
  bench.want(3);
  const ended = bench.step({ kind: "requestEnded", requestID: 1 });
  assertEquals(ofKind(ended, "assign").map(({ requestID }) => requestID), [2]);
  assertEquals(bench.state.source.waitingCount, 1);
});

Deno.test("source: who waits goes on waiting when there is no other instance (503)", () => {
  const bench = impatient({ moreMs: 1_000 });
  const asked = theSent(bench.want(1), "connectionRequest");
  openAt(bench, asked, { dest: 50, concurrency: 1 });
  let more = theSent(bench.want(2), "connectionRequest");
  for (const waitMs of [1_000, 2_000, 4_000]) {
    const { messageID } = more;
    const told = bench.take({ type: "connectionResponse", messageID, status: 503 });
    assertEquals(ofKind(told, "reject"), []);
    assertEquals(sent(bench.wait(waitMs - 1), "connectionRequest"), []);
    more = theSent(bench.wait(1), "connectionRequest");
  }
  const ended = bench.step({ kind: "requestEnded", requestID: 1 });
  assertEquals(theOne(ended, "assign").requestID, 2);
});

Deno.test("source: who found no other instance takes any, once its own is gone", () => {
  const bench = impatient();
  const asked = theSent(bench.want(1), "connectionRequest");
  openAt(bench, asked, { dest: 50, concurrency: 1 });
  const { messageID } = theSent(bench.want(2), "connectionRequest");
  const { sourcePlug } = asked;
  bench.step({ kind: "requestEnded", requestID: 1, outcome: "cancelled" });
  bench.step({ kind: "requestEnded", requestID: 2 });
  bench.want(3);
  bench.want(4);
  bench.step({ kind: "sessionLeaving", sourcePlug });
  const told = bench.take({ type: "connectionResponse", messageID, status: 503 });
  assertEquals(ofKind(told, "reject"), []);
  const any = theSent(told, "connectionRequest");
  assertEquals(any.avoid, undefined);
  const refused = { messageID: any.messageID, status: 503 };
  const rejected = ofKind(bench.take({ type: "connectionResponse", ...refused }), "reject");
  assertEquals(rejected.map(({ requestID }) => requestID), [4]);
});

Deno.test("source: an answer with the instance that is full already is declined (409)", () => {
  const bench = impatient();
  openAt(bench, theSent(bench.want(1), "connectionRequest"), { dest: 50, concurrency: 1 });
  const { messageID } = theSent(bench.want(2), "connectionRequest");
  const effects = bench.answer(messageID, 20_050);
  assertEquals(theSent(effects, "connectionConfirmation").status, 409);
  assertEquals([...ofKind(effects, "dial"), ...ofKind(effects, "reject")], []);
});

Deno.test("source: without a bound a session's own makes it ask, for any instance", () => {
  const bench = impatient({ exchangesMax: 2 });
  openAt(bench, theSent(bench.want(1), "connectionRequest"), { dest: 50 });
  bench.want(2);
  const more = theSent(bench.want(3), "connectionRequest");
  assertEquals(more.avoid, undefined);
  assertEquals(ofKind(openAt(bench, more, { dest: 50 }), "assign").length, 1);
});

Deno.test("source: it keeps to its most connections", () => {
  const bench = impatient({ connectionsMax: 2, exchangesMax: 1 });
  openAt(bench, theSent(bench.want(1), "connectionRequest"), { dest: 50 });
  openAt(bench, theSent(bench.want(2), "connectionRequest"), { dest: 51 });
  assertEquals(bench.want(3), []);
});

Deno.test("source: of two connections, the one with fewer requests gets the next", () => {
  const { bench, first, second } = twoConnections(10);
  const given = Array.from({ length: 9 }, (_, at) => plugsOf(bench.want(100 + at))).flat();
  assertEquals(given, Array(9).fill(second));
  for (const requestID of [1, 2, 3, 4]) bench.step({ kind: "requestEnded", requestID });
  assertEquals(plugsOf(bench.want(200)), [first]);
});

Deno.test("source: the first connection is filled before the next, which so becomes idle", () => {
  const { bench, first, second } = twoConnections(10);
  for (let requestID = 1; requestID <= 11; requestID += 1) {
    bench.step({ kind: "requestEnded", requestID });
  }
  const given = Array.from({ length: 9 }, (_, at) => plugsOf(bench.want(100 + at))).flat();
  assertEquals(given, [...Array(7).fill(first), second, second]);
});

Deno.test("source: requests of one key go to one instance while it has room", () => {
  const { bench } = twoConnections(1_000);
  for (let requestID = 1; requestID <= 1_001; requestID += 1) {
    bench.step({ kind: "requestEnded", requestID });
  }
  let requestID = 2_000;
  const plugOf = (stickyKey: number) => {
    requestID += 1;
    const wanted = { service: "counter", timeoutMs: 1_000, stickyKey } as const;
    const [plug] = plugsOf(bench.step({ kind: "requestWanted", requestID, ...wanted }));
    bench.step({ kind: "requestEnded", requestID });
    return plug;
  };
  const counts = new Map<number | undefined, number>();
  for (let key = 0; key < 1_000; key += 1) {
    const plug = plugOf(Math.imul(key, 0x9e37_79b1) >>> 0);
    assertEquals(plugOf(Math.imul(key, 0x9e37_79b1) >>> 0), plug);
    counts.set(plug, (counts.get(plug) ?? 0) + 1);
  }
  assertEquals(counts.size, 2);
  for (const count of counts.values()) assert(count > 350, `${[...counts]}`);
});

Deno.test("source: an instance that is leaving gets nothing new, and its end is told", () => {
  const bench = impatient();
  const sourcePlug = bench.open(1);
  assertEquals(bench.step({ kind: "sessionLeaving", sourcePlug }), []);
  const other = theSent(bench.want(2), "connectionRequest");
  assertEquals(plugsOf(openAt(bench, other, { dest: 51 })), [other.sourcePlug]);
  const end = { status: 111, reason: "closed by the peer" };
  const ended = bench.step({ kind: "sessionEnded", sourcePlug, ...end });
  assertEquals(theSent(ended, "sourceConnectionClose").status, 111);
});

Deno.test("source: at most waitingAllMax requests wait in all, and waitingMax of a route", () => {
  const bench = impatient({ waitingAllMax: 3 });
  const wanted = { service: "counter", timeoutMs: 1_000, waitingMax: 1 } as const;
  assertEquals(bench.step({ kind: "requestWanted", requestID: 1, ...wanted }).length, 1);
  const second = bench.step({ kind: "requestWanted", requestID: 2, ...wanted });
  assertEquals(theOne(second, "reject").status, 503);
  bench.want(3, "storage");
  bench.want(4, "storage");
  assertEquals(theOne(bench.want(5, "other"), "reject").status, 503);
  bench.wait(1_000);
  theSent(bench.want(6, "other"), "connectionRequest");
});
