import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ofKind, sent, theOne, theSent } from "./effects.ts";
import { ManagerBench } from "./manager_bench.ts";

/** A gateway and a greeter on two agents, with a connection between them. */
function connectedBench(options = {}) {
  const bench = new ManagerBench({ agentLostMs: 1_000_000, ...options });
  bench.addAgent("one", {});
  const services = { greeter: { plugs: ["counter"] }, counter: {} };
  bench.addAgent("two", services, { network: "10.0.0.2" });
  const gateway = bench.addGateway("one");
  const ask = { serviceID: gateway, sourcePlug: 1, dest: "greeter", destLink: "two" };
  const { instance, connection } = bench.connect("one", ask);
  const { serviceID } = instance;
  const ends = { sourcePlug: 1, destPlug: connection.destPlug };
  return { bench, gateway, serviceID, connection, ends };
}

Deno.test("manager: one word of either end closes a connection, the second changes nothing (flow 6)", () => {
  for (const first of ["source", "dest"]) {
    const { bench, gateway, serviceID, ends } = connectedBench();
    const source = { type: "sourceConnectionClose", serviceID: gateway, ...ends } as const;
    const dest = { type: "destConnectionClose", serviceID, ...ends, status: 122 } as const;
    if (first === "source") bench.take("one", source);
    else bench.take("two", dest);
    const fact = bench.history.at(-1);
    assert(fact?.kind === "connectionClosed");
    assertEquals(fact.status, first === "source" ? 111 : 122);
    bench.takeAgain("one", source);
    bench.takeAgain("two", dest);
    assertEquals(bench.state.registry.connections.size, 0);
  }
});

Deno.test("manager: a close by another agent, or with other plugs, is refused (flow 6)", () => {
  const { bench, gateway, serviceID, ends } = connectedBench();
  const close = { type: "sourceConnectionClose", serviceID: gateway, ...ends } as const;
  assertEquals(theOne(bench.takeAgain("two", close), "refuse").status, 403);
  assertEquals(theOne(bench.takeAgain("one", { ...close, destPlug: 1 }), "refuse").status, 409);
  bench.takeAgain("one", { ...close, sourcePlug: 9 });
  const type = "destConnectionClose";
  const dest = { type, serviceID, ...ends, sourceServiceID: gateway } as const;
  assertEquals(theOne(bench.takeAgain("one", dest), "refuse").status, 403);
  bench.takeAgain("two", { ...dest, sourceServiceID: 99 });
  assertEquals(bench.state.registry.connections.size, 1);
});

Deno.test("manager: a connection idle for 30 s is closed by its source on command (flow 7)", () => {
  const { bench, gateway, ends } = connectedBench();
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

Deno.test("manager: use postpones the idle close, an open request with count 0 too (flow 2, 7)", () => {
  const { bench, gateway, ends } = connectedBench();
  const data = {
    type: "processData",
    messageID: 1,
    serviceID: gateway,
    ...ends,
    count: 0,
  } as const;
  for (let second = 0; second < 120; second += 20) {
    bench.take("one", data);
    assertEquals(sent(bench.wait(20_000), "connectionCloseRequest"), []);
  }
  theSent(bench.wait(10_000), "connectionCloseRequest");
});

Deno.test("manager: each service has the idle times of its own manifest", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: { connectionIdleMs: 1_000, serviceIdleMs: 2_000 } });
  const gateway = bench.addGateway("one");
  bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const { messageID } = theSent(bench.wait(1_000), "connectionCloseRequest");
  bench.take("one", { type: "connectionCloseResponse", messageID, status: 200 });
  theSent(bench.wait(2_000), "softShutdownRequest");
});

