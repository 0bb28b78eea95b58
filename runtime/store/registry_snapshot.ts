/**
 * Snapshots of the registry: JSON that later becomes the very same registry, so that the facts
 * before it need not be kept for ever.
 *
 * @module
 */

import { manifests } from "../../protocol/announcements.ts";
import { plugConfiguration } from "../../protocol/fields.ts";
import type {
  AgentRecord,
  Connection,
  Instance,
  Registry,
} from "../../roles/manager/memory/registry.ts";
import type { CrashCount, CrashRecord } from "../../roles/manager/memory/crash_records.ts";
import { emptyRegistry } from "../../roles/manager/memory/registry.ts";
import type { LeavingCause } from "../../roles/manager/memory/facts.ts";
import { AGENT_TRAITS } from "./fact_text.ts";
import {
  isFinite,
  isFlag,
  isText,
  isWhole,
  listOf,
  oneOf,
  optional,
  pairOf,
  shapeOf,
} from "./guards.ts";

/** An agent, its instances as a list. */
export type AgentDocument = Omit<AgentRecord, "instances" | "launched"> & { instances: number[] };

/** An instance, its connections as lists of numbers. What is undefined is absent. */
export type InstanceDocument =
  & Omit<Instance, "outgoing" | "incoming" | "phase" | "killedFor" | "leaving" | "startedAtMs">
  & {
    phase?: NonNullable<Instance["phase"]>;
    killedFor?: string;
    leaving?: LeavingCause;
    startedAtMs?: number;
    outgoing: [plug: number, connectionID: number][];
    incoming: number[];
  };

/** A connection; its places in the lists of its instances are where those name it. */
export type ConnectionDocument = Omit<Connection, "outgoingAt" | "incomingAt">;

/** A registry as plain JSON: every map and set is a list, in its order. */
export interface RegistryDocument {
  /** As in the registry. */
  lastSeq: number;
  /** As in the registry. */
  lastServiceID: number;
  /** As in the registry. */
  lastConnectionID: number;
  /** The agents. */
  agents: AgentDocument[];
  /** The live instances. */
  instances: InstanceDocument[];
  /** The live connections. */
  connections: ConnectionDocument[];
  /** The services that have instances. */
  services: { service: string; instances: number[]; starting: number; ready: number[] }[];
  /** The plugs of each host. */
  plugs: {
    network: string;
    next: number;
    used: number[];
    resting: [plug: number, freedAtMs: number][];
  }[];
  /** As in the registry; absent in old snapshots. */
  unheardIDs?: [first: number, last: number][];
  /** The agents that are draining, with the run that was drained; absent in old snapshots. */
  draining?: [agent: string, incarnation: string][];
  /** What is kept of the crashes of services; absent in old snapshots. */
  crashes?: [service: string, record: CrashRecord][];
  /** How often services crashed; absent in old snapshots. */
  crashCounts?: [service: string, count: CrashCount][];
}

const isAgent = shapeOf<AgentDocument>({
  agent: isText,
  network: isText,
  port: isWhole,
  repository: listOf(isText),
  manifests: manifests.accepts,
  connected: isFlag,
  instances: listOf(isWhole),
  ...AGENT_TRAITS,
});

const isInstance = shapeOf<InstanceDocument>({
  serviceID: isWhole,
  service: isText,
  agent: isText,
  network: isText,
  plugs: plugConfiguration.accepts,
  launched: isFlag,
  state: oneOf("starting", "running", "closing"),
  phase: optional(oneOf("drain", "soft", "hard")),
  killedFor: optional(isText),
  leaving: optional(oneOf("drain", "outdated", "memory", "unhealthy", "moving", "removed")),
  sinceMs: isFinite,
  startedAtMs: optional(isFinite),
  lastUsedMs: isFinite,
  outgoing: listOf(pairOf(isWhole, isWhole)),
  incoming: listOf(isWhole),
});

const isConnection = shapeOf<ConnectionDocument>({
  connectionID: isWhole,
  serviceID: isWhole,
  service: isText,
  sourcePlug: isWhole,
  destServiceID: isWhole,
  destService: isText,
  destPlug: isWhole,
  state: oneOf("offered", "open", "closing"),
  sinceMs: isFinite,
  lastUsedMs: isFinite,
  count: isWhole,
});

const isCrashRecord = shapeOf<CrashRecord>({
  inRow: isWhole,
  recentMs: listOf(isFinite),
  pauseMs: isFinite,
  hasRun: isFlag,
  reason: isText,
  isLooping: isFlag,
});

