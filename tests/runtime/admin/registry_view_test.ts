import { assertEquals } from "@std/assert";
import type { FactBody } from "../../../roles/manager/memory/facts.ts";
import { foldFacts } from "../../../roles/manager/memory/fold.ts";
import { type ManagerNow, viewInstances } from "../../../runtime/admin/views/registry_view.ts";
import { viewServices } from "../../../runtime/admin/views/service_view.ts";
import { numbered } from "../store/fact_samples.ts";

const START_MS = Date.UTC(2026, 10, 25);
const TIMES = { connectionIdleMs: 3e4, serviceIdleMs: 6e4, startTimeoutMs: 1e4, graceMs: 5e3 };
const MANIFEST = { plugs: [], ...TIMES };
const AGENT: FactBody = {
  kind: "agentRegistered",
  agent: "a1",
  network: "127.0.0.1",
  port: 7410,
  repository: ["kept", "free"],
  manifests: { kept: { ...MANIFEST, instances: { min: 1, max: 2 } }, free: MANIFEST },
};

/** An instance is ordered and confirms. */
function started(serviceID: number, service: string): FactBody[] {
  const plugs = { in: 20_000 + serviceID, out: [] };
  return [
    { kind: "instanceStarting", serviceID, service, agent: "a1", plugs, reason: "a test" },
    { kind: "instanceStarted", serviceID, service },
  ];
}

function registryAfter(...bodies: readonly FactBody[]) {
  return foldFacts(numbered(bodies, { firstSeq: 1, startMs: START_MS, stepMs: 1_000 }));
}

function nowWith(known: Partial<ManagerNow>): ManagerNow {
  const nothing = { usages: new Map(), busy: new Map(), inFlight: new Map() };
  return { ...nothing, liveOf: () => 1, nowMs: START_MS, ...known };
}

Deno.test("viewInstances() says why an instance is not closed, or when it is", () => {
  const registry = registryAfter(AGENT, ...started(1, "kept"), ...started(2, "free"));
  const untilMs = START_MS + 2_000;
  const busy = new Map([[2, { reason: "export", untilMs }]]);
  const staysOf = (now: ManagerNow) =>
    viewInstances(registry, { now }).items.map(({ stays, closesAt }) => [stays, closesAt]);
  assertEquals(staysOf(nowWith({ busy })), [["min 1", null], ["busy: export", null]]);
  const idle = [null, "2026-11-25T00:01:04.000Z"];
  assertEquals(staysOf(nowWith({ busy, nowMs: untilMs + 1 })), [["min 1", null], idle]);
  const more = registryAfter(AGENT, ...started(1, "kept"), ...started(2, "kept"));
  const staysOfTwo = (liveOf: ManagerNow["liveOf"]) =>
    viewInstances(more, { now: nowWith({ liveOf }) }).items.map(({ stays }) => stays);
  assertEquals(staysOfTwo(() => 2), [null, null]);
  // The manager does not count one that it can't reach, so it keeps the other.
  assertEquals(staysOfTwo(() => 1), ["min 1", "min 1"]);
});

Deno.test("viewServices() tells how often one crashed, and until when it is not started", () => {
  const ended = (serviceID: number, inRow: number): FactBody[] => [
    ...started(serviceID, "free"),
    {
      kind: "instanceEnded",
      serviceID,
      service: "free",
      status: 500,
      reason: "exit code 1",
      crash: { inRow, pauseMs: 5_000 },
    },
  ];
  const registry = registryAfter(AGENT, ...ended(1, 1), ...ended(2, 2));
  const crashedMs = START_MS + 6_000;
  const viewAt = (nowMs: number) => viewServices(registry, { service: "free", nowMs }).items[0];
  assertEquals(viewAt(crashedMs)?.crash, {
    inRow: 2,
    isLooping: false,
    pausedUntil: "2026-11-25T00:00:11.000Z",
    reason: "exit code 1",
  });
  const later = viewAt(crashedMs + 5_000);
  assertEquals([later?.crash, later?.restarts, later?.lastCrash], [
    null,
    2,
    "2026-11-25T00:00:06.000Z",
  ]);
});
