import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Of, ofKind, sent, theOne, theSent } from "../effects.ts";
import { ServiceBench } from "../service/service_bench.ts";

Deno.test("source: many requests ask for one connection, and all get it (flow 5)", () => {
  const bench = new ServiceBench();
  const effects = Array.from({ length: 200 }, (_, at) => bench.want(at + 1)).flat();
  const { messageID, sourcePlug, destServiceName } = theSent(effects, "connectionRequest");
  assertEquals(destServiceName, "counter");
  const dial = theOne(bench.answer(messageID), "dial");
  assertEquals([dial.network, dial.port, dial.destServiceID], ["10.0.0.2", 20_050, 50]);
  const opened = bench.step({ kind: "dialed", sourcePlug });
  const { status, destPlug } = theSent(opened, "connectionConfirmation");
  assertEquals([status, destPlug], [200, 20_050]);
  assertEquals(ofKind(opened, "assign").map(({ requestID }) => requestID).length, 200);
  assertEquals(bench.want(201).map(({ kind }) => kind), ["assign"]);
});

Deno.test("source: each service has its own connection, and no plug is used twice", () => {
  const bench = new ServiceBench();
  const [one, two] = [bench.open(1, "counter"), bench.open(2, "storage")];
  assert(one !== two);
  bench.step({ kind: "sessionEnded", sourcePlug: two, status: 111, reason: "closed" });
  assert(![one, two].includes(bench.open(3, "storage")));
});

Deno.test("source: a refusal rejects everybody who waits, with status and reason (flow 5)", () => {
  const bench = new ServiceBench();
  const { messageID } = theSent([...bench.want(1), ...bench.want(2)], "connectionRequest");
  const reason = "the graph has no such edge";
  const effects = bench.take({ type: "connectionResponse", messageID, status: 403, reason });
  const rejects = ofKind(effects, "reject");
  assertEquals(rejects.map((one) => [one.requestID, one.status]), [[1, 403], [2, 403]]);
  assertEquals(rejects[0]?.reason, reason);
  theSent(bench.want(3), "connectionRequest");
});

Deno.test("source: an answer to no request, or a second one, is refused (404)", () => {
  const bench = new ServiceBench();
  assertEquals(theOne(bench.answer(99), "refuse").status, 404);
  const { messageID } = theSent(bench.want(1), "connectionRequest");
  bench.answer(messageID);
  assertEquals(theOne(bench.answer(messageID), "refuse").status, 404);
});

Deno.test("source: a done answer without an address rejects who waits (502)", () => {
  const bench = new ServiceBench();
  const { messageID } = theSent(bench.want(1), "connectionRequest");
  const effects = bench.take({ type: "connectionResponse", messageID, status: 200 });
  assertEquals(theOne(effects, "reject").status, 502);
});

Deno.test("source: a failed dial is told, and asked for again after a moment (flow 5)", () => {
  const bench = new ServiceBench();
  const { messageID, sourcePlug } = theSent(bench.want(1), "connectionRequest");
  bench.answer(messageID);
  const failed = bench.step({ kind: "dialFailed", sourcePlug, reason: "connection refused" });
  const told = theSent(failed, "connectionConfirmation");
  assertEquals([told.messageID, told.status], [messageID, 502]);
  assertEquals(ofKind(failed, "reject"), []);
  bench.want(2);
  const again = theSent(bench.wait(50), "connectionRequest");
  bench.answer(again.messageID);
  const opened = bench.step({ kind: "dialed", sourcePlug: again.sourcePlug });
  assertEquals(ofKind(opened, "assign").length, 2);
});

Deno.test("source: dials that go on failing reject who waits (502)", () => {
  const bench = new ServiceBench({ retriesMax: 3, retryMs: 100 });
  let effects = bench.want(1);
  for (const waitMs of [100, 200, 400]) {
    const { messageID, sourcePlug } = theSent(effects, "connectionRequest");
    bench.answer(messageID);
    bench.step({ kind: "dialFailed", sourcePlug, reason: "connection refused" });
    assertEquals(bench.wait(waitMs - 1), []);
    effects = bench.wait(1);
  }
  const { messageID, sourcePlug } = theSent(effects, "connectionRequest");
  bench.answer(messageID);
  const last = bench.step({ kind: "dialFailed", sourcePlug, reason: "connection refused" });
  const rejected = theOne(last, "reject");
  assertEquals(rejected.status, 502);
  assertStringIncludes(rejected.reason, "connection refused");
  assertEquals(bench.state.source.retries.size, 0);
});

