/**
 * Histories for the tests of the store.
 *
 * @module
 */

import type { ServiceManifest } from "../../../protocol/manifest.ts";
import type { ConnectionEnds, Fact, FactBody } from "../../../roles/manager/memory/facts.ts";

/** Numbers facts from 1 on, one each `stepMs` milliseconds from `startMs` on. */
export function numbered(
  bodies: readonly FactBody[],
  { firstSeq = 1, startMs = 1_000, stepMs = 10 } = {},
): Fact[] {
  return bodies.map((body, index) => ({
    ...body,
    seq: firstSeq + index,
    atMs: startMs + index * stepMs,
  }));
}

/** Facts that concern no registry: of a request that failed. */
export function failures(count: number, options: Parameters<typeof numbered>[1] = {}): Fact[] {
  const bodies = Array.from({ length: count }, (_, index): FactBody => ({
    kind: "requestFailed",
    serviceID: 1 + index % 3,
    service: ["gateway", "greeter", "counter"][index % 3] ?? "gateway",
    destService: index % 2 === 0 ? "storage" : "counter",
    status: 503,
    reason: `reason ${index}`,
  }));
  return numbered(bodies, options);
}

const MANIFEST: ServiceManifest = {
  plugs: ["counter"],
  connectionIdleMs: 30_000,
  serviceIdleMs: 60_000,
  startTimeoutMs: 10_000,
  graceMs: 5_000,
};

/** The connection of a gateway to a greeter. */
export const GATEWAY_TO_GREETER: ConnectionEnds = {
  connectionID: 1,
  serviceID: 1,
  service: "gateway",
  sourcePlug: 3,
  destServiceID: 2,
  destService: "greeter",
  destPlug: 20_000,
};

/** The connection of a greeter to a counter. */
export const GREETER_TO_COUNTER: ConnectionEnds = {
  connectionID: 2,
  serviceID: 2,
  service: "greeter",
  sourcePlug: 1,
  destServiceID: 3,
  destService: "counter",
  destPlug: 20_001,
};

/** What happens in a small mesh. */
export const MESH_BODIES: readonly FactBody[] = [
  {
    kind: "agentRegistered",
    agent: "local",
    network: "127.0.0.1",
    port: 4_000,
    repository: ["greeter", "counter"],
    manifests: { greeter: MANIFEST, counter: { ...MANIFEST, plugs: [] } },
  },
  {
    kind: "instanceRegistered",
    serviceID: 1,
    service: "gateway",
    agent: "local",
    plugs: { in: null, out: "*" },
  },
  {
    kind: "instanceStarting",
    serviceID: 2,
    service: "greeter",
    agent: "local",
    plugs: { in: 20_000, out: ["counter"] },
    reason: "requests wait for it",
  },
  { kind: "instanceStarted", serviceID: 2, service: "greeter" },
  { kind: "connectionOffered", ...GATEWAY_TO_GREETER },
  { kind: "connectionOpened", ...GATEWAY_TO_GREETER },
  {
    kind: "instanceStarting",
    serviceID: 3,
    service: "counter",
    agent: "local",
    plugs: { in: 20_001, out: [] },
    reason: "requests wait for it",
  },
  { kind: "instanceStarted", serviceID: 3, service: "counter" },
  { kind: "connectionOffered", ...GREETER_TO_COUNTER },
  { kind: "connectionOpened", ...GREETER_TO_COUNTER },
  { kind: "connectionUsed", ...GREETER_TO_COUNTER, count: 4 },
  {
    kind: "instanceStarting",
    serviceID: 4,
    service: "counter",
    agent: "local",
    plugs: { in: 20_002, out: [] },
    reason: "its connections are at their limit",
  },
  {
    kind: "instanceEnded",
    serviceID: 4,
    service: "counter",
    status: 500,
    reason: 'exited with code 1\nerror: Uncaught (in promise) "no"\n  at counter.ts:3',
    exitCode: 1,
    signal: "SIGTERM",
  },
  {
    kind: "requestFailed",
    serviceID: 2,
    service: "greeter",
    destService: "counter",
    status: 503,
    reason: "it could not be started",
  },
  { kind: "connectionClosing", ...GREETER_TO_COUNTER, reason: "idle for 30 s" },
  { kind: "connectionClosed", ...GREETER_TO_COUNTER, status: 111, reason: "closed on command" },
  {
    kind: "instanceClosing",
    serviceID: 3,
    service: "counter",
    phase: "soft",
    reason: "idle for 60 s",
  },
  { kind: "agentDisconnected", agent: "local", reason: "its link broke" },
  { kind: "agentLost", agent: "ghost", reason: "away for 30 s" },
];

/** What happens then on a second host. */
export const HOST_BODIES: readonly FactBody[] = [
  {
    kind: "agentRegistered",
    agent: "a1",
    network: "10.0.0.2",
    port: 7_410,
    repository: ["greeter"],
    manifests: { greeter: { ...MANIFEST, placement: "pack", labels: { disk: "fast" } } },
    labels: { disk: "fast", zone: "north" },
    capacity: 8,
    incarnation: "run-1",
    sessionCertificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  },
  {
    kind: "agentRepositoryChanged",
    agent: "a1",
    repository: ["greeter", "counter"],
    manifests: { greeter: MANIFEST, counter: { ...MANIFEST, plugs: [] } },
    edited: ["greeter"],
  },
  {
    kind: "instanceLeaving",
    serviceID: 2,
    service: "greeter",
    cause: "unhealthy",
    reason: "it hangs: asked how it is, it has said nothing for 11 s",
    crash: { inRow: 1, pauseMs: 150 },
  },
  { kind: "agentDraining", agent: "a1", draining: true, reason: "drained by command" },
  {
    kind: "instanceLeaving",
    serviceID: 2,
    service: "greeter",
    cause: "moving",
    reason: "its process is given up, since another worker in it hangs",
  },
  {
    kind: "instanceLeaving",
    serviceID: 2,
    service: "greeter",
    cause: "drain",
    reason: "agent local drains",
  },
  {
    kind: "instanceClosing",
    serviceID: 2,
    service: "greeter",
    phase: "hard",
    reason: "it holds 700 MB of memory, and may hold 256 MB",
    isFault: true,
  },
];

/** A fact of every kind. */
export const MESH_FACTS: readonly Fact[] = numbered([...MESH_BODIES, ...HOST_BODIES]);
