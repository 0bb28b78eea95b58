import { assertEquals } from "@std/assert";
import { ofKind, sent, theOne, theSent } from "../effects.ts";
import { ServiceBench } from "./service_bench.ts";

const BROKEN = { kind: "linkClosed", link: "agent", reason: "it broke" } as const;
const BACK = { kind: "relinked", link: "agent" } as const;

Deno.test("service: without its agent it goes on with the connections that it has", () => {
  const bench = new ServiceBench();
  const sourcePlug = bench.open(1);
  assertEquals(bench.step(BROKEN), []);
  assertEquals(theOne(bench.want(2), "assign").sourcePlug, sourcePlug);
  assertEquals(bench.state.phase, "running");
});

Deno.test("service: a new connection waits while the agent is away, up to its deadline", () => {
  const bench = new ServiceBench();
  bench.step(BROKEN);
  assertEquals([...bench.want(1, "storage", 20_000), ...bench.want(2, "storage", 1_000)], []);
  const { requestID, status } = theOne(bench.wait(1_500), "reject");
  assertEquals([requestID, status], [2, 504]);
  const asked = theSent(bench.step(BACK), "connectionRequest");
  bench.answer(asked.messageID);
  const dialed = bench.step({ kind: "dialed", sourcePlug: asked.sourcePlug });
  assertEquals(theOne(dialed, "assign").requestID, 1);
});

Deno.test("service: an agent that comes is told who it is and what is open, first of all", () => {
  const bench = new ServiceBench();
  const sourcePlug = bench.open(1);
  const { messageID } = theSent(bench.want(2, "storage"), "connectionRequest");
  bench.step(BROKEN);
  const effects = bench.step(BACK);
  const types = ofKind(effects, "send").map(({ message }) => message.type);
  assertEquals(types, ["startServiceResponse", "connectionRequest"]);
  assertEquals(theSent(effects, "startServiceResponse"), {
    type: "startServiceResponse",
    messageID: 507,
    status: 200,
    serviceID: 7,
    token: "secret-7",
    connections: [{ serviceID: 7, sourcePlug, destServiceID: 50, destPlug: 20_050 }],
  });
  assertEquals(theSent(effects, "connectionRequest").messageID, messageID);
});

Deno.test("service: what it dials as the agent comes back is given up and asked for anew", () => {
  const bench = new ServiceBench();
  const { messageID, sourcePlug } = theSent(bench.want(1), "connectionRequest");
  bench.answer(messageID);
  bench.step(BROKEN);
  const effects = bench.step(BACK);
  assertEquals(theSent(effects, "startServiceResponse").connections, []);
  assertEquals(theSent(effects, "connectionRequest").sourcePlug, sourcePlug + 1);
  const dialed = bench.step({ kind: "dialed", sourcePlug });
  assertEquals(theOne(dialed, "closeSession").sourcePlug, sourcePlug);
  assertEquals(sent(dialed, "connectionConfirmation"), []);
});

Deno.test("service: use while the agent is away is told when it is back", () => {
  const bench = new ServiceBench();
  bench.open(1);
  bench.wait(2_000);
  bench.step(BROKEN);
  bench.step({ kind: "requestEnded", requestID: 1 });
  assertEquals(sent(bench.wait(5_000), "processData"), []);
  bench.step(BACK);
  assertEquals(theSent(bench.wait(1_000), "processData").count, 1);
});

Deno.test("service: ends of connections from others are told when the agent is back", () => {
  const bench = new ServiceBench();
  bench.step(BROKEN);
  const ended = { sourceID: 3, sourcePlug: 9, status: 122, reason: "the other end is gone" };
  assertEquals(bench.step({ kind: "inboundEnded", ...ended }), []);
  const told = theSent(bench.step(BACK), "destConnectionClose");
  assertEquals([told.sourceServiceID, told.sourcePlug, told.status], [3, 9, 122]);
  assertEquals(bench.state.untold, []);
});

Deno.test("service: requests of an agent that is gone are not answered to another one", () => {
  const bench = new ServiceBench();
  const sourcePlug = bench.open(1);
  const ends = { serviceID: 7, sourcePlug, destPlug: 20_050 };
  bench.take({ type: "connectionCloseRequest", messageID: 41, ...ends });
  bench.take({ type: "softShutdownRequest", messageID: 42, serviceID: 7 });
  bench.step({ kind: "endAnswered" });
  bench.step(BROKEN);
  bench.step(BACK);
  bench.step({ kind: "drained" });
  const ended = bench.step({ kind: "sessionEnded", sourcePlug, status: 111, reason: "closed" });
  assertEquals(ofKind(ended, "send").map(({ message }) => message.type), ["sourceConnectionClose"]);
  assertEquals(theOne(ended, "exit").code, 0);
});

Deno.test("service: when no agent comes in time it ends softly, and says why to its log", () => {
  const bench = new ServiceBench();
  bench.step(BROKEN);
  const { reason, graceMs, isFinal } = theOne(bench.wait(60_000), "askToEnd");
  assertEquals([reason, graceMs, isFinal], ["no agent came back within 60 s", 5_000, true]);
  theOne(bench.step({ kind: "endAnswered" }), "drain");
  assertEquals(theOne(bench.step({ kind: "drained" }), "exit").code, 1);
  assertEquals(bench.wait(100_000), []);
});

Deno.test("service: what is in flight when no agent comes in time has a moment to finish", () => {
  const bench = new ServiceBench();
  bench.open(1);
  bench.step(BROKEN);
  bench.wait(60_000);
  assertEquals(theOne(bench.wait(5_000), "exit").code, 1);
  assertEquals(bench.state.phase, "ended");
});

Deno.test("service: an agent that comes and stays ends the wait for one", () => {
  const bench = new ServiceBench();
  bench.step(BROKEN);
  bench.wait(59_000);
  bench.step(BACK);
  assertEquals(bench.wait(200_000), []);
  bench.step(BROKEN);
  assertEquals(bench.wait(59_000), []);
  theOne(bench.wait(1_000), "askToEnd");
});

Deno.test("service: an agent that goes again and again is waited for each time", () => {
  const bench = new ServiceBench();
  for (let times = 0; times < 5; times += 1) {
    bench.step(BROKEN);
    assertEquals(bench.wait(50_000), []);
    bench.step(BACK);
    assertEquals(bench.wait(3_000), []);
  }
});

Deno.test("service: an agent that closes every new link at once does not keep it alive", () => {
  const bench = new ServiceBench();
  bench.step(BROKEN);
  for (let tries = 0; tries < 59; tries += 1) {
    bench.step(BACK);
    bench.step(BROKEN);
    assertEquals(ofKind(bench.wait(1_000), "askToEnd"), []);
  }
  theOne(bench.wait(1_000), "askToEnd");
});
