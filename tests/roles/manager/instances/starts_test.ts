import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PLUG_RANGE } from "../../../../protocol/limits.ts";
import { PLUG_REST_MS } from "../../../../roles/manager/memory/plugs.ts";
import { ofKind, sent, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

function benchWithGateway(options = {}): { bench: ManagerBench; gateway: number } {
  const bench = new ManagerBench(options);
  bench.addAgent("one", { greeter: { plugs: ["counter"] }, counter: {} });
  return { bench, gateway: bench.addGateway("one") };
}

Deno.test("manager: requests for what does not run share one start (flow 4, 5)", () => {
  const { bench, gateway } = benchWithGateway();
  const all = Array.from({ length: 200 }, (_, at) => {
    return bench.ask("one", { serviceID: gateway, sourcePlug: at + 1, dest: "greeter" });
  });
  const starts = all.flatMap(({ effects }) => sent(effects, "startServiceRequest"));
  assertEquals(starts.length, 1);
  assertEquals(starts[0]?.plugConfiguration, { in: PLUG_RANGE.first, out: ["counter"] });
  const answers = sent(bench.confirmStart("one", gateway + 1), "connectionResponse");
  assertEquals(answers.map(({ messageID }) => messageID), all.map(({ messageID }) => messageID));
  for (const { status, destPlug, destServiceID } of answers) {
    assertEquals([status, destPlug, destServiceID], [200, PLUG_RANGE.first, gateway + 1]);
  }
});

Deno.test("manager: a fact is recorded before the message that follows from it leaves", () => {
  const { bench, gateway } = benchWithGateway();
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  assertEquals(effects.map(({ kind }) => kind), ["record", "send"]);
  const kinds = bench.confirmStart("one", gateway + 1).map(({ kind }) => kind);
  assertEquals(kinds, ["record", "record", "send"]);
});

Deno.test("manager: a service that no agent has is answered 404 at once (flow 5)", () => {
  const { bench, gateway } = benchWithGateway();
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "nobody" });
  const { status, reason } = theSent(effects, "connectionResponse");
  assertEquals(status, 404);
  assertStringIncludes(reason ?? "", '"nobody"');
  assertEquals(bench.history.at(-1)?.kind, "requestFailed");
});

Deno.test("manager: an edge that is not in the graph is refused (403)", () => {
  const { bench, gateway } = benchWithGateway();
  const { instance } = bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "counter" });
  const ask = { serviceID: instance.serviceID, sourcePlug: 1, dest: "greeter" };
  const { effects } = bench.ask("one", ask);
  assertEquals(theSent(effects, "connectionResponse").status, 403);
  assertEquals(sent(effects, "startServiceRequest"), []);
});

Deno.test("manager: a failed start answers everybody who waits, with the reason (flow 4)", () => {
  const { bench, gateway } = benchWithGateway();
  bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  const failure = { status: 500, reason: "exited with code 1\nerror: no table" };
  const effects = bench.confirmStart("one", gateway + 1, failure);
  const answers = sent(effects, "connectionResponse");
  assertEquals(answers.map(({ status }) => status), [503, 503]);
  for (const { reason } of answers) {
    assertStringIncludes(reason ?? "", "exited with code 1\nerror: no table");
  }
  assertEquals(bench.state.registry.instances.size, 1);
});

Deno.test("manager: a start without an answer fails (504), what may run is killed", () => {
  const { bench, gateway } = benchWithGateway();
  bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const effects = bench.wait(13_000);
  assertEquals(theSent(effects, "connectionResponse").status, 504);
  assertEquals(theSent(effects, "hardShutdownRequest").serviceID, gateway + 1);
  const late = bench.confirmStart("one", gateway + 1);
  assertEquals(ofKind(late, "refuse").length, 1);
  assertEquals(theSent(late, "hardShutdownRequest").serviceID, gateway + 1);
  assertEquals(ofKind(late, "record"), []);
});

Deno.test("manager: a plug that is taken (409) leads to another, up to the maximum", () => {
  const { bench, gateway } = benchWithGateway({ plugRetriesMax: 3 });
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const plugs = new Set([theSent(effects, "startServiceRequest").plugConfiguration.in]);
  for (let retry = 1; retry <= 3; retry += 1) {
    const again = bench.confirmStart("one", gateway + retry, { status: 409, reason: "taken" });
    assertEquals(sent(again, "connectionResponse"), []);
    plugs.add(theSent(again, "startServiceRequest").plugConfiguration.in);
  }
  assertEquals(plugs.size, 4);
  const last = bench.confirmStart("one", gateway + 4, { status: 409, reason: "taken" });
  assertEquals(sent(last, "startServiceRequest"), []);
  assertEquals(theSent(last, "connectionResponse").status, 503);
});

Deno.test("manager: a start after a taken plug counts its retries anew once it succeeded", () => {
  const { bench, gateway } = benchWithGateway({ plugRetriesMax: 1 });
  bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  bench.confirmStart("one", gateway + 1, { status: 409, reason: "taken" });
  bench.confirmStart("one", gateway + 2);
  assertEquals(bench.state.plugRetries.size, 0);
});

