import { assertEquals } from "@std/assert";
import { LIMITS } from "../../../protocol/limits.ts";
import { ofKind, sent, theSent } from "../effects.ts";
import { ServiceBench } from "../service/service_bench.ts";
import { openAt } from "./connections.ts";

Deno.test("source: what has a place within a moment needs no other instance", () => {
  const bench = new ServiceBench({ patienceMs: 20 });
  openAt(bench, theSent(bench.want(1), "connectionRequest"), { dest: 50, concurrency: 1 });
  assertEquals(bench.want(2), []);
  assertEquals(sent(bench.wait(19), "connectionRequest"), []);
  bench.step({ kind: "requestEnded", requestID: 1 });
  assertEquals(bench.want(3), []);
  // The wait of the third one has just begun, though somebody has waited all the time.
  assertEquals(sent(bench.wait(19), "connectionRequest"), []);
  assertEquals(theSent(bench.wait(1), "connectionRequest").avoid, [50]);
});

Deno.test("source: it says how many requests wait when it asks", () => {
  const bench = new ServiceBench();
  const cold = theSent(bench.want(1), "connectionRequest");
  assertEquals(cold.waiting, undefined);
  for (let requestID = 2; requestID <= 500; requestID += 1) bench.want(requestID);
  bench.wait(50);
  const opened = openAt(bench, cold, { dest: 50, concurrency: 100 });
  assertEquals(ofKind(opened, "assign").length, 100);
  assertEquals(theSent(opened, "connectionRequest").waiting, 400);
});

Deno.test("source: the oldest instance is filled first, whichever was connected first", () => {
  const bench = new ServiceBench({ patienceMs: 0 });
  const newer = theSent(bench.want(1), "connectionRequest");
  openAt(bench, newer, { dest: 60, concurrency: 1 });
  const older = theSent(bench.want(2), "connectionRequest");
  openAt(bench, older, { dest: 50, concurrency: 1 });
  for (const requestID of [1, 2]) bench.step({ kind: "requestEnded", requestID });
  const given = [3, 4].flatMap((requestID) => ofKind(bench.want(requestID), "assign"));
  assertEquals(given.map(({ sourcePlug }) => sourcePlug), [older.sourcePlug, newer.sourcePlug]);
});

Deno.test("source: it reaches as many instances as a service may have", () => {
  const bench = new ServiceBench({ patienceMs: 0, connectionsMax: 2 });
  for (let dest = 1; dest <= LIMITS.instances; dest += 1) {
    openAt(bench, theSent(bench.want(dest), "connectionRequest"), { dest, concurrency: 1 });
  }
  assertEquals(bench.want(LIMITS.instances + 1), []);
});