const isRegistryDocument = shapeOf<RegistryDocument>({
  lastSeq: isWhole,
  lastServiceID: isWhole,
  lastConnectionID: isWhole,
  agents: listOf(isAgent),
  instances: listOf(isInstance),
  connections: listOf(isConnection),
  services: listOf(
    shapeOf<RegistryDocument["services"][number]>({
      service: isText,
      instances: listOf(isWhole),
      starting: isWhole,
      ready: listOf(isWhole),
    }),
  ),
  plugs: listOf(
    shapeOf<RegistryDocument["plugs"][number]>({
      network: isText,
      next: isWhole,
      used: listOf(isWhole),
      resting: listOf(pairOf(isWhole, isFinite)),
    }),
  ),
  unheardIDs: optional(listOf(pairOf(isWhole, isWhole))),
  draining: optional(listOf(pairOf(isText, isText))),
  crashes: optional(listOf(pairOf(isText, isCrashRecord))),
  crashCounts: optional(
    listOf(pairOf(isText, shapeOf<CrashCount>({ count: isWhole, lastMs: isFinite }))),
  ),
});

/** Writes a registry as plain JSON. */
export function documentOf(registry: Registry): RegistryDocument {
  const { lastSeq, lastServiceID, lastConnectionID } = registry;
  return {
    lastSeq,
    lastServiceID,
    lastConnectionID,
    agents: [...registry.agents.values()].map(({ launched: _launched, instances, ...agent }) => ({
      ...agent,
      instances: [...instances],
    })),
    instances: [...registry.instances.values()].map(documentOfInstance),
    connections: [...registry.connections.values()].map(documentOfConnection),
    services: [...registry.services].map(([service, { instances, starting, ready }]) => ({
      service,
      instances: [...instances],
      starting,
      ready: ready.map((instance) => instance.serviceID),
    })),
    plugs: [...registry.plugs].map(([network, { next, used, resting }]) => ({
      network,
      next,
      used: [...used],
      resting: [...resting],
    })),
    unheardIDs: registry.unheardIDs.map(([first, last]) => [first, last]),
    draining: [...registry.draining],
    crashes: [...registry.crashes],
    crashCounts: [...registry.crashCounts],
  };
}

function documentOfInstance(instance: Instance): InstanceDocument {
  const { phase, killedFor, leaving, startedAtMs, outgoing, incoming, ...rest } = instance;
  return {
    ...rest,
    ...(phase === undefined ? {} : { phase }),
    ...(killedFor === undefined ? {} : { killedFor }),
    ...(leaving === "none" ? {} : { leaving }),
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    outgoing: outgoing.map(({ sourcePlug, connectionID }) => [sourcePlug, connectionID]),
    incoming: incoming.map((connection) => connection.connectionID),
  };
}

function documentOfConnection(connection: Connection): ConnectionDocument {
  const { outgoingAt: _outgoingAt, incomingAt: _incomingAt, ...rest } = connection;
  return rest;
}

/** Reads what {@linkcode documentOf} wrote; undefined for anything else. */
export function registryOf(document: unknown): Registry | undefined {
  if (!isRegistryDocument(document)) return undefined;
  const registry = emptyRegistry();
  registry.lastSeq = document.lastSeq;
  registry.lastServiceID = document.lastServiceID;
  registry.lastConnectionID = document.lastConnectionID;
  for (const agent of document.agents) {
    const instances = new Set(agent.instances);
    registry.agents.set(agent.agent, { ...agent, instances, launched: 0 });
  }
  for (const connection of document.connections) {
    const restored = { ...connection, outgoingAt: 0, incomingAt: 0 };
    registry.connections.set(connection.connectionID, restored);
    registry.bySource.add(restored);
  }
  for (const instance of document.instances) {
    registry.instances.set(instance.serviceID, restoreInstance(registry, instance));
    const agent = registry.agents.get(instance.agent);
    if (agent !== undefined && instance.launched) agent.launched += 1;
  }
  for (const { service, instances, starting, ready } of document.services) {
    const restored = listed(ready, registry.instances);
    registry.services.set(service, { instances: new Set(instances), starting, ready: restored });
  }
  for (const { network, next, used, resting } of document.plugs) {
    registry.plugs.set(network, { next, used: new Set(used), resting: new Map(resting) });
  }
  for (const [first, last] of document.unheardIDs ?? []) registry.unheardIDs.push([first, last]);
  for (const [agent, incarnation] of document.draining ?? []) {
    registry.draining.set(agent, incarnation);
  }
  for (const [service, record] of document.crashes ?? []) registry.crashes.set(service, record);
  for (const [service, count] of document.crashCounts ?? []) {
    registry.crashCounts.set(service, count);
  }
  return registry;
}

function restoreInstance(registry: Registry, document: InstanceDocument): Instance {
  const { connections } = registry;
  const { phase, killedFor, leaving = "none", startedAtMs } = document;
  const outgoing = listed(document.outgoing.map(([, id]) => id), connections);
  const incoming = listed(document.incoming, connections);
  for (const [at, connection] of outgoing.entries()) connection.outgoingAt = at;
  for (const [at, connection] of incoming.entries()) connection.incomingAt = at;
  return { ...document, phase, killedFor, leaving, startedAtMs, outgoing, incoming };
}

/** What numbers stand for; a number that stands for nothing is in no document of a registry. */
function listed<Item>(ids: readonly number[], items: ReadonlyMap<number, Item>): Item[] {
  return ids.map((id) => items.get(id)).filter((item) => item !== undefined);
}
