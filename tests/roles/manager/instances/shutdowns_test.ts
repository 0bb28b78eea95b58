import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { twoAgentsBench } from "../connected_bench.ts";
import { ofKind, sent, theOne, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

Deno.test("manager: a connection idle for 30 s is closed by its source on command (flow 7)", () => {
  const { bench, gateway, ends } = twoAgentsBench();
  assertEquals(bench.wait(29_999), []);
  const asked = theSent(bench.wait(1), "connectionCloseRequest", "one");
  assertEquals([asked.serviceID, asked.sourcePlug, asked.destPlug], [gateway, 1, ends.destPlug]);
  assertEquals(asked.reason, "idle for 30 s");
  const answer = {
    type: "connectionCloseResponse",
    messageID: asked.messageID,
    status: 200,
  } as const;
  bench.take("one", answer);
  assertEquals(bench.history.at(-1)?.kind, "connectionClosed");
  assertEquals(theOne(bench.takeAgain("one", answer), "refuse").status, 404);
});

Deno.test("manager: what was in flight has an idle time more to be heard of again (flow 7)", () => {
  const { bench, gateway, ends } = twoAgentsBench();
  const data = { type: "processData", serviceID: gateway, ...ends, count: 0 } as const;
  bench.take("one", { ...data, messageID: 1, inFlight: 1 });
  // The host stood still, or this manager.
  assertEquals(sent(bench.wait(30_000), "connectionCloseRequest"), []);
  bench.wait(29_000);
  bench.take("one", { ...data, messageID: 2, inFlight: 1 });
  assertEquals(sent(bench.wait(59_999), "connectionCloseRequest"), []);
  assertEquals(theSent(bench.wait(1), "connectionCloseRequest").reason, "idle for 30 s");
});

Deno.test("manager: an instance without connection and data ends after 60 s (flow 8)", () => {
  const { bench, gateway, serviceID, ends } = twoAgentsBench();
  bench.nowMs += 5_000;
  const data = { messageID: 1, serviceID: gateway, ...ends, count: 1 };
  bench.take("one", { type: "processData", ...data });
  bench.take("one", { type: "sourceConnectionClose", serviceID: gateway, ...ends });
  assertEquals(sent(bench.wait(59_999), "softShutdownRequest"), []);
  const asked = theSent(bench.wait(1), "softShutdownRequest", "two");
  assertEquals([asked.serviceID, asked.graceMs], [serviceID, 5_000]);
  const { messageID } = asked;
  bench.take("two", { type: "softShutdownResponse", messageID, serviceID, status: 200 });
  assertEquals(bench.instance(serviceID).state, "closing");
  const ended = { serviceID, status: 200, exitCode: 0 };
  bench.take("two", { type: "serviceTerminationInfo", ...ended });
  assertEquals(bench.state.registry.instances.size, 1);
});

Deno.test("manager: hard follows soft when the grace is over (flow 9)", () => {
  const { bench, gateway, serviceID, ends } = twoAgentsBench();
  bench.take("one", { type: "sourceConnectionClose", serviceID: gateway, ...ends });
  bench.wait(60_000);
  assertEquals(sent(bench.wait(4_999), "hardShutdownRequest"), []);
  const asked = theSent(bench.wait(1), "hardShutdownRequest", "two");
  assertEquals(asked.serviceID, serviceID);
  const answer = {
    type: "hardShutdownResponse",
    messageID: asked.messageID,
    serviceID,
    status: 200,
  } as const;
  bench.take("two", answer);
  const fact = bench.history.at(-1);
  assertEquals(fact?.kind, "instanceEnded");
  assertEquals(theOne(bench.takeAgain("two", answer), "refuse").status, 404);
});

Deno.test("manager: the sources of an instance hear that it is gone before it is killed", () => {
  const { bench, gateway, serviceID, ends } = twoAgentsBench();
  const killed = bench.command({ kind: "stopInstance", serviceID, mode: "hard" });
  const types = ofKind(killed, "send").map(({ message }) => message.type);
  assertEquals(types, ["connectionCloseRequest", "hardShutdownRequest"]);
  const told = theSent(killed, "connectionCloseRequest", "one");
  assertEquals([told.serviceID, told.sourcePlug, told.isGone], [gateway, ends.sourcePlug, true]);
  assertEquals(told.reason, `greeter#${serviceID} is killed`);
  const { messageID } = told;
  bench.take("one", { type: "connectionCloseResponse", messageID, status: 200 });
  assertEquals(bench.state.registry.connections.size, 0);
  assertEquals(bench.instance(serviceID).phase, "hard");
});

Deno.test("manager: a source that closes already hears it too when the instance is killed", () => {
  const { bench, serviceID } = twoAgentsBench();
  const drained = bench.command({ kind: "stopInstance", serviceID, mode: "soft" });
  assertEquals(theSent(drained, "connectionCloseRequest", "one").isGone, undefined);
  const closing = bench.history.length;
  const killed = bench.command({ kind: "stopInstance", serviceID, mode: "hard" });
  assertEquals(theSent(killed, "connectionCloseRequest", "one").isGone, true);
  assertEquals(bench.history.slice(closing).map(({ kind }) => kind), ["instanceClosing"]);
});

Deno.test("manager: a kill without an answer is repeated, then given up (flow 9)", () => {
  const { bench, serviceID } = twoAgentsBench();
  const effects = bench.command({ kind: "stopInstance", serviceID, mode: "hard" });
  theSent(effects, "hardShutdownRequest", "two");
  const later = bench.wait(100_000);
  assertEquals(sent(later, "hardShutdownRequest").length, 2);
  assertEquals(ManagerBench.outcome(later).status, 200);
  assert(!bench.state.registry.instances.has(serviceID));
});

Deno.test("manager: a kill that failed is repeated; 404 means that it is gone (flow 9)", () => {
  const { bench, serviceID } = twoAgentsBench();
  bench.command({ kind: "stopInstance", serviceID, mode: "hard" });
  const type = "hardShutdownResponse";
  const refused = bench.take("two", { type, messageID: 1, serviceID, status: 504 });
  assertEquals(theOne(refused, "refuse").status, 409);
  const { messageID } = theSent(bench.wait(10_000), "hardShutdownRequest");
  bench.take("two", { type, messageID, serviceID, status: 404 });
  assert(!bench.state.registry.instances.has(serviceID));
});

Deno.test("manager: an instance in use is drained first, its sources go elsewhere", () => {
  const { bench, gateway, serviceID } = twoAgentsBench();
  const effects = bench.command({ kind: "stopInstance", serviceID, mode: "soft" });
  const { messageID } = theSent(effects, "connectionCloseRequest", "one");
  assertEquals(sent(effects, "softShutdownRequest"), []);
  const ask = { serviceID: gateway, sourcePlug: 2, dest: "greeter" };
  const started = theSent(bench.ask("one", ask).effects, "startServiceRequest");
  assert(started.serviceID !== serviceID);
  const closed = bench.take("one", { type: "connectionCloseResponse", messageID, status: 200 });
  assertEquals(theSent(closed, "softShutdownRequest", "two").serviceID, serviceID);
  const ended = bench.take("two", { type: "serviceTerminationInfo", serviceID, status: 200 });
  assertEquals(ManagerBench.outcome(ended).status, 200);
});

Deno.test("manager: a drain longer than the grace goes on to soft and hard (flow 8, 9)", () => {
  const { bench, serviceID } = twoAgentsBench();
  bench.command({ kind: "stopInstance", serviceID, mode: "soft" });
  theSent(bench.wait(5_000), "softShutdownRequest");
  theSent(bench.wait(5_000), "hardShutdownRequest");
});

Deno.test("manager: a termination ends the instance after its connections, once", () => {
  const { bench, serviceID } = twoAgentsBench();
  const before = bench.history.length;
  const ended = {
    type: "serviceTerminationInfo",
    serviceID,
    status: 500,
    exitCode: 139,
    signal: "SIGSEGV",
    reason: "was ended by SIGSEGV",
  } as const;
  assertEquals(theOne(bench.takeAgain("one", ended), "refuse").status, 404);
  bench.take("two", ended);
  assertEquals(bench.kindsSince(before), ["connectionClosed", "instanceEnded"]);
  const fact = bench.history.at(-1);
  assert(fact?.kind === "instanceEnded");
  assertEquals([fact.signal, fact.exitCode], ["SIGSEGV", 139]);
  assertEquals(theOne(bench.takeAgain("two", ended), "refuse").status, 404);
});

Deno.test("manager: a shutdown response to no request changes nothing (409)", () => {
  const { bench, serviceID } = twoAgentsBench();
  for (const type of ["softShutdownResponse", "hardShutdownResponse"] as const) {
    const effects = bench.takeAgain("two", { type, messageID: 1, serviceID, status: 200 });
    assertEquals(theOne(effects, "refuse").status, 409);
  }
  assertEquals(bench.instance(serviceID).state, "running");
});

Deno.test("manager: commands on what is not there, or not launched, are refused", () => {
  const { bench, gateway } = twoAgentsBench();
  const stop = (serviceID: number) =>
    ManagerBench.outcome(bench.command({ kind: "stopInstance", serviceID, mode: "soft" }));
  assertEquals(stop(99).status, 404);
  assertEquals(stop(gateway).status, 409);
  assertStringIncludes(stop(gateway).reason, "was not started by an agent");
  const none = bench.command({ kind: "closeConnection", connectionID: 99 });
  assertEquals(ManagerBench.outcome(none).status, 404);
});

Deno.test("manager: stopMesh ends what was launched, starts nothing, answers who waits", () => {
  const { bench, gateway, serviceID } = twoAgentsBench();
  bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "counter" });
  const effects = bench.command({ kind: "stopMesh" });
  assertEquals(theSent(effects, "connectionResponse").status, 503);
  assertEquals(theSent(effects, "softShutdownRequest").serviceID, serviceID);
  const killed = theSent(effects, "hardShutdownRequest");
  const { effects: refused } = bench.ask("one", {
    serviceID: gateway,
    sourcePlug: 3,
    dest: "greeter",
  });
  assertEquals(theSent(refused, "connectionResponse").status, 503);
  const { messageID } = killed;
  const type = "hardShutdownResponse";
  bench.take("two", { type, messageID, serviceID: killed.serviceID, status: 200 });
  const last = bench.take("two", { type: "serviceTerminationInfo", serviceID, status: 200 });
  assertEquals(ManagerBench.outcome(last).status, 200);
});

Deno.test("manager: stopMesh of a mesh without services is done at once", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", {});
  bench.addGateway("one");
  assertEquals(ManagerBench.outcome(bench.command({ kind: "stopMesh" })).status, 200);
});

Deno.test("manager: a soft stop of a starting instance ends it when its start fails", () => {
  const { bench, gateway } = twoAgentsBench();
  const ask = { serviceID: gateway, sourcePlug: 2, dest: "counter" };
  const { serviceID } = theSent(bench.ask("one", ask).effects, "startServiceRequest");
  bench.command({ kind: "stopInstance", serviceID, mode: "soft" });
  const effects = bench.confirmStart("two", serviceID, { status: 500, reason: "no table" });
  assertEquals(ManagerBench.outcome(effects).status, 200);
  // The request still waits, so another instance is started for it.
  theSent(effects, "startServiceRequest");
  assertEquals(ofKind(effects, "refuse"), []);
});