Deno.test("source: who waits for an instance that takes no more sessions hears 503", () => {
  const bench = new ServiceBench({ retriesMax: 0 });
  const { messageID, sourcePlug } = theSent(bench.want(1), "connectionRequest");
  bench.answer(messageID);
  const reason = "1000 sessions are open";
  const failed = bench.step({ kind: "dialFailed", sourcePlug, reason, isRefused: true });
  const rejected = theOne(failed, "reject");
  assertEquals(rejected.status, 503);
  assertStringIncludes(rejected.reason, reason);
});

Deno.test("source: a request waits no longer than it may (504), the others go on waiting", () => {
  const bench = new ServiceBench();
  const { messageID, sourcePlug } = theSent(bench.want(1, "counter", 1_000), "connectionRequest");
  bench.want(2, "counter", 5_000);
  const rejected = theOne(bench.wait(1_000), "reject");
  assertEquals([rejected.requestID, rejected.status], [1, 504]);
  bench.answer(messageID);
  const opened = bench.step({ kind: "dialed", sourcePlug });
  assertEquals(theOne(opened, "assign").requestID, 2);
});

Deno.test("source: a manager that never answers is given up (504), and asked anew", () => {
  const bench = new ServiceBench({ askMs: 2_000 });
  const { messageID } = theSent(bench.want(1), "connectionRequest");
  assertEquals(theOne(bench.wait(2_000), "reject").status, 504);
  assertEquals(theOne(bench.answer(messageID), "refuse").status, 404);
  theSent(bench.want(2), "connectionRequest");
});

Deno.test("source: at most waitingMax requests wait for a service (503)", () => {
  const bench = new ServiceBench({ waitingMax: 2 });
  bench.want(1);
  bench.want(2);
  assertEquals(theOne(bench.want(3), "reject").status, 503);
  bench.step({ kind: "requestEnded", requestID: 2 });
  assertEquals(bench.want(4), []);
});

Deno.test("source: a close on command lets what is in flight finish first (flow 7)", () => {
  const bench = new ServiceBench();
  const sourcePlug = bench.open(1);
  const request = {
    type: "connectionCloseRequest",
    messageID: 41,
    serviceID: 7,
    sourcePlug,
    destPlug: 20_050,
  } as const;
  const ordered = bench.take(request);
  assertEquals(theOne(ordered, "closeSession").sourcePlug, sourcePlug);
  assertEquals(sent(ordered, "connectionCloseResponse"), []);
  assertEquals(ofKind(bench.take({ ...request, messageID: 42 }), "closeSession"), []);
  // A new request gets another connection meanwhile.
  const other = theSent(bench.want(2), "connectionRequest");
  assert(other.sourcePlug !== sourcePlug);
  bench.step({ kind: "requestEnded", requestID: 1 });
  const ended = bench.step({ kind: "sessionEnded", sourcePlug, status: 111, reason: "closed" });
  const answers = sent(ended, "connectionCloseResponse");
  assertEquals(answers.map(({ messageID, status }) => [messageID, status]), [[41, 200], [42, 200]]);
  assertEquals(sent(ended, "sourceConnectionClose"), []);
});

Deno.test("source: a close of what is not connected is answered 404 (flow 7)", () => {
  const bench = new ServiceBench();
  const sourcePlug = bench.open(1);
  const close = (plugs: { sourcePlug: number; destPlug: number }) => {
    const request = { messageID: 41, serviceID: 7, ...plugs };
    const effects = bench.take({ type: "connectionCloseRequest", ...request });
    return theSent(effects, "connectionCloseResponse").status;
  };
  assertEquals(close({ sourcePlug: 99, destPlug: 20_050 }), 404);
  assertEquals(close({ sourcePlug, destPlug: 20_051 }), 404);
  assertEquals(bench.state.source.connections.size, 1);
});