Deno.test("manager: a freed plug rests, and no two instances share one", () => {
  const { bench, gateway } = benchWithGateway();
  const used: (number | null)[] = [];
  for (let at = 1; at <= 3; at += 1) {
    const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: at, dest: "greeter" });
    used.push(theSent(effects, "startServiceRequest").plugConfiguration.in);
    bench.confirmStart("one", gateway + at, { status: 500, reason: "no" });
    bench.wait(1_000);
  }
  const { first } = PLUG_RANGE;
  assertEquals(used, [first, first + 1, first + 2]);
  // Go once around the range: what rests is skipped.
  const pool = bench.state.registry.plugs.get("10.0.0.1");
  assert(pool !== undefined);
  pool.next = first;
  bench.isFolded = false;
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 9, dest: "greeter" });
  assertEquals(theSent(effects, "startServiceRequest").plugConfiguration.in, first + 3);
});

Deno.test("manager: a plug that has rested is used again", () => {
  const { bench, gateway } = benchWithGateway();
  bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  bench.confirmStart("one", gateway + 1, { status: 500, reason: "no" });
  for (let plug = PLUG_RANGE.first + 1; plug <= PLUG_RANGE.last; plug += 1) {
    bench.state.registry.plugs.get("10.0.0.1")?.used.add(plug);
  }
  const ask = { serviceID: gateway, sourcePlug: 2, dest: "greeter" };
  bench.nowMs += PLUG_REST_MS;
  bench.isFolded = false;
  const { effects } = bench.ask("one", ask);
  assertEquals(theSent(effects, "startServiceRequest").plugConfiguration.in, PLUG_RANGE.first);
  const none = bench.ask("one", { serviceID: gateway, sourcePlug: 3, dest: "counter" });
  assertEquals(theSent(none.effects, "connectionResponse").status, 503);
});

Deno.test("manager: at most parkedMax requests wait for a service (429)", () => {
  const { bench, gateway } = benchWithGateway({ parkedMax: 2 });
  for (const sourcePlug of [1, 2]) {
    bench.ask("one", { serviceID: gateway, sourcePlug, dest: "greeter" });
  }
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 3, dest: "greeter" });
  assertEquals(theSent(effects, "connectionResponse").status, 429);
  const repeated = bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  assertEquals(sent(repeated.effects, "connectionResponse"), []);
  assertEquals(sent(bench.confirmStart("one", gateway + 1), "connectionResponse").length, 2);
});

Deno.test("manager: a request that waits for an agent is answered at its deadline (503)", () => {
  const { bench, gateway } = benchWithGateway();
  bench.addAgent("two", { storage: {} }, { network: "10.0.0.2" });
  bench.step({ kind: "linkClosed", link: "two", reason: "it broke" });
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "storage" });
  assertEquals(sent(effects, "connectionResponse"), []);
  const { status, reason } = theSent(bench.wait(15_000), "connectionResponse");
  assertEquals(status, 503);
  assertStringIncludes(reason ?? "", "agent two is away");
});

Deno.test("manager: a request that waits is started for when an agent comes", () => {
  const { bench, gateway } = benchWithGateway();
  bench.addAgent("two", { storage: {} }, { network: "10.0.0.2" });
  bench.step({ kind: "linkClosed", link: "two", reason: "it broke" });
  bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "storage" });
  const effects = bench.addAgent("two", { storage: {} }, { network: "10.0.0.2", link: "two-b" });
  const { serviceID } = theSent(effects, "startServiceRequest", "two-b");
  const answered = bench.confirmStart("two-b", serviceID);
  assertEquals(theSent(answered, "connectionResponse", "one").destServiceNetwork, "10.0.0.2");
});

Deno.test("manager: a second confirmation of a start, or another agent's, is refused", () => {
  const { bench, gateway } = benchWithGateway();
  bench.addAgent("two", {}, { network: "10.0.0.2" });
  bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const start = { type: "startServiceResponse", messageID: 1, status: 200 } as const;
  const serviceID = gateway + 1;
  assertEquals(ofKind(bench.takeAgain("two", { ...start, serviceID }), "refuse")[0]?.status, 404);
  bench.confirmStart("one", serviceID);
  assertEquals(ofKind(bench.takeAgain("one", { ...start, serviceID }), "refuse")[0]?.status, 409);
  const failed = { ...start, serviceID, status: 500 };
  assertEquals(ofKind(bench.takeAgain("one", failed), "refuse")[0]?.status, 409);
  assertEquals(bench.instance(serviceID).state, "running");
});

Deno.test("manager: a process that ends before it is ready is a failed start (flow 4)", () => {
  const { bench, gateway } = benchWithGateway();
  bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const ended = { serviceID: gateway + 1, status: 500, exitCode: 1, reason: "no memory" };
  const effects = bench.take("one", { type: "serviceTerminationInfo", ...ended });
  const { status, reason } = theSent(effects, "connectionResponse");
  assertEquals(status, 503);
  assertStringIncludes(reason ?? "", "no memory");
});

Deno.test("manager: when who asked has ended, nobody is answered", () => {
  const { bench, gateway } = benchWithGateway();
  bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  bench.take("one", { type: "serviceTerminationInfo", serviceID: gateway, status: 502 });
  assertEquals(bench.state.parked.size, 0);
  assertEquals(sent(bench.confirmStart("one", gateway + 1), "connectionResponse"), []);
});
