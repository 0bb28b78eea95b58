import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ManagerEffect } from "../../../../roles/manager/state.ts";
import { reportAll } from "../connected_bench.ts";
import { ofKind, sent, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

const SERVICES = { greeter: {}, counter: {} };

/** A gateway at an agent of its own, connected to a greeter at agent `one`; `two` is idle. */
function benchOfThree(two: Record<string, object> = SERVICES, report = {}) {
  const bench = new ManagerBench();
  bench.addAgent("door", {}, { network: "10.0.0.9" });
  const gateway = bench.addGateway("door");
  bench.addAgent("one", SERVICES, { network: "10.0.0.1", report: { incarnation: "first" } });
  const ask = { serviceID: gateway, sourcePlug: 1, dest: "greeter", destLink: "one" };
  const { instance, connection } = bench.connect("door", ask);
  bench.addAgent("two", two, { network: "10.0.0.2", report });
  return { bench, gateway, instance, connection };
}

function drain(bench: ManagerBench): ManagerEffect[] {
  return bench.command({ kind: "drainAgent", agent: "one" });
}

/** The source closes what it was asked to close. */
function closeAsked(bench: ManagerBench, effects: readonly ManagerEffect[]): ManagerEffect[] {
  return sent(effects, "connectionCloseRequest", "door").flatMap(({ messageID }) =>
    bench.take("door", { type: "connectionCloseResponse", messageID, status: 200 })
  );
}

Deno.test("drainAgent starts another instance first, then drains the one in use", () => {
  const { bench, instance, gateway } = benchOfThree();
  const begun = drain(bench);
  const { serviceID } = theSent(begun, "startServiceRequest", "two");
  assertEquals(sent(begun, "connectionCloseRequest"), []);
  assertEquals([instance.state, instance.leaving], ["running", "drain"]);

  const started = bench.confirmStart("two", serviceID);
  assertEquals(sent(started, "softShutdownRequest"), []);
  // The source finishes what is in flight, and asks anew: it gets the new one.
  const { effects } = bench.ask("door", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  assertEquals(theSent(effects, "connectionResponse").destServiceID, serviceID);
  const closed = closeAsked(bench, started);
  assertEquals(theSent(closed, "softShutdownRequest", "one").serviceID, instance.serviceID);
  assertEquals(ofKind(closed, "commandDone"), []);

  const ended = { serviceID: instance.serviceID, status: 200 };
  const last = bench.take("one", { type: "serviceTerminationInfo", ...ended });
  assertEquals(ManagerBench.outcome(last), { status: 200, reason: "1 instance has ended" });
  assertEquals([bench.state.replacements.size, bench.state.moves.size], [0, 0]);
});

Deno.test("drainAgent gives the old instance to who asks before the new one runs", () => {
  const { bench, instance, gateway } = benchOfThree();
  drain(bench);
  const { effects } = bench.ask("door", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  assertEquals(theSent(effects, "connectionResponse").destServiceID, instance.serviceID);
});

Deno.test("drainAgent shuts down at once what nobody uses, and starts nothing for it", () => {
  const { bench, instance, connection } = benchOfThree();
  const { serviceID, sourcePlug, destPlug } = connection;
  bench.take("door", { type: "sourceConnectionClose", serviceID, sourcePlug, destPlug });
  const effects = drain(bench);
  assertEquals(theSent(effects, "softShutdownRequest", "one").serviceID, instance.serviceID);
  assertEquals(sent(effects, "startServiceRequest"), []);
});

Deno.test("drainAgent of an agent that runs nothing is done, and nothing comes to it", () => {
  const { bench, gateway } = benchOfThree();
  const effects = bench.command({ kind: "drainAgent", agent: "two" });
  assertEquals(ManagerBench.outcome(effects).status, 200);
  const asked = bench.ask("door", { serviceID: gateway, sourcePlug: 2, dest: "counter" });
  theSent(asked.effects, "startServiceRequest", "one");
});

Deno.test("drainAgent is refused when a service can be started nowhere else (409, names)", () => {
  const { bench, instance } = benchOfThree({ greeter: {} });
  const { status, reason } = ManagerBench.outcome(drain(bench));
  assertEquals(status, 409);
  assertStringIncludes(reason, 'Cannot start "counter": no other agent has it');
  assert(!reason.includes('"greeter"'));
  assertEquals([instance.leaving, bench.state.registry.draining.size], ["none", 0]);
});

Deno.test("drainAgent is refused when all others are full, away or without the label (409)", () => {
  for (
    const [two, report, why] of [
      [SERVICES, { capacity: 0 }, "agent two is full (0 of 0)"],
      [{ greeter: { labels: { gpu: "yes" } }, counter: {} }, {}, "has no label gpu=yes"],
    ] as const
  ) {
    const { status, reason } = ManagerBench.outcome(drain(benchOfThree(two, report).bench));
    assertEquals(status, 409);
    assertStringIncludes(reason, why);
  }
  const { bench } = benchOfThree();
  bench.step({ kind: "linkClosed", link: "two", reason: "it broke" });
  assertStringIncludes(ManagerBench.outcome(drain(bench)).reason, "agent two is away");
});

Deno.test("drainAgent of an agent that nobody knows is refused (404, names)", () => {
  const { bench } = benchOfThree();
  const effects = bench.command({ kind: "drainAgent", agent: "ghost" });
  assertEquals(ManagerBench.outcome(effects), {
    status: 404,
    reason: 'Cannot find agent "ghost": there is only door, one, two',
  });
});

Deno.test("drainAgent tells what could not be started elsewhere, which goes on (503)", () => {
  const { bench, instance, gateway } = benchOfThree();
  const { serviceID } = theSent(drain(bench), "startServiceRequest", "two");
  const failure = { status: 500, reason: "no memory" };
  const { status, reason } = ManagerBench.outcome(bench.confirmStart("two", serviceID, failure));
  assertEquals(status, 503);
  assertStringIncludes(reason, "greeter#2: Cannot replace it: no memory");
  assertEquals([instance.state, instance.leaving], ["running", "none"]);
  const { effects } = bench.ask("door", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  assertEquals(theSent(effects, "connectionResponse").destServiceID, instance.serviceID);
  // Said again, it is tried again, after the pause that the crash asks for.
  bench.wait(200);
  theSent(drain(bench), "startServiceRequest", "two");
});

Deno.test("drainAgent tries another plug when the first one is taken", () => {
  const { bench } = benchOfThree();
  const { serviceID } = theSent(drain(bench), "startServiceRequest", "two");
  const failure = { status: 409, reason: "the plug is taken" };
  const again = theSent(bench.confirmStart("two", serviceID, failure), "startServiceRequest");
  assert(again.serviceID !== serviceID);
});

Deno.test("drainAgent starts few replacements at a time, and goes on as they run", () => {
  const bench = new ManagerBench({ replacementsMax: 2 });
  const services = { a: {}, b: {}, c: {}, d: {}, e: {} };
  bench.addAgent("door", {}, { network: "10.0.0.9" });
  const gateway = bench.addGateway("door");
  bench.addAgent("one", services, { network: "10.0.0.1" });
  for (const [index, dest] of Object.keys(services).entries()) {
    bench.connect("door", { serviceID: gateway, sourcePlug: index + 1, dest, destLink: "one" });
  }
  bench.addAgent("two", services, { network: "10.0.0.2" });
  const begun = drain(bench);
  const waiting = sent(begun, "startServiceRequest", "two");
  assertEquals(waiting.length, 2);
  const all = new Set<string>();
  for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
    all.add(one.serviceName);
    const started = bench.confirmStart("two", one.serviceID);
    closeAsked(bench, started);
    waiting.push(...sent(started, "startServiceRequest", "two"));
    assert(waiting.length <= 2);
  }
  assertEquals([...all].sort(), Object.keys(services));
  assertEquals(bench.state.held.size, 0);
});

Deno.test("undrainAgent keeps what has not begun to close; the drain hears of it (409)", () => {
  const { bench, instance } = benchOfThree();
  drain(bench);
  const effects = bench.command({ kind: "undrainAgent", agent: "one" });
  assertEquals(ofKind(effects, "commandDone").map(({ status }) => status), [409, 200]);
  assertEquals([instance.state, instance.leaving], ["running", "none"]);
  assertEquals(bench.state.replacements.size, 0);
  assertEquals(
    ManagerBench.outcome(bench.command({ kind: "undrainAgent", agent: "one" })).status,
    200,
  );
});

Deno.test("a drain outlives links and the manager, and ends with the restart of its agent", () => {
  const { bench, instance, gateway } = benchOfThree();
  drain(bench);
  const instances = reportAll(bench).filter(({ typeOfService }) => typeOfService === "greeter");
  const connections = [{
    serviceID: gateway,
    sourcePlug: 1,
    destServiceID: instance.serviceID,
    destPlug: instance.plugs.in ?? 0,
  }];
  bench.restart();
  const network = "10.0.0.1";
  const back = { link: "one-b", network, report: { incarnation: "first", instances } };
  bench.addAgent("two", SERVICES, { link: "two-b", network: "10.0.0.2" });
  const gateways = reportAll(bench).filter(({ launched }) => !launched);
  const door = { instances: gateways, connections };
  bench.addAgent("door", {}, { link: "door-b", network: "10.0.0.9", report: door });
  theSent(bench.addAgent("one", SERVICES, back), "startServiceRequest", "two-b");
  assertEquals([...bench.state.registry.draining], [["one", "first"]]);

  const restarted = { ...back, link: "one-c", report: { incarnation: "second", instances } };
  bench.addAgent("one", SERVICES, restarted);
  assertEquals(bench.state.registry.draining.size, 0);
  assertEquals([bench.instance(instance.serviceID).leaving, bench.state.moves.size], ["none", 0]);
});

Deno.test("a drain is remembered of an agent that was lost, until it is restarted", () => {
  const { bench } = benchOfThree();
  bench.command({ kind: "drainAgent", agent: "two" });
  bench.step({ kind: "linkClosed", link: "two", reason: "it broke" });
  bench.wait(30_000);
  assert(!bench.state.registry.agents.has("two"));
  const back = { link: "two-b", network: "10.0.0.2" };
  bench.addAgent("two", SERVICES, back);
  assert(bench.state.registry.draining.has("two"));
  const report = { incarnation: "other" };
  bench.addAgent("two", SERVICES, { ...back, link: "two-c", report });
  assert(!bench.state.registry.draining.has("two"));
});

Deno.test("a long request at a replaced instance has the manager's time, not its grace", () => {
  const { bench, instance } = benchOfThree();
  const { serviceID } = theSent(drain(bench), "startServiceRequest", "two");
  bench.confirmStart("two", serviceID);
  assertEquals(instance.phase, "drain");
  for (let second = 0; second < 59; second += 1) {
    const used = { serviceID: 1, sourcePlug: 1, destPlug: instance.plugs.in ?? 0, count: 0 };
    bench.take("door", { type: "processData", messageID: bench.newMessageID(), ...used });
    bench.wait(1_000);
  }
  assertEquals(instance.phase, "drain");
  bench.wait(1_000);
  assertEquals(instance.phase, "soft");
});

Deno.test("restartService replaces every instance of a service, one after the other", () => {
  const { bench, instance } = benchOfThree();
  const begun = bench.command({ kind: "restartService", service: "greeter" });
  const { serviceID } = theSent(begun, "startServiceRequest");
  const started = bench.confirmStart(bench.instance(serviceID).agent, serviceID);
  closeAsked(bench, started);
  const ended = { serviceID: instance.serviceID, status: 200 };
  const last = bench.take("one", { type: "serviceTerminationInfo", ...ended });
  assertEquals(ManagerBench.outcome(last), { status: 200, reason: "1 instance has ended" });
  const none = bench.command({ kind: "restartService", service: "counter" });
  assertEquals(ManagerBench.outcome(none).reason, "no instance was running");
  const unknown = bench.command({ kind: "restartService", service: "ghost" });
  assertEquals(ManagerBench.outcome(unknown).status, 404);
});

Deno.test("restartService finds room where the old instance is, as that ends", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", SERVICES, { report: { capacity: 1 } });
  const gateway = bench.addGateway("one");
  bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  theSent(
    bench.command({ kind: "restartService", service: "greeter" }),
    "startServiceRequest",
    "one",
  );
});
