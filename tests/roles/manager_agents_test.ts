import { assert, assertEquals } from "@std/assert";
import type { ReportedInstance } from "../../protocol/fields.ts";
import type { Instance } from "../../roles/manager/memory/registry.ts";
import { ofKind, sent, theOne, theSent } from "./effects.ts";
import { ManagerBench } from "./manager_bench.ts";

const SERVICES = { greeter: { plugs: ["counter"] }, counter: {} };

/** An agent with a gateway that is connected to a greeter. */
function connectedBench(options = {}) {
  const bench = new ManagerBench(options);
  bench.addAgent("one", SERVICES);
  const gateway = bench.addGateway("one");
  const ask = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const { instance, connection } = bench.connect("one", ask);
  const connections = [{
    serviceID: gateway,
    sourcePlug: 1,
    destServiceID: instance.serviceID,
    destPlug: connection.destPlug,
  }];
  return { bench, gateway, instance, connection, connections };
}

function reportOf(instance: Instance): ReportedInstance {
  const { serviceID, service: typeOfService, plugs: plugConfiguration, launched } = instance;
  const started = instance.state !== "starting";
  return { serviceID, typeOfService, plugConfiguration, launched, started };
}

function reportAll(bench: ManagerBench): ReportedInstance[] {
  return [...bench.state.registry.instances.values()].map(reportOf);
}

Deno.test("manager: an agent is registered and answered (flow 3)", () => {
  const bench = new ManagerBench();
  const effects = bench.addAgent("one", SERVICES);
  assertEquals(theSent(effects, "agentRegisterResponse").status, 200);
  assertEquals(bench.history.map(({ kind }) => kind), ["agentRegistered"]);
});

Deno.test("manager: an agent without a name and manifests (plain catalogue) is known by its address", () => {
  const bench = new ManagerBench();
  bench.take("one", {
    type: "agentRegisterRequest",
    messageID: 1,
    agentNetwork: "10.0.0.9",
    agentPort: 7_000,
    repository: ["greeter"],
  });
  assertEquals([...bench.state.registry.agents.keys()], ["agent-10-0-0-9"]);
  const gateway = bench.addGateway("one");
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  assertEquals(theSent(effects, "startServiceRequest").plugConfiguration.out, []);
});

Deno.test("manager: a second registration by one link is answered and changes nothing (retry)", () => {
  const { bench } = connectedBench();
  const before = bench.history.length;
  const effects = bench.addAgent("one", SERVICES);
  assertEquals(theSent(effects, "agentRegisterResponse").status, 200);
  assertEquals(bench.history.length, before);
  assertEquals(bench.state.registry.instances.size, 2);
});

Deno.test("manager: a link of one agent can't register another one (409)", () => {
  const { bench } = connectedBench();
  const effects = bench.addAgent("two", SERVICES, { link: "one" });
  assertEquals(theSent(effects, "agentRegisterResponse").status, 409);
  assertEquals(bench.state.registry.agents.size, 1);
});

Deno.test("manager: an agent that comes by a new link keeps what it has, and its old link is closed", () => {
  const { bench, connections, connection, instance } = connectedBench();
  const report = { instances: reportAll(bench), connections };
  const before = bench.history.length;
  const effects = bench.addAgent("one", SERVICES, { link: "one-b", report });
  assertEquals(theOne(effects, "closeLink").link, "one");
  assertEquals(bench.kindsSince(before), ["agentRegistered"]);
  assertEquals([connection.state, instance.state], ["open", "running"]);
  assertEquals(sent(effects, "hardShutdownRequest"), []);
  bench.step({ kind: "linkClosed", link: "one", reason: "closed" });
  assertEquals(bench.state.linkOfAgent.get("one"), "one-b");
});

Deno.test("manager: what an agent does not have any more is ended when it registers again (flow 3)", () => {
  const { bench, gateway } = connectedBench();
  bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });
  const report = { instances: [reportOf(bench.instance(gateway))] };
  const before = bench.history.length;
  bench.addAgent("one", SERVICES, { link: "one-b", report });
  assertEquals(bench.kindsSince(before), ["agentRegistered", "connectionClosed", "instanceEnded"]);
});

Deno.test("manager: a connection that ended while its agent was away is closed in the history", () => {
  const { bench } = connectedBench();
  const report = { instances: reportAll(bench) };
  const before = bench.history.length;
  bench.addAgent("one", SERVICES, { link: "one-b", report });
  assertEquals(bench.kindsSince(before), ["agentRegistered", "connectionClosed"]);
});

Deno.test("manager: a connection that was opened while its agent was away is adopted (flow 3)", () => {
  const { bench, gateway, connections } = connectedBench();
  bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  const offered = bench.connectionOf(gateway, 2);
  const [first] = connections;
  assert(first !== undefined);
  const report = {
    instances: reportAll(bench),
    connections: [first, { ...first, sourcePlug: 2 }],
  };
  bench.addAgent("one", SERVICES, { link: "one-b", report });
  assertEquals(offered.state, "open");
});

