import { assertEquals, assertMatch } from "@std/assert";
import type { ManagerEffect } from "../../../../roles/manager/state.ts";
import { ofKind, sent, theOne, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

const LIMIT_BYTES = 100_000_000;
const SERVICES = {
  greeter: { memoryBytes: LIMIT_BYTES, serviceIdleMs: 1e9, connectionIdleMs: 1e9 },
};

/** A gateway that is connected to a greeter, which may hold 100 MB. */
function memoryBench() {
  const bench = new ManagerBench();
  bench.addAgent("one", SERVICES);
  const gateway = bench.addGateway("one");
  let sourcePlug = 0;
  const connect = () => {
    sourcePlug += 1;
    return bench.connect("one", { serviceID: gateway, sourcePlug, dest: "greeter" });
  };
  const tell = (serviceID: number, memoryBytes: number): ManagerEffect[] => {
    const usages = [{ serviceID, memoryBytes, cpuMs: 10, cpuPermille: 1 }];
    return bench.take("one", { type: "instancesUsageInfo", usages });
  };
  return { bench, gateway, connect, tell };
}

type MemoryBench = ReturnType<typeof memoryBench>;

/** An instance holds too much until it is replaced; how long it had lived then. */
function lifeOf({ bench, tell }: MemoryBench, serviceID: number): number {
  const { startedAtMs = 0 } = bench.instance(serviceID);
  for (let seconds = 0; seconds < 10_000; seconds += 1) {
    const effects = tell(serviceID, LIMIT_BYTES + 1);
    if (sent(effects, "startServiceRequest").length > 0) return bench.nowMs - startedAtMs;
    bench.wait(1_000);
  }
  throw new Error("it was never replaced");
}

/** The successor of an instance starts, its source goes there, and it ends; which one that is. */
function succeed({ bench, gateway }: MemoryBench, serviceID: number): number {
  const before = [...bench.state.registry.instances.values()]
    .find(({ state }) => state === "starting");
  bench.confirmStart("one", before?.serviceID ?? 0);
  for (const { sourcePlug } of [...bench.instance(serviceID).incoming]) {
    const { destPlug } = bench.connectionOf(gateway, sourcePlug);
    const status = 111;
    const type = "sourceConnectionClose";
    bench.take("one", { type, serviceID: gateway, sourcePlug, destPlug, status });
  }
  bench.take("one", { type: "serviceTerminationInfo", serviceID, status: 200 });
  return before?.serviceID ?? 0;
}

Deno.test("instancesUsageInfo: too much memory twice in a row, and a successor takes over", () => {
  const bench = memoryBench();
  const { instance: { serviceID } } = bench.connect();
  bench.bench.wait(60_000);
  assertEquals(bench.tell(serviceID, LIMIT_BYTES + 1), []);
  assertEquals(bench.tell(serviceID, LIMIT_BYTES), []);
  assertEquals(bench.tell(serviceID, 130_000_000), []);
  const effects = bench.tell(serviceID, 140_000_000);
  const { fact } = ofKind(effects, "record")[0] ?? {};
  assertEquals(fact?.kind === "instanceLeaving" && [fact.cause, fact.reason], [
    "memory",
    "it holds 140 MB of memory, and may hold 100 MB",
  ]);
  theSent(effects, "startServiceRequest");
  assertEquals(sent(effects, "connectionCloseRequest"), []);
  const successor = succeed(bench, serviceID);
  assertEquals([...bench.bench.state.registry.instances.keys()].at(-1), successor);
  assertEquals(bench.bench.state.usages.size, 0);
});

Deno.test("instancesUsageInfo: too large right after each start is replaced ever later", () => {
  const bench = memoryBench();
  let { instance: { serviceID } } = bench.connect();
  const lives: number[] = [];
  for (let count = 0; count < 4; count += 1) {
    lives.push(lifeOf(bench, serviceID));
    serviceID = succeed(bench, serviceID);
    bench.connect();
  }
  assertEquals(lives, [10_000, 20_000, 40_000, 80_000]);
  // A day without is forgiven.
  bench.bench.wait(86_400_000);
  assertEquals(bench.bench.state.memoryWaits.size, 0);
});

Deno.test("instancesUsageInfo: what can't be replaced stays, and is tried again later", () => {
  const bench = memoryBench();
  const { instance: { serviceID } } = bench.connect();
  bench.bench.wait(60_000);
  bench.tell(serviceID, LIMIT_BYTES + 1);
  const { serviceID: failing } = theSent(
    bench.tell(serviceID, LIMIT_BYTES + 1),
    "startServiceRequest",
  );
  bench.bench.confirmStart("one", failing, { status: 500, reason: "no more memory" });
  assertEquals(bench.bench.instance(serviceID).leaving, "none");
  assertEquals(bench.tell(serviceID, LIMIT_BYTES + 1), []);
  bench.bench.wait(600_000);
  theSent(bench.tell(serviceID, LIMIT_BYTES + 1), "startServiceRequest");
});

Deno.test("instancesUsageInfo: twice the memory is killed at once, even while it drains", () => {
  const bench = memoryBench();
  const { instance: { serviceID } } = bench.connect();
  bench.bench.wait(60_000);
  bench.tell(serviceID, LIMIT_BYTES + 1);
  bench.tell(serviceID, LIMIT_BYTES + 1);
  const kill = theSent(bench.tell(serviceID, 2 * LIMIT_BYTES + 1), "hardShutdownRequest");
  assertMatch(kill.reason ?? "", /^it holds 200 MB of memory, and may hold 100 MB: too much/);
  assertEquals(bench.tell(serviceID, 3 * LIMIT_BYTES), []);
});

Deno.test("instancesUsageInfo: what is killed for its memory has crashed, and waits", () => {
  const { bench, connect, gateway, tell } = memoryBench();
  const { instance: { serviceID } } = connect();
  const kill = theSent(tell(serviceID, 2 * LIMIT_BYTES + 1), "hardShutdownRequest");
  // It is measured once more before it is gone.
  tell(serviceID, 2 * LIMIT_BYTES + 2);
  const { messageID } = kill;
  const type = "hardShutdownResponse";
  const effects = bench.take("one", { type, messageID, serviceID, status: 200 });
  const ended = ofKind(effects, "record").map(({ fact }) => fact)
    .find((fact) => fact.kind === "instanceEnded");
  assertEquals(ended?.kind === "instanceEnded" && [ended.crash?.inRow, ended.status], [1, 500]);
  assertMatch(ended?.kind === "instanceEnded" ? ended.reason : "", /^it holds 200 MB of memory/);
  const { effects: asked } = bench.ask("one", {
    serviceID: gateway,
    sourcePlug: 9,
    dest: "greeter",
  });
  assertEquals(sent(asked, "startServiceRequest"), []);
  theSent(bench.wait(200), "startServiceRequest");
});

for (const how of ["it is killed", "its agent has it no more"]) {
  Deno.test(`instancesUsageInfo: a manager that was away counts the crash, when ${how}`, () => {
    const { bench, connect, tell } = memoryBench();
    const { instance: { serviceID } } = connect();
    theSent(tell(serviceID, 2 * LIMIT_BYTES + 1), "hardShutdownRequest");
    bench.restart();
    const plugConfiguration = bench.instance(serviceID).plugs;
    const one = { serviceID, typeOfService: "greeter", plugConfiguration };
    const instances = how === "it is killed" ? [{ ...one, launched: true, started: true }] : [];
    const back = bench.addAgent("one", SERVICES, { report: { instances } });
    for (const { messageID } of sent(back, "hardShutdownRequest")) {
      bench.take("one", { type: "hardShutdownResponse", messageID, serviceID, status: 200 });
    }
    const ended = bench.history.findLast((fact) =>
      fact.kind === "instanceEnded" && fact.serviceID === serviceID
    );
    assertEquals(ended?.kind === "instanceEnded" && [ended.crash?.inRow, ended.status], [1, 500]);
    assertMatch(ended?.kind === "instanceEnded" ? ended.reason : "", /^it holds 200 MB of memory/);
  });
}

Deno.test("instancesUsageInfo: twice the memory before it is ready is a failed start", () => {
  const { bench, gateway, tell } = memoryBench();
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const { serviceID } = theSent(effects, "startServiceRequest");
  const failed = tell(serviceID, 2 * LIMIT_BYTES + 1);
  theSent(failed, "hardShutdownRequest");
  const { status, reason = "" } = theSent(failed, "connectionResponse");
  assertEquals(status, 503);
  assertMatch(reason, /^Cannot start "greeter": it holds 200 MB of memory/);
});

Deno.test("instancesUsageInfo of another agent's instance is refused, of an ended one not", () => {
  const { bench, connect, tell } = memoryBench();
  const { instance: { serviceID } } = connect();
  bench.addAgent("two", SERVICES, { network: "10.0.0.2" });
  const usages = [{ serviceID, memoryBytes: 1, cpuMs: 1, cpuPermille: 1 }];
  const refused = bench.take("two", { type: "instancesUsageInfo", usages });
  assertEquals(theOne(refused, "refuse").status, 404);
  assertEquals(tell(999, 1), []);
  assertEquals(bench.state.usages.size, 0);
});
