/**
 * From the manager's registry to what the admin API shows.
 *
 * @module
 */

import { connectionIdleMs } from "../../roles/manager/flows/idle.ts";
import type { InstanceUsage } from "../../roles/manager/flows/instances/usages.ts";
import { MANIFEST_DEFAULTS, type ServiceManifest } from "../../protocol/manifest.ts";
import {
  type AgentRecord,
  type Connection,
  type Instance,
  isUnconnected,
  lastUseMsOf,
  manifestOf,
  type Registry,
} from "../../roles/manager/memory/registry.ts";
import type {
  AgentView,
  ConnectionView,
  EndView,
  InstanceView,
  ListView,
  PlugView,
  ServiceView,
} from "./view.ts";

/** How many entries a list has when nothing is asked for. */
export const LIST_LIMIT = 1_000;

/** Most plugs that are shown of one instance, in each direction. */
export const PLUGS_SHOWN_MAX = 1_000;

/** What instances use of their hosts, by number, as far as it is known. */
export type Usages = ReadonlyMap<number, InstanceUsage>;

const NO_USAGES: Usages = new Map();

/** Which entries of a list are shown. */
export interface ListOptions {
  /** Only those that concern this service. */
  readonly service?: string | undefined;
  /** At most so many. @default {LIST_LIMIT} */
  readonly limit?: number | undefined;
}

/** The agents. */
export function viewAgents(
  registry: Registry,
  { service, limit }: ListOptions = {},
): ListView<AgentView> {
  const isAsked = ({ repository }: AgentRecord) =>
    service === undefined || repository.includes(service);
  const view = (record: AgentRecord) => viewAgent(registry, record);
  return listOf(registry.agents.values(), { isAsked, limit, view });
}

/** The instances. */
export function viewInstances(
  registry: Registry,
  { service, limit, usages }: ListOptions & { readonly usages?: Usages | undefined } = {},
): ListView<InstanceView> {
  const isAsked = (instance: Instance) => service === undefined || instance.service === service;
  const view = (instance: Instance) => viewInstance(registry, instance, usages);
  return listOf(registry.instances.values(), { isAsked, limit, view });
}

/** The connections. */
export function viewConnections(
  registry: Registry,
  { service, limit }: ListOptions = {},
): ListView<ConnectionView> {
  const isAsked = (connection: Connection) =>
    service === undefined || connection.service === service || connection.destService === service;
  const view = (connection: Connection) => viewConnection(registry, connection);
  return listOf(registry.connections.values(), { isAsked, limit, view });
}

/** The services, of which some run and some could. */
export function viewServices(
  registry: Registry,
  { service, limit }: ListOptions = {},
): ListView<ServiceView> {
  const manifests = new Map<string, ServiceManifest | undefined>();
  for (const { repository, manifests: known } of registry.agents.values()) {
    for (const name of repository) manifests.set(name, manifests.get(name) ?? known[name]);
  }
  for (const name of registry.services.keys()) manifests.set(name, manifests.get(name));
  const agents = agentsByService(registry);
  const connected = connectedByService(registry);
  const view = ([name, manifest]: [string, ServiceManifest | undefined]): ServiceView => ({
    service: name,
    agents: agents.get(name) ?? [],
    plugs: manifest?.plugs ?? plugsOfInstance(registry, name),
    connected: [...connected.get(name) ?? []].map(([dest, connections]) => ({
      service: dest,
      connections,
    })),
    idle: manifest === undefined
      ? null
      : { connectionMs: manifest.connectionIdleMs, serviceMs: manifest.serviceIdleMs },
    instances: countInstances(registry, name),
  });
  const isAsked = ([name]: [string, unknown]) => service === undefined || name === service;
  return listOf(manifests, { isAsked, limit, view });
}

function listOf<Item, View>(
  items: Iterable<Item>,
  { isAsked, view, limit = LIST_LIMIT }: {
    isAsked: (item: Item) => boolean;
    view: (item: Item) => View;
    limit: number | undefined;
  },
): ListView<View> {
  let total = 0;
  const shown: View[] = [];
  for (const item of items) {
    if (!isAsked(item)) continue;
    total += 1;
    if (shown.length < limit) shown.push(view(item));
  }
  return { total, items: shown };
}

function viewAgent(registry: Registry, record: AgentRecord): AgentView {
  const { agent, network, port, connected, repository, instances, labels, launched } = record;
  return {
    agent,
    network,
    port,
    connected,
    draining: registry.draining.has(agent),
    labels: labels ?? {},
    load: launched,
    capacity: record.capacity ?? null,
    services: repository,
    instances: instances.size,
  };
}