Deno.test("manager: a connection that nobody knows of is closed, and nothing is recorded of it", () => {
  const { bench, gateway, connections } = connectedBench();
  const [first] = connections;
  assert(first !== undefined);
  const report = {
    instances: reportAll(bench),
    connections: [first, { ...first, sourcePlug: 7 }],
  };
  const effects = bench.addAgent("one", SERVICES, { link: "one-b", report });
  const asked = theSent(effects, "connectionCloseRequest");
  assertEquals([asked.serviceID, asked.sourcePlug], [gateway, 7]);
  const { messageID } = asked;
  bench.takeAgain("one-b", { type: "connectionCloseResponse", messageID, status: 200 });
  assertEquals(bench.state.closeRequests.size, 0);
});

Deno.test("manager: an instance that the history has seen the end of is killed when it is reported", () => {
  const { bench, instance } = connectedBench();
  const report = { instances: reportAll(bench) };
  const { serviceID } = instance;
  bench.take("one", { type: "serviceTerminationInfo", serviceID, status: 500 });
  const effects = bench.addAgent("one", SERVICES, { link: "one-b", report });
  assertEquals(theSent(effects, "hardShutdownRequest").serviceID, serviceID);
  assert(!bench.state.registry.instances.has(serviceID));
});

Deno.test("manager: a manager without its history adopts what agents report, in any order (flow 3)", () => {
  const { bench: earlier, gateway, instance, connections } = connectedBench();
  const bench = new ManagerBench();
  const report = { instances: reportAll(earlier).reverse(), connections };
  const effects = bench.addAgent("one", SERVICES, { report });
  assertEquals(sent(effects, "hardShutdownRequest"), []);
  assertEquals(bench.instance(instance.serviceID).state, "running");
  assertEquals(bench.instance(gateway).launched, false);
  // Its connections can't be: closed, they are asked for again.
  theSent(effects, "connectionCloseRequest");
  const { effects: asked } = bench.ask("one", {
    serviceID: gateway,
    sourcePlug: 2,
    dest: "greeter",
  });
  assertEquals(theSent(asked, "connectionResponse").destServiceID, instance.serviceID);
});

Deno.test("manager: an adopted start has a deadline too", () => {
  const bench = new ManagerBench();
  const report = {
    instances: [{
      serviceID: 9,
      typeOfService: "greeter",
      plugConfiguration: { in: 20_000, out: [] },
      launched: true,
      started: false,
    }],
  };
  bench.addAgent("one", SERVICES, { report });
  assertEquals(bench.instance(9).state, "starting");
  theSent(bench.wait(31_000), "hardShutdownRequest");
  assertEquals(bench.state.registry.instances.size, 0);
});

Deno.test("manager: of two reported instances that share a plug of one host, one is killed", () => {
  const bench = new ManagerBench();
  const one = {
    serviceID: 9,
    typeOfService: "greeter",
    plugConfiguration: { in: 20_000, out: [] },
    launched: true,
    started: true,
  };
  const report = { instances: [one, { ...one, serviceID: 10 }] };
  const effects = bench.addAgent("one", SERVICES, { report });
  assertEquals(theSent(effects, "hardShutdownRequest").serviceID, 10);
});

Deno.test("manager: an agent that reports another's instance is told to kill it, and gets it not", () => {
  const { bench, instance } = connectedBench();
  const report = { instances: [reportOf(instance)] };
  const effects = bench.addAgent("two", SERVICES, { network: "10.0.0.2", report });
  assertEquals(theSent(effects, "hardShutdownRequest", "two").serviceID, instance.serviceID);
  assertEquals(instance.agent, "one");
});

Deno.test("manager: a start whose order was lost with the link is ordered again (flow 3, 4)", () => {
  const { bench, gateway, connections } = connectedBench();
  const report = { instances: reportAll(bench), connections };
  const ask = { serviceID: gateway, sourcePlug: 2, dest: "counter" };
  const first = theSent(bench.ask("one", ask).effects, "startServiceRequest");
  bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });
  const effects = bench.addAgent("one", SERVICES, { link: "one-b", report });
  const again = theSent(effects, "startServiceRequest", "one-b");
  assert(again.serviceID !== first.serviceID);
  assertEquals(sent(effects, "connectionResponse"), []);
});

Deno.test("manager: a start that was confirmed while the link was down is known by the report", () => {
  const { bench, gateway, connections } = connectedBench();
  const ask = { serviceID: gateway, sourcePlug: 2, dest: "counter" };
  const { serviceID } = theSent(bench.ask("one", ask).effects, "startServiceRequest");
  const instances = reportAll(bench).map((one) => ({ ...one, started: true }));
  bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });
  const report = { instances, connections };
  bench.addAgent("one", SERVICES, { link: "one-b", report });
  assertEquals(bench.instance(serviceID).state, "running");
  // Who waited asks again by the new link, and gets the answer there.
  const { effects } = bench.ask("one-b", ask);
  assertEquals(theSent(effects, "connectionResponse", "one-b").destServiceID, serviceID);
});

