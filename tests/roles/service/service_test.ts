import { assert, assertEquals } from "@std/assert";
import { ofKind, sent, theOne, theSent } from "../effects.ts";
import { ServiceBench } from "./service_bench.ts";

const SHUTDOWN = { type: "softShutdownRequest", messageID: 41, serviceID: 7 } as const;

Deno.test("service: it confirms its start with its token, as its first message (flow 4)", () => {
  const bench = new ServiceBench({ isReady: false });
  const effects = bench.step({ kind: "ready", link: "agent" });
  assertEquals(effects.map(({ kind }) => kind), ["send"]);
  assertEquals(theSent(effects, "startServiceResponse", "agent"), {
    type: "startServiceResponse",
    messageID: 507,
    status: 200,
    serviceID: 7,
    token: "secret-7",
  });
});

Deno.test("service: a plug that is taken is told, and the process ends (flow 4)", () => {
  const bench = new ServiceBench({ isReady: false });
  const failure = { status: 409, reason: "the address is in use" };
  const effects = bench.step({ kind: "ready", link: "agent", failure });
  const { status, reason } = theSent(effects, "startServiceResponse");
  assertEquals([status, reason], [409, failure.reason]);
  assertEquals(theOne(effects, "exit").code, 1);
});

Deno.test("service: requests that come before it is ready are asked for once it is", () => {
  const bench = new ServiceBench({ isReady: false });
  assertEquals(bench.want(1), []);
  const effects = bench.step({ kind: "ready", link: "agent" });
  const types = ofKind(effects, "send").map(({ message }) => message.type);
  assertEquals(types, ["startServiceResponse", "connectionRequest"]);
});

Deno.test("service: a soft shutdown drains, closes connections, answers, exits (flow 8)", () => {
  const bench = new ServiceBench();
  const sourcePlug = bench.open(1);
  assertEquals(bench.take(SHUTDOWN).map(({ kind }) => kind), ["askToEnd"]);
  assertEquals(bench.step({ kind: "endAnswered" }), [{ kind: "drain" }]);
  // What is in flight may still need its connections.
  assertEquals(bench.want(2).map(({ kind }) => kind), ["assign"]);
  const drained = bench.step({ kind: "drained" });
  assertEquals(theOne(drained, "closeSession").sourcePlug, sourcePlug);
  assertEquals(sent(drained, "softShutdownResponse"), []);
  const ended = bench.step({ kind: "sessionEnded", sourcePlug, status: 111, reason: "closed" });
  const { messageID, serviceID, status } = theSent(ended, "softShutdownResponse");
  assertEquals([messageID, serviceID, status], [41, 7, 200]);
  assertEquals(ended.map(({ kind }) => kind), ["send", "send", "exit"]);
  assertEquals(theOne(ended, "exit").code, 0);
});

Deno.test("service: a shutdown asked twice drains once, both are answered (flow 8)", () => {
  const bench = new ServiceBench();
  bench.take(SHUTDOWN);
  assertEquals(bench.take({ ...SHUTDOWN, messageID: 42 }), []);
  bench.step({ kind: "endAnswered" });
  const answers = sent(bench.step({ kind: "drained" }), "softShutdownResponse");
  assertEquals(answers.map(({ messageID }) => messageID), [41, 42]);
});

Deno.test("service: drained, it opens no connection and rejects who waits (503)", () => {
  const bench = new ServiceBench();
  const sourcePlug = bench.open(1);
  bench.take(SHUTDOWN);
  bench.step({ kind: "endAnswered" });
  const { messageID } = theSent(bench.want(2, "storage"), "connectionRequest");
  const drained = bench.step({ kind: "drained" });
  assertEquals(theOne(drained, "reject").requestID, 2);
  assertEquals(theOne(bench.want(3), "reject").status, 503);
  assertEquals(theOne(bench.answer(messageID), "refuse").status, 404);
  const ended = bench.step({ kind: "sessionEnded", sourcePlug, status: 111, reason: "closed" });
  assertEquals(theOne(ended, "exit").code, 0);
});

Deno.test("service: the end of a connection from another is told (flow 6)", () => {
  const bench = new ServiceBench();
  const ended = { sourceID: 3, sourcePlug: 9, status: 122, reason: "the other end is gone" };
  const told = theSent(bench.step({ kind: "inboundEnded", ...ended }), "destConnectionClose");
  assertEquals([told.serviceID, told.sourceServiceID, told.sourcePlug], [7, 3, 9]);
  assertEquals([told.destPlug, told.status], [20_007, 122]);
});

Deno.test("service: a close at the destination is answered when it has ended (flow 7)", () => {
  const bench = new ServiceBench();
  const ends = { serviceID: 3, sourcePlug: 9, destPlug: 20_007, destServiceID: 7 };
  const ordered = bench.take({ type: "connectionCloseRequest", messageID: 41, ...ends });
  const { sourceID, sourcePlug } = theOne(ordered, "closeInbound");
  assertEquals([sourceID, sourcePlug], [3, 9]);
  const ended = { sourceID: 3, sourcePlug: 9, status: 111, reason: "closed" };
  const effects = bench.step({ kind: "inboundEnded", ...ended });
  assertEquals(theSent(effects, "connectionCloseResponse").messageID, 41);
  theSent(effects, "destConnectionClose");
  assertEquals(bench.state.inboundCloses.size, 0);
});

Deno.test("service: a close of what it does not have is answered, and tells no end", () => {
  const bench = new ServiceBench();
  const ends = { serviceID: 3, sourcePlug: 9, destPlug: 20_007, destServiceID: 7 };
  bench.take({ type: "connectionCloseRequest", messageID: 41, ...ends });
  const none = { sourceID: 3, sourcePlug: 9, status: 111, reason: "none", wasOpen: false };
  const effects = bench.step({ kind: "inboundEnded", ...none });
  theSent(effects, "connectionCloseResponse");
  assertEquals(sent(effects, "destConnectionClose"), []);
});

Deno.test("service: it says how busy it is when it was measured (serviceHealthRequest)", () => {
  const bench = new ServiceBench();
  const asked = bench.take({ type: "serviceHealthRequest", messageID: 41, serviceID: 7 });
  assertEquals(theOne(asked, "measure").messageID, 41);
  const effects = bench.step({ kind: "health", messageID: 41, inFlight: 12 });
  const { serviceID, load } = theSent(effects, "serviceHealthResponse");
  assertEquals([serviceID, load?.inFlight], [7, 12]);
});

Deno.test("service: what is asked at a path is asked of it (serviceHealthRequest)", () => {
  const bench = new ServiceBench();
  const question = { messageID: 41, serviceID: 7, path: "/health", timeoutMs: 900 };
  const asked = theOne(bench.take({ type: "serviceHealthRequest", ...question }), "measure");
  assertEquals([asked.path, asked.timeoutMs], ["/health", 900]);
  const ailment = { status: 504, reason: "GET /health got no answer" };
  const effects = bench.step({ kind: "health", messageID: 41, inFlight: 2, ailment });
  const { status, reason } = theSent(effects, "serviceHealthResponse");
  assertEquals({ status, reason }, ailment);
});

Deno.test("service: messages that it does not get are refused (400), and change nothing", () => {
  const bench = new ServiceBench();
  const effects = bench.take({ type: "hardShutdownRequest", messageID: 41, serviceID: 7 });
  assertEquals(theOne(effects, "refuse").status, 400);
  assert(bench.state.phase === "running");
});
