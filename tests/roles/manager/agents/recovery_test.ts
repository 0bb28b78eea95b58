import { assert, assertEquals } from "@std/assert";
import { connectedBench, reportAll, SERVICES } from "../connected_bench.ts";
import { sent, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

Deno.test("manager: without its history it adopts what agents report (flow 3)", () => {
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

Deno.test("manager: what is adopted while the mesh stops is ended too", () => {
  const { bench: earlier, instance, gateway } = connectedBench();
  const bench = new ManagerBench();
  bench.addAgent("two", SERVICES, { network: "10.0.0.2" });
  const { serviceID } = bench.connect("two", {
    serviceID: bench.addGateway("two"),
    sourcePlug: 1,
    dest: "greeter",
  }).instance;
  bench.command({ kind: "stopMesh" });
  const instances = reportAll(earlier).map((one) => ({ ...one, serviceID: one.serviceID + 50 }));
  const effects = bench.addAgent("one", SERVICES, { report: { instances } });
  assertEquals(theSent(effects, "hardShutdownRequest", "one").serviceID, instance.serviceID + 50);
  bench.take("two", { type: "serviceTerminationInfo", serviceID, status: 200 });
  const answer = { messageID: 1, serviceID: instance.serviceID + 50, status: 200 };
  const last = bench.take("one", { type: "hardShutdownResponse", ...answer });
  assertEquals(ManagerBench.outcome(last).status, 200);
  assertEquals(bench.instance(gateway + 50).launched, false);
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

Deno.test("manager: of two reported instances that share a plug of one host, one is ended", () => {
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
  assertEquals(theSent(effects, "softShutdownRequest").serviceID, 10);
});

Deno.test("manager: a start whose order was lost with the link is ordered again (flow 4)", () => {
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

Deno.test("manager: a start confirmed while the link was down is known by the report", () => {
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

Deno.test("manager: a start at an agent that went away fails in time (504)", () => {
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

Deno.test("manager: after a crash the registry is the one that was, agents are awaited", () => {
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

Deno.test("manager: after a crash every wait has its deadline again", () => {
  const { bench, gateway } = connectedBench();
  bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "counter" });
  bench.ask("one", { serviceID: gateway, sourcePlug: 3, dest: "greeter" });
  bench.restart();
  bench.wait(60_000);
  assertEquals(bench.state.registry.instances.size, 0);
  assertEquals(bench.state.registry.connections.size, 0);
  assertEquals(bench.state.registry.agents.size, 0);
});