Deno.test("source: a close that comes while it dials is done when it has (flow 7)", () => {
  const bench = new ServiceBench();
  const { messageID, sourcePlug } = theSent(bench.want(1), "connectionRequest");
  bench.answer(messageID);
  const ends = { serviceID: 7, sourcePlug, destPlug: 20_050 };
  const ordered = bench.take({ type: "connectionCloseRequest", messageID: 41, ...ends });
  assertEquals(ofKind(ordered, "closeSession"), []);
  const again = theSent(ordered, "connectionRequest");
  const dialed = bench.step({ kind: "dialed", sourcePlug });
  assertEquals(theSent(dialed, "connectionConfirmation").status, 200);
  assertEquals(theOne(dialed, "closeSession").sourcePlug, sourcePlug);
  assertEquals(ofKind(dialed, "assign"), []);
  bench.answer(again.messageID);
  const opened = bench.step({ kind: "dialed", sourcePlug: again.sourcePlug });
  assertEquals(theOne(opened, "assign").requestID, 1);
});

Deno.test("source: a session that ends is told, with its status (flow 6)", () => {
  const bench = new ServiceBench();
  const sourcePlug = bench.open(1);
  const reason = "the other end is gone";
  const effects = bench.step({ kind: "sessionEnded", sourcePlug, status: 122, reason });
  const told = theSent(effects, "sourceConnectionClose");
  assertEquals([told.serviceID, told.sourcePlug, told.destPlug], [7, sourcePlug, 20_050]);
  assertEquals([told.status, told.reason], [122, reason]);
  assertEquals(bench.step({ kind: "sessionEnded", sourcePlug, status: 122, reason }), []);
  theSent(bench.want(2), "connectionRequest");
});

Deno.test("source: use is reported at most once a second, with a count (flow 2)", () => {
  const bench = new ServiceBench();
  const sourcePlug = bench.open(1);
  bench.step({ kind: "requestEnded", requestID: 1 });
  const reports: Of<"processData">[] = [];
  for (let at = 0; at < 99; at += 1) {
    bench.want(2 + at);
    bench.step({ kind: "requestEnded", requestID: 2 + at });
    reports.push(...sent(bench.wait(50), "processData"));
  }
  reports.push(...sent(bench.wait(1_000), "processData"));
  // 100 exchanges in 5 s.
  assertEquals(reports.length, 5);
  assertEquals(reports.reduce((sum, { count = 0 }) => sum + count, 0), 100);
  const [first] = reports;
  assertEquals([first?.serviceID, first?.sourcePlug, first?.destPlug], [7, sourcePlug, 20_050]);
  assertEquals(bench.wait(100_000), []);
});

Deno.test("source: a connection that was asked for and not used has no use to report", () => {
  const bench = new ServiceBench();
  bench.open(1);
  bench.step({ kind: "requestEnded", requestID: 1, outcome: "unused" });
  assertEquals(bench.wait(10_000), []);
  bench.want(2);
  bench.step({ kind: "requestEnded", requestID: 2 });
  assertEquals(theSent(bench.wait(10_000), "processData").count, 1);
});

Deno.test("source: an open request counts as use, though nothing ends (flow 2)", () => {
  const bench = new ServiceBench();
  bench.open(1);
  const reports = sent(bench.wait(10_000), "processData");
  assertEquals(reports.length, 10);
  assert(reports.every(({ count }) => count === 0));
  bench.step({ kind: "requestEnded", requestID: 1 });
  assertEquals(theSent(bench.wait(10_000), "processData").count, 1);
});

Deno.test("source: a request that ends while it waits waits no more", () => {
  const bench = new ServiceBench();
  const { messageID, sourcePlug } = theSent(bench.want(1), "connectionRequest");
  bench.step({ kind: "requestEnded", requestID: 1 });
  bench.answer(messageID);
  assertEquals(ofKind(bench.step({ kind: "dialed", sourcePlug }), "assign"), []);
  assertEquals(bench.wait(1_000_000), []);
});
