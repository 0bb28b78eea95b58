import { assert, assertEquals } from "@std/assert";
import { reportAll, SERVICES, twoAgentsBench } from "../connected_bench.ts";
import { ofKind, sent, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

const TWO = { network: "10.0.0.2" };
const GREETERS = { greeter: { plugs: ["counter"] }, counter: {} };

function reported(serviceID: number, plug: number | null, more: { launched?: boolean } = {}) {
  return {
    serviceID,
    typeOfService: plug === null ? "gateway" : "greeter",
    plugConfiguration: { in: plug, out: [] },
    launched: plug !== null,
    started: true,
    ...more,
  };
}

Deno.test("a silent host is noticed within seconds, and others take over; time is no fault", () => {
  const { bench, gateway } = twoAgentsBench({ healthIntervalMs: 1_000, agentSilentMs: 4_000 });
  bench.addAgent("three", GREETERS, { network: "10.0.0.3" });
  const answer = () => {
    for (const link of ["one", "three"]) {
      const health = { messageID: 1, agentNetwork: "10.0.0.1", status: 200 };
      bench.take(link, { type: "agentHealthResponse", ...health });
    }
  };
  for (let second = 1; second <= 5; second += 1) {
    bench.wait(1_000);
    answer();
  }
  assertEquals([...bench.state.linkOfAgent.keys()], ["one", "three"]);
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  theSent(effects, "startServiceRequest", "three");
  // The manager stood still: it has asked one question since, not a hundred.
  bench.nowMs += 100_000;
  bench.step({ kind: "tick" });
  assertEquals(bench.state.linkOfAgent.size, 2);
});

Deno.test("a host that is lost: whoever is connected with it is told to leave it", () => {
  const { bench, gateway, serviceID, ends } = twoAgentsBench({ agentLostMs: 20_000 });
  bench.step({ kind: "linkClosed", link: "two", reason: "it was silent" });
  const effects = bench.wait(20_000);
  const asked = theSent(effects, "connectionCloseRequest", "one");
  assertEquals([asked.serviceID, asked.sourcePlug, asked.destPlug], [
    gateway,
    ends.sourcePlug,
    ends.destPlug,
  ]);
  assert(!bench.state.registry.instances.has(serviceID));
  const { messageID } = asked;
  bench.takeAgain("one", { type: "connectionCloseResponse", messageID, status: 200 });
});

Deno.test("a host that comes back with what was given up ends it softly, then hard", () => {
  const { bench, gateway, serviceID } = twoAgentsBench({ agentLostMs: 30_000 });
  const instances = reportAll(bench).filter(({ typeOfService }) => typeOfService === "greeter");
  bench.step({ kind: "linkClosed", link: "two", reason: "it was silent" });
  bench.wait(60_000);
  const report = { instances };
  const effects = bench.addAgent("two", GREETERS, { ...TWO, link: "two-b", report });
  assertEquals(theSent(effects, "softShutdownRequest", "two-b").serviceID, serviceID);
  // It is never used again.
  const asked = bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  const started = theSent(asked.effects, "startServiceRequest", "two-b");
  assert(started.serviceID !== serviceID && started.plugConfiguration.in !== 20_000);
  bench.confirmStart("two-b", started.serviceID);
  theSent(bench.wait(5_000), "hardShutdownRequest", "two-b");
  const gone = { messageID: 1, serviceID, status: 200 };
  bench.take("two-b", { type: "hardShutdownResponse", ...gone });
  assert(!bench.state.registry.instances.has(serviceID));
});

Deno.test("a partition that heals in time: all is adopted, and nothing is closed", () => {
  const { bench, gateway, serviceID, connection } = twoAgentsBench({ agentLostMs: 30_000 });
  const instances = reportAll(bench).filter(({ launched }) => launched);
  bench.step({ kind: "linkClosed", link: "two", reason: "it was silent" });
  for (let second = 0; second < 29; second += 1) {
    const used = { serviceID: gateway, sourcePlug: 1, destPlug: connection.destPlug };
    bench.take("one", { type: "processData", messageID: bench.newMessageID(), ...used });
    bench.wait(1_000);
  }
  const effects = bench.addAgent("two", GREETERS, { ...TWO, link: "two-b", report: { instances } });
  assertEquals(sent(effects, "softShutdownRequest"), []);
  assertEquals(sent(effects, "hardShutdownRequest"), []);
  assertEquals([bench.instance(serviceID).state, connection.state], ["running", "open"]);
});

Deno.test("after its restart a manager waits a moment for who has what is wanted", () => {
  const { bench, gateway, serviceID } = twoAgentsBench();
  const instances = reportAll(bench);
  const [doors, greeters] = [
    instances.filter(({ launched }) => !launched),
    instances.filter(({ launched }) => launched),
  ];
  for (const isBack of [true, false]) {
    bench.restart();
    const tag = isBack ? "b" : "c";
    bench.addAgent("one", {}, { link: `one-${tag}`, report: { instances: doors } });
    bench.addAgent("three", GREETERS, { link: `three-${tag}`, network: "10.0.0.3" });
    const ask = { serviceID: gateway, sourcePlug: isBack ? 2 : 3, dest: "greeter" };
    const { effects } = bench.ask(`one-${tag}`, ask);
    assertEquals(sent(effects, "startServiceRequest"), []);
    if (isBack) {
      const back = { ...TWO, link: "two-b", report: { instances: greeters } };
      const answered = bench.addAgent("two", GREETERS, back);
      assertEquals(theSent(answered, "connectionResponse").destServiceID, serviceID);
      continue;
    }
    assertEquals(sent(bench.wait(2_999), "startServiceRequest"), []);
    theSent(bench.wait(1), "startServiceRequest", "three-c");
  }
});

Deno.test("after its restart a manager starts at once what ran nowhere", () => {
  const { bench, gateway } = twoAgentsBench();
  const doors = reportAll(bench).filter(({ launched }) => !launched);
  bench.restart();
  bench.addAgent("one", {}, { link: "one-b", report: { instances: doors } });
  bench.addAgent("three", GREETERS, { network: "10.0.0.3" });
  const { effects } = bench.ask("one-b", { serviceID: gateway, sourcePlug: 2, dest: "counter" });
  theSent(effects, "startServiceRequest", "three");
});

Deno.test("without its history a manager adopts from several agents, in any order", () => {
  const bench = new ManagerBench();
  const first = { instances: [reported(9, 20_000), reported(4, null)] };
  bench.addAgent("one", SERVICES, { report: first });
  const second = { instances: [reported(7, 20_001), reported(2, null), reported(11, 20_002)] };
  const effects = bench.addAgent("two", SERVICES, { ...TWO, report: second });
  assertEquals(ofKind(effects, "refuse"), []);
  assertEquals(sent(effects, "hardShutdownRequest"), []);
  assertEquals([...bench.state.registry.instances.keys()].sort((a, b) => a - b), [2, 4, 7, 9, 11]);
  // No number is given twice.
  const { effects: asked } = bench.ask("two", { serviceID: 2, sourcePlug: 1, dest: "counter" });
  assertEquals(sent(asked, "startServiceRequest"), []);
  const fresh = bench.addGateway("two");
  assert(fresh > 1_000, `${fresh} may be that of an agent which is not back yet`);
  assertEquals(bench.addGateway("two"), fresh + 1);
  // Nor is one that another agent may still come back with.
  const third = { instances: [reported(12, 20_003)] };
  bench.addAgent("three", SERVICES, { network: "10.0.0.3", report: third });
  assertEquals([bench.instance(12).state, bench.addGateway("two")], ["running", fresh + 2]);
});

Deno.test("without its history a manager gives no number again that ended meanwhile", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", SERVICES, { report: { instances: [reported(9, 20_000)] } });
  bench.take("one", { type: "serviceTerminationInfo", serviceID: 9, status: 200 });
  const report = { instances: [reported(9, 20_000), reported(8, 20_001)] };
  const effects = bench.addAgent("two", SERVICES, { ...TWO, report });
  assertEquals(theSent(effects, "softShutdownRequest", "two").serviceID, 9);
  assertEquals(bench.instance(8).state, "running");
  assert(bench.addGateway("one") > 1_000);
});

Deno.test("a number that nobody gave can't use up the numbers", () => {
  const bench = new ManagerBench();
  const report = { instances: [reported(Number.MAX_SAFE_INTEGER, 20_000)] };
  theSent(bench.addAgent("one", SERVICES, { report }), "hardShutdownRequest");
  assertEquals(bench.addGateway("one"), 1);
});

Deno.test("what came by itself and was given up is let go, and comes as another instance", () => {
  const { bench, gateway } = twoAgentsBench({ agentLostMs: 30_000 });
  const instances = reportAll(bench).filter(({ launched }) => !launched);
  bench.step({ kind: "linkClosed", link: "one", reason: "it was silent" });
  bench.wait(40_000);
  const effects = bench.addAgent("one", {}, { link: "one-b", report: { instances } });
  assertEquals(theSent(effects, "hardShutdownRequest", "one-b").serviceID, gateway);
  assert(bench.addGateway("one-b") > gateway);
});