Deno.test("manager: a closing instance is asked again when its agent is back (flow 8, 9)", () => {
  for (const mode of ["soft", "hard"] as const) {
    const { bench, instance, connections } = connectedBench();
    const { serviceID } = instance;
    bench.command({ kind: "stopInstance", serviceID, mode });
    if (mode === "soft") bench.wait(5_000);
    const report = { instances: reportAll(bench), connections };
    bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });
    const effects = bench.addAgent("one", SERVICES, { link: "one-b", report });
    const type = mode === "soft" ? "softShutdownRequest" : "hardShutdownRequest";
    assertEquals(theSent(effects, type, "one-b").serviceID, serviceID);
  }
});

Deno.test("manager: an agent that stays away is given up with all that it had", () => {
  const { bench } = connectedBench();
  bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });
  bench.wait(29_999);
  assertEquals(bench.state.registry.instances.size, 2);
  bench.wait(1);
  assertEquals(bench.state.registry.instances.size, 0);
  assertEquals(bench.history.at(-1)?.kind, "agentLost");
});

Deno.test("manager: a start at an agent that went away fails in time, and the next goes to another agent", () => {
  const { bench } = connectedBench();
  bench.addAgent("two", {}, { network: "10.0.0.2" });
  const gateway = bench.addGateway("two");
  const ask = { serviceID: gateway, sourcePlug: 1, dest: "counter" };
  theSent(bench.ask("two", ask).effects, "startServiceRequest", "one");
  bench.addAgent("three", SERVICES, { network: "10.0.0.3" });
  bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });

  const effects = bench.wait(30_000);
  assertEquals(theSent(effects, "connectionResponse", "two").status, 504);
  const again = bench.ask("two", { ...ask, sourcePlug: 2 });
  theSent(again.effects, "startServiceRequest", "three");
});

Deno.test("manager: a service that runs from the start becomes an instance, once (flow 1)", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", {});
  const request = {
    type: "serviceRegisterRequest",
    messageID: 7,
    typeOfService: "gateway",
    plugsConfiguration: { in: null, out: "*" },
  } as const;
  const first = theSent(bench.take("one", request), "serviceRegisterResponse");
  assertEquals([first.messageID, first.status], [7, 200]);
  assertEquals(theSent(bench.takeAgain("one", request), "serviceRegisterResponse"), first);
  const other = theSent(bench.take("one", { ...request, messageID: 8 }), "serviceRegisterResponse");
  assert(other.serviceID !== first.serviceID);
});

Deno.test("manager: after a crash the replayed registry is the one that was, and agents are awaited", () => {
  const { bench, instance, connection, connections } = connectedBench();
  const before = bench.state.registry;
  const { agents, ...rest } = before;
  bench.restart();
  const { agents: agentsAfter, ...restAfter } = bench.state.registry;
  assert(before !== bench.state.registry);
  assertEquals({ ...restAfter, lastSeq: 0 }, { ...rest, lastSeq: 0 });
  assertEquals(agentsAfter.get("one"), { ...agents.get("one"), connected: false });
  const report = { instances: reportAll(bench), connections };
  bench.addAgent("one", SERVICES, { link: "one-b", report });
  assertEquals(bench.instance(instance.serviceID).state, "running");
  assertEquals(bench.connectionOf(connection.serviceID, 1).state, "open");
});

Deno.test("manager: after a crash a connection has its idle time anew", () => {
  const { bench, connections } = connectedBench();
  bench.nowMs += 29_000;
  bench.restart();
  const report = { instances: reportAll(bench), connections };
  bench.addAgent("one", SERVICES, { link: "one-b", report });
  assertEquals(sent(bench.wait(29_999), "connectionCloseRequest"), []);
  theSent(bench.wait(1), "connectionCloseRequest");
});

Deno.test("manager: after a crash every wait has its deadline again, and an agent may be lost", () => {
  const { bench, gateway } = connectedBench();
  bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "counter" });
  bench.ask("one", { serviceID: gateway, sourcePlug: 3, dest: "greeter" });
  bench.restart();
  bench.wait(60_000);
  assertEquals(bench.state.registry.instances.size, 0);
  assertEquals(bench.state.registry.connections.size, 0);
  assertEquals(bench.state.registry.agents.size, 0);
});

Deno.test("manager: a link that replaces another leaves nothing of it behind", () => {
  const { bench, connections, connection } = connectedBench();
  bench.command({ kind: "closeConnection", connectionID: connection.connectionID });
  const report = { instances: reportAll(bench), connections };
  const effects = bench.addAgent("one", SERVICES, { link: "one-b", report });
  assertEquals(bench.state.registrations.size, 0);
  // It is asked again by the new link, and only that request is open.
  theSent(effects, "connectionCloseRequest", "one-b");
  assertEquals(bench.state.closeRequests.size, 1);
  assertEquals(ofKind(effects, "closeLink").length, 1);
});
