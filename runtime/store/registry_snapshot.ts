/**
 * Snapshots of the registry: JSON that later becomes the very same registry, so that the facts
 * before it need not be kept for ever.
 *
 * @module
 */

import { manifests, plugConfiguration } from "../../protocol/fields.ts";
import type {
  AgentRecord,
  Connection,
  Instance,
  Registry,
} from "../../roles/manager/memory/registry.ts";
import { emptyRegistry } from "../../roles/manager/memory/registry.ts";
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
export type AgentDocument = Omit<AgentRecord, "instances"> & { instances: number[] };

/** An instance, its connections as lists. What is undefined is absent. */
export type InstanceDocument = Omit<Instance, "outgoing" | "incoming" | "phase" | "startedAtMs"> & {
  phase?: NonNullable<Instance["phase"]>;
  startedAtMs?: number;
  outgoing: [plug: number, connectionID: number][];
  incoming: number[];
};

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
  connections: Connection[];
  /** The services that have instances. */
  services: { service: string; instances: number[]; starting: number; ready: number[] }[];
  /** The plugs of each host. */
  plugs: {
    network: string;
    next: number;
    used: number[];
    resting: [plug: number, freedAtMs: number][];
  }[];
}

const isAgent = shapeOf<AgentDocument>({
  agent: isText,
  network: isText,
  port: isWhole,
  repository: listOf(isText),
  manifests: manifests.accepts,
  connected: isFlag,
  instances: listOf(isWhole),
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
  sinceMs: isFinite,
  startedAtMs: optional(isFinite),
  lastUsedMs: isFinite,
  outgoing: listOf(pairOf(isWhole, isWhole)),
  incoming: listOf(isWhole),
});

const isConnection = shapeOf<Connection>({
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
});

/** Writes a registry as plain JSON. */
export function documentOf(registry: Registry): RegistryDocument {
  const { lastSeq, lastServiceID, lastConnectionID } = registry;
  return {
    lastSeq,
    lastServiceID,
    lastConnectionID,
    agents: [...registry.agents.values()].map((agent) => ({
      ...agent,
      instances: [...agent.instances],
    })),
    instances: [...registry.instances.values()].map(documentOfInstance),
    connections: [...registry.connections.values()].map((connection) => ({ ...connection })),
    services: [...registry.services].map(([service, { instances, starting, ready }]) => ({
      service,
      instances: [...instances],
      starting,
      ready: [...ready],
    })),
    plugs: [...registry.plugs].map(([network, { next, used, resting }]) => ({
      network,
      next,
      used: [...used],
      resting: [...resting],
    })),
  };
}

function documentOfInstance(instance: Instance): InstanceDocument {
  const { phase, startedAtMs, outgoing, incoming, ...rest } = instance;
  return {
    ...rest,
    ...(phase === undefined ? {} : { phase }),
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    outgoing: [...outgoing],
    incoming: [...incoming],
  };
}

/** Reads what {@linkcode documentOf} wrote; undefined for anything else. */
export function registryOf(document: unknown): Registry | undefined {
  if (!isRegistryDocument(document)) return undefined;
  const registry = emptyRegistry();
  registry.lastSeq = document.lastSeq;
  registry.lastServiceID = document.lastServiceID;
  registry.lastConnectionID = document.lastConnectionID;
  for (const agent of document.agents) {
    registry.agents.set(agent.agent, { ...agent, instances: new Set(agent.instances) });
  }
  for (const instance of document.instances) {
    registry.instances.set(instance.serviceID, {
      ...instance,
      phase: instance.phase,
      startedAtMs: instance.startedAtMs,
      outgoing: new Map(instance.outgoing),
      incoming: new Set(instance.incoming),
    });
  }
  for (const connection of document.connections) {
    registry.connections.set(connection.connectionID, connection);
  }
  for (const { service, instances, starting, ready } of document.services) {
    registry.services.set(service, { instances: new Set(instances), starting, ready });
  }
  for (const { network, next, used, resting } of document.plugs) {
    registry.plugs.set(network, { next, used: new Set(used), resting: new Map(resting) });
  }
  return registry;
}