Deno.test("manager: a launched instance is shut down softly after 60 s without connection and data (flow 8)", () => {
  const { bench, gateway, serviceID, ends } = connectedBench();
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

Deno.test("manager: the gateway is never reaped", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", {});
  const gateway = bench.addGateway("one");
  assertEquals(bench.wait(10_000_000), []);
  assertEquals(bench.instance(gateway).state, "running");
});

Deno.test("manager: a new connection ends the idle time of an instance", () => {
  const { bench, gateway, ends } = connectedBench();
  bench.take("one", { type: "sourceConnectionClose", serviceID: gateway, ...ends });
  bench.wait(50_000);
  bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  assertEquals(sent(bench.wait(9_999), "softShutdownRequest"), []);
});

Deno.test("manager: hard follows soft when the grace is over (flow 9)", () => {
  const { bench, gateway, serviceID, ends } = connectedBench();
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

Deno.test("manager: an agent that does not answer a kill is told again, then the instance is given up", () => {
  const { bench, serviceID } = connectedBench();
  const effects = bench.command({ kind: "stopInstance", serviceID, mode: "hard" });
  theSent(effects, "hardShutdownRequest", "two");
  const later = bench.wait(100_000);
  assertEquals(sent(later, "hardShutdownRequest").length, 2);
  assertEquals(ManagerBench.outcome(later).status, 200);
  assert(!bench.state.registry.instances.has(serviceID));
});

Deno.test("manager: an agent that could not kill yet is told again; 404 means that it is gone", () => {
  const { bench, serviceID } = connectedBench();
  bench.command({ kind: "stopInstance", serviceID, mode: "hard" });
  const type = "hardShutdownResponse";
  const refused = bench.take("two", { type, messageID: 1, serviceID, status: 504 });
  assertEquals(theOne(refused, "refuse").status, 409);
  const { messageID } = theSent(bench.wait(10_000), "hardShutdownRequest");
  bench.take("two", { type, messageID, serviceID, status: 404 });
  assert(!bench.state.registry.instances.has(serviceID));
});

Deno.test("manager: an instance in use is drained first, its sources close and go elsewhere", () => {
  const { bench, gateway, serviceID } = connectedBench();
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

Deno.test("manager: a drain that takes longer than the grace goes on to soft and hard (flow 8, 9)", () => {
  const { bench, serviceID } = connectedBench();
  bench.command({ kind: "stopInstance", serviceID, mode: "soft" });
  theSent(bench.wait(5_000), "softShutdownRequest");
  theSent(bench.wait(5_000), "hardShutdownRequest");
});

Deno.test("manager: an offer to an instance that begins to close is closed once it is open", () => {
  const { bench, gateway, serviceID, ends } = connectedBench();
  const { messageID } = bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  bench.take("one", { type: "sourceConnectionClose", serviceID: gateway, ...ends });
  const effects = bench.command({ kind: "stopInstance", serviceID, mode: "soft" });
  assertEquals(theSent(effects, "connectionCloseRequest").sourcePlug, 2);
  const confirmed = { messageID, serviceID: gateway, ...ends, sourcePlug: 2, status: 200 };
  const late = bench.take("one", { type: "connectionConfirmation", ...confirmed });
  assertEquals(theOne(late, "refuse").status, 409);
});

Deno.test("manager: when the source's host is gone, the destination is asked (flow 7)", () => {
  const { bench, gateway, serviceID, connection } = connectedBench();
  bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });
  const { connectionID } = connection;
  const asked = theSent(
    bench.command({ kind: "closeConnection", connectionID }),
    "connectionCloseRequest",
    "two",
  );
  assertEquals([asked.serviceID, asked.destServiceID], [gateway, serviceID]);
  const { messageID } = asked;
  const done = bench.take("two", { type: "connectionCloseResponse", messageID, status: 200 });
  assertEquals(ManagerBench.outcome(done).status, 200);
});

Deno.test("manager: a source that does not close in time makes it ask the destination, then give up", () => {
  const { bench, connection } = connectedBench();
  const { connectionID } = connection;
  theSent(
    bench.command({ kind: "closeConnection", connectionID }),
    "connectionCloseRequest",
    "one",
  );
  theSent(bench.wait(10_000), "connectionCloseRequest", "two");
  const effects = bench.wait(10_000);
  assertEquals(ManagerBench.outcome(effects).status, 200);
  const fact = bench.history.at(-1);
  assertEquals(fact?.kind === "connectionClosed" && fact.status, 504);
});

Deno.test("manager: a closing connection that is still used is given the time that it needs", () => {
  const { bench, gateway, connection, ends } = connectedBench();
  bench.command({ kind: "closeConnection", connectionID: connection.connectionID });
  for (let second = 0; second < 60; second += 1) {
    const data = { messageID: 1, serviceID: gateway, ...ends, count: 0 };
    bench.take("one", { type: "processData", ...data });
    assertEquals(sent(bench.wait(1_000), "connectionCloseRequest"), []);
  }
  assertEquals(connection.state, "closing");
});

Deno.test("manager: no connection is judged as idle while the agent of its source is away", () => {
  const { bench } = connectedBench();
  bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });
  assertEquals(sent(bench.wait(200_000), "connectionCloseRequest"), []);
});

Deno.test("manager: a termination that nobody asked for ends the instance after its connections", () => {
  const { bench, serviceID } = connectedBench();
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
  const { bench, serviceID } = connectedBench();
  for (const type of ["softShutdownResponse", "hardShutdownResponse"] as const) {
    const effects = bench.takeAgain("two", { type, messageID: 1, serviceID, status: 200 });
    assertEquals(theOne(effects, "refuse").status, 409);
  }
  assertEquals(bench.instance(serviceID).state, "running");
});

Deno.test("manager: commands on what is not there, or not launched, are refused with the reason", () => {
  const { bench, gateway } = connectedBench();
  const stop = (serviceID: number) =>
    ManagerBench.outcome(bench.command({ kind: "stopInstance", serviceID, mode: "soft" }));
  assertEquals(stop(99).status, 404);
  assertEquals(stop(gateway).status, 409);
  assertStringIncludes(stop(gateway).reason, "was not started by an agent");
  const none = bench.command({ kind: "closeConnection", connectionID: 99 });
  assertEquals(ManagerBench.outcome(none).status, 404);
});

Deno.test("manager: stopMesh ends every launched instance, starts nothing, answers who waits", () => {
  const { bench, gateway, serviceID } = connectedBench();
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

Deno.test("manager: a soft stop of an instance that is starting ends it when its start fails", () => {
  const { bench, gateway } = connectedBench();
  const ask = { serviceID: gateway, sourcePlug: 2, dest: "counter" };
  const { serviceID } = theSent(bench.ask("one", ask).effects, "startServiceRequest");
  bench.command({ kind: "stopInstance", serviceID, mode: "soft" });
  const effects = bench.confirmStart("two", serviceID, { status: 500, reason: "no table" });
  assertEquals(ManagerBench.outcome(effects).status, 200);
  // The request still waits, so another instance is started for it.
  theSent(effects, "startServiceRequest");
  assertEquals(ofKind(effects, "refuse"), []);
});