/** An instance, with its plugs and what it uses. */
export function viewInstance(
  registry: Registry,
  instance: Instance,
  usages: Usages = NO_USAGES,
): InstanceView {
  const { outgoing, incoming } = instance;
  const used = usages.get(instance.serviceID)?.told;
  const limitBytes = manifestOf(registry, instance.service)?.memoryBytes;
  return {
    id: instance.serviceID,
    service: instance.service,
    agent: instance.agent,
    state: instance.state,
    phase: instance.phase ?? null,
    leaving: instance.leaving === "none" ? null : instance.leaving,
    launched: instance.launched,
    plug: instance.plugs.in,
    out: viewPlugs(outgoing, "out"),
    in: viewPlugs(incoming, "in"),
    connections: outgoing.length + incoming.length,
    memoryBytes: used?.memoryBytes ?? null,
    memoryLimitBytes: limitBytes ?? null,
    cpuPercent: used === undefined ? null : used.cpuPermille / 10,
    cpuMs: used?.cpuMs ?? null,
    since: isoTime(instance.sinceMs),
    startedAt: instance.startedAtMs === undefined ? null : isoTime(instance.startedAtMs),
    lastUsed: isoTime(lastUseMsOf(instance)),
    closesAt: instanceClosesAt(registry, instance),
  };
}

function viewPlugs(connections: readonly Connection[], direction: "out" | "in"): PlugView[] {
  return connections.slice(0, PLUGS_SHOWN_MAX).map((connection) => {
    const [own, other] = direction === "out"
      ? [sourceOf(connection), destOf(connection)]
      : [destOf(connection), sourceOf(connection)];
    return {
      plug: own.plug,
      connection: connection.connectionID,
      state: connection.state,
      to: other,
      lastUsed: isoTime(connection.lastUsedMs),
    };
  });
}

function viewConnection(registry: Registry, connection: Connection): ConnectionView {
  return {
    id: connection.connectionID,
    state: connection.state,
    from: sourceOf(connection),
    to: destOf(connection),
    since: isoTime(connection.sinceMs),
    lastUsed: isoTime(connection.lastUsedMs),
    closesAt: connection.state === "open"
      ? isoTime(connection.lastUsedMs + connectionIdleMs(registry, connection))
      : null,
    exchanges: connection.count,
  };
}

/** The same rule as the manager's: only what was launched, runs and is unconnected can be idle. */
function instanceClosesAt(registry: Registry, instance: Instance): string | null {
  const { launched, state, lastUsedMs } = instance;
  if (!launched || state !== "running" || !isUnconnected(instance)) return null;
  const { serviceIdleMs } = manifestOf(registry, instance.service) ?? MANIFEST_DEFAULTS;
  return isoTime(lastUsedMs + serviceIdleMs);
}

function sourceOf({ service, serviceID, sourcePlug }: Connection): EndView {
  return { service, id: serviceID, plug: sourcePlug };
}

function destOf({ destService, destServiceID, destPlug }: Connection): EndView {
  return { service: destService, id: destServiceID, plug: destPlug };
}

function agentsByService(registry: Registry): Map<string, string[]> {
  const agents = new Map<string, string[]>();
  for (const { agent, repository } of registry.agents.values()) {
    for (const service of repository) {
      const names = agents.get(service) ?? [];
      names.push(agent);
      agents.set(service, names);
    }
  }
  return agents;
}

function connectedByService(registry: Registry): Map<string, Map<string, number>> {
  const connected = new Map<string, Map<string, number>>();
  for (const { service, destService } of registry.connections.values()) {
    const dests = connected.get(service) ?? new Map<string, number>();
    dests.set(destService, (dests.get(destService) ?? 0) + 1);
    connected.set(service, dests);
  }
  return connected;
}

/** What runs from the start has no manifest: its instances say what they may connect to. */
function plugsOfInstance(registry: Registry, service: string): readonly string[] | "*" {
  const [serviceID] = registry.services.get(service)?.instances ?? [];
  if (serviceID === undefined) return [];
  return registry.instances.get(serviceID)?.plugs.out ?? [];
}

function countInstances(registry: Registry, service: string): ServiceView["instances"] {
  const counts = { starting: 0, running: 0, closing: 0 };
  for (const serviceID of registry.services.get(service)?.instances ?? []) {
    const state = registry.instances.get(serviceID)?.state;
    if (state !== undefined) counts[state] += 1;
  }
  return counts;
}

/** A time as the API shows it. */
export function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
