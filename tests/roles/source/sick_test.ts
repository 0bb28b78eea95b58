import { assertEquals, assertStringIncludes } from "@std/assert";
import { ofKind, theOne, theSent } from "../effects.ts";
import { ServiceBench } from "../service/service_bench.ts";
import { impatient, openAt, plugsOf } from "./connections.ts";

Deno.test("source: an instance that does not answer again and again is closed as broken", () => {
  const bench = impatient({ failuresMax: 3 });
  const sourcePlug = bench.open(1);
  bench.want(2);
  bench.want(3);
  const fail = (requestID: number) =>
    bench.step({ kind: "requestEnded", requestID, outcome: "failed" });
  assertEquals(ofKind([...fail(1), ...fail(2)], "closeSession"), []);
  assertEquals(theOne(fail(3), "closeSession").sourcePlug, sourcePlug);
  const end = { status: 111, reason: "closed by the dialling end" };
  const told = theSent(
    bench.step({ kind: "sessionEnded", sourcePlug, ...end }),
    "sourceConnectionClose",
  );
  assertEquals(told.status, 122);
  assertStringIncludes(told.reason ?? "", "3 requests in a row");
});

Deno.test("source: answers between failures, and senders that went away, open no breaker", () => {
  const bench = impatient({ failuresMax: 2 });
  bench.open(1);
  for (let requestID = 1; requestID < 20; requestID += 2) {
    bench.step({ kind: "requestEnded", requestID, outcome: "failed" });
    bench.want(requestID + 1);
    bench.step({ kind: "requestEnded", requestID: requestID + 1 });
    bench.want(requestID + 2);
  }
  bench.want(100);
  bench.step({ kind: "requestEnded", requestID: 100, outcome: "cancelled" });
  assertEquals([...bench.state.source.connections.values()].map(({ state }) => state), ["open"]);
});

/** A breaker that has opened just now: instance 50 is sick for 5 s. */
function sickBench(): ServiceBench {
  const bench = impatient({ failuresMax: 1, sickMs: 5_000 });
  const sourcePlug = bench.open(1);
  bench.step({ kind: "requestEnded", requestID: 1, outcome: "failed" });
  bench.step({ kind: "sessionEnded", sourcePlug, status: 111, reason: "closed" });
  return bench;
}

Deno.test("source: a sick instance is avoided, and another one is used at once", () => {
  const bench = sickBench();
  const asked = theSent(bench.want(2), "connectionRequest");
  assertEquals(asked.avoid, [50]);
  assertEquals(plugsOf(openAt(bench, asked, { dest: 51 })), [asked.sourcePlug]);
});

Deno.test("source: with a sick instance alone, requests are rejected until it is tried", () => {
  const bench = sickBench();
  const { messageID } = theSent(bench.want(2), "connectionRequest");
  const told = bench.take({ type: "connectionResponse", messageID, status: 503 });
  assertEquals(theOne(told, "reject").status, 503);
  const rejected = theOne(bench.want(3), "reject");
  assertEquals(rejected.status, 503);
  assertStringIncludes(rejected.reason, "tried again in 5 s");
  bench.wait(5_000);
  const trial = theSent(bench.want(4), "connectionRequest");
  assertEquals(trial.avoid, undefined);
  bench.want(5);
  // On trial it gets one request; its answer makes it well.
  assertEquals(ofKind(openAt(bench, trial, { dest: 50 }), "assign").length, 1);
  const well = bench.step({ kind: "requestEnded", requestID: 4 });
  assertEquals(theOne(well, "assign").requestID, 5);
  assertEquals(bench.want(6).map(({ kind }) => kind), ["assign"]);
  assertEquals(bench.state.source.health.size, 0);
});

Deno.test("source: who waits for a trial need not wait for the end of its answer", () => {
  const bench = sickBench();
  bench.wait(5_000);
  const trial = theSent(bench.want(2), "connectionRequest");
  bench.want(3);
  const [given] = ofKind(openAt(bench, trial, { dest: 50 }), "assign");
  assertEquals([given?.requestID, given?.isTrial], [2, true]);
  const answered = theOne(bench.step({ kind: "requestAnswered", requestID: 2 }), "assign");
  assertEquals([answered.requestID, answered.isTrial], [3, undefined]);
});

Deno.test("source: an instance that fails on trial is left alone for twice as long", () => {
  const bench = sickBench();
  bench.wait(5_000);
  const trial = theSent(bench.want(2), "connectionRequest");
  openAt(bench, trial, { dest: 50 });
  const failed = bench.step({ kind: "requestEnded", requestID: 2, outcome: "failed" });
  assertEquals(theOne(failed, "closeSession").sourcePlug, trial.sourcePlug);
  const end = { status: 111, reason: "closed" };
  bench.step({ kind: "sessionEnded", sourcePlug: trial.sourcePlug, ...end });
  bench.wait(9_999);
  assertEquals(theSent(bench.want(3), "connectionRequest").avoid, [50]);
});

Deno.test("source: a manager that gives a sick instance is told that it is left alone", () => {
  const bench = sickBench();
  const { messageID } = theSent(bench.want(2), "connectionRequest");
  const effects = bench.answer(messageID, 20_050);
  assertEquals(theSent(effects, "connectionConfirmation").status, 503);
  assertEquals(theOne(effects, "reject").status, 503);
});

Deno.test("source: dials that fail and sessions that break count as failures too", () => {
  const bench = impatient({ failuresMax: 2 });
  const sourcePlug = bench.open(1);
  bench.step({ kind: "sessionEnded", sourcePlug, status: 122, reason: "broke" });
  const again = theSent(bench.want(2), "connectionRequest");
  bench.answer(again.messageID);
  const reason = "connection refused";
  bench.step({ kind: "dialFailed", sourcePlug: again.sourcePlug, reason });
  assertEquals(theSent(bench.wait(50), "connectionRequest").avoid, [50]);
});

Deno.test("source: what is remembered of instances that are gone is forgotten", () => {
  const bench = sickBench();
  assertEquals(bench.state.source.health.size, 1);
  bench.wait(600_000);
  assertEquals([bench.state.source.health.size, bench.state.source.vain.size], [0, 0]);
});
