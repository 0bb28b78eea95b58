import { assert, assertEquals } from "@std/assert";
import { connectedBench, reportAll, reportOf, SERVICES } from "../connected_bench.ts";
import { ofKind, sent, theOne, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

Deno.test("manager: an agent is registered and answered (flow 3)", () => {
  const bench = new ManagerBench();
  const effects = bench.addAgent("one", SERVICES);
  assertEquals(theSent(effects, "agentRegisterResponse").status, 200);
  assertEquals(bench.history.map(({ kind }) => kind), ["agentRegistered"]);
});

Deno.test("manager: an agent of the plain catalogue is known by its address", () => {
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

Deno.test("manager: a second registration by one link changes nothing (retry)", () => {
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

Deno.test("manager: an agent that comes by a new link keeps what it has (flow 3)", () => {
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

Deno.test("manager: what an agent has no more is ended when it registers again (flow 3)", () => {
  const { bench, gateway } = connectedBench();
  bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });
  const report = { instances: [reportOf(bench.instance(gateway))] };
  const before = bench.history.length;
  bench.addAgent("one", SERVICES, { link: "one-b", report });
  assertEquals(bench.kindsSince(before), ["agentRegistered", "connectionClosed", "instanceEnded"]);
});

Deno.test("manager: a connection that ended while its agent was away is closed (flow 3)", () => {
  const { bench } = connectedBench();
  const report = { instances: reportAll(bench) };
  const before = bench.history.length;
  bench.addAgent("one", SERVICES, { link: "one-b", report });
  assertEquals(bench.kindsSince(before), ["agentRegistered", "connectionClosed"]);
});

Deno.test("manager: a connection opened while its agent was away is adopted (flow 3)", () => {
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

Deno.test("manager: a connection that nobody knows of is closed, and not recorded", () => {
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

Deno.test("manager: a reported instance whose end the history has seen is ended, not used", () => {
  const { bench, instance } = connectedBench();
  const report = { instances: reportAll(bench) };
  const { serviceID } = instance;
  bench.take("one", { type: "serviceTerminationInfo", serviceID, status: 500 });
  const effects = bench.addAgent("one", SERVICES, { link: "one-b", report });
  assertEquals(theSent(effects, "softShutdownRequest").serviceID, serviceID);
  assertEquals(bench.instance(serviceID).state, "closing");
  theSent(bench.wait(5_000), "hardShutdownRequest");
});

Deno.test("manager: an agent that reports another's instance is told to kill it", () => {
  const { bench, instance } = connectedBench();
  const report = { instances: [reportOf(instance)] };
  const effects = bench.addAgent("two", SERVICES, { network: "10.0.0.2", report });
  assertEquals(theSent(effects, "hardShutdownRequest", "two").serviceID, instance.serviceID);
  assertEquals(instance.agent, "one");
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
