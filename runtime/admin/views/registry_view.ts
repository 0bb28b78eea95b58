/**
 * From the manager's registry to what the admin API shows.
 *
 * @module
 */

import { connectionIdleMs } from "../../../roles/manager/flows/idle.ts";
import type { BusyNote } from "../../../roles/manager/flows/instances/notes.ts";
import type { InstanceUsage } from "../../../roles/manager/flows/instances/usages.ts";
import { MANIFEST_DEFAULTS } from "../../../protocol/manifest.ts";
import {
  type AgentRecord,
  type Connection,
  type Instance,
  lastUseMsOf,
  manifestOf,
  type Registry,
} from "../../../roles/manager/memory/registry.ts";
import type {
  AgentView,
  ConnectionView,
  EndView,
  InstanceView,
  ListView,
  PlugView,
} from "./view.ts";

/** How many entries a list has when nothing is asked for. */
export const LIST_LIMIT = 1_000;

/** Most plugs that are shown of one instance, in each direction. */
export const PLUGS_SHOWN_MAX = 1_000;

/** What the manager knows beside the history, and forgets when it ends. */
export interface ManagerNow {
  /** What instances use of their hosts, by number. */
  readonly usages: ReadonlyMap<number, InstanceUsage>;
  /** What instances work on by themselves, by number. */
  readonly busy: ReadonlyMap<number, BusyNote>;
  /** Exchanges that are open on connections, by number. */
  readonly inFlight: ReadonlyMap<number, number>;
  /** How many instances of a service count among those that shall run. */
  liveOf(service: string): number;
  /** The present, in milliseconds since 1970. */
  readonly nowMs: number;
}

const NOTHING: ManagerNow = {
  usages: new Map(),
  busy: new Map(),
  inFlight: new Map(),
  liveOf: () => 0,
  nowMs: 0,
};

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
  { service, limit, now }: ListOptions & { readonly now?: ManagerNow | undefined } = {},
): ListView<InstanceView> {
  const isAsked = (instance: Instance) => service === undefined || instance.service === service;
  const view = (instance: Instance) => viewInstance(registry, instance, now);
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

/** Some of a list, put in words. */
export function listOf<Item, View>(
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
  now: ManagerNow = NOTHING,
): InstanceView {
  const { outgoing, incoming } = instance;
  const used = now.usages.get(instance.serviceID)?.told;
  const limitBytes = manifestOf(registry, instance.service)?.memoryBytes;
  const stays = staysFor(registry, instance, now);
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
    closesAt: stays === null ? instanceClosesAt(registry, instance) : null,
    stays,
    inFlight: inFlightOf(instance, now),
    restarts: registry.crashCounts.get(instance.service)?.count ?? 0,
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

/** What it answers; of what runs from the start, which nobody connects to, what it asks. */
function inFlightOf({ launched, outgoing, incoming }: Instance, { inFlight }: ManagerNow): number {
  let sum = 0;
  for (const { connectionID } of launched ? incoming : outgoing) {
    sum += inFlight.get(connectionID) ?? 0;
  }
  return sum;
}

/** The same rules as the manager's: see `reaper.ts` among its flows. */
function staysFor(registry: Registry, instance: Instance, now: ManagerNow): string | null {
  const { launched, state, outgoing, incoming, service, serviceID } = instance;
  if (state !== "running") return null;
  if (!launched) return "always runs";
  const connections = outgoing.length + incoming.length;
  if (connections > 0) return `${connections} connection${connections === 1 ? "" : "s"}`;
  const busy = now.busy.get(serviceID);
  if (busy !== undefined && busy.untilMs >= now.nowMs) return `busy: ${busy.reason}`;
  const { min = 0 } = manifestOf(registry, service)?.instances ?? {};
  return min > 0 && now.liveOf(service) <= min ? `min ${min}` : null;
}

function instanceClosesAt(registry: Registry, instance: Instance): string | null {
  if (instance.state !== "running") return null;
  const { serviceIdleMs } = manifestOf(registry, instance.service) ?? MANIFEST_DEFAULTS;
  return isoTime(instance.lastUsedMs + serviceIdleMs);
}

function sourceOf({ service, serviceID, sourcePlug }: Connection): EndView {
  return { service, id: serviceID, plug: sourcePlug };
}

function destOf({ destService, destServiceID, destPlug }: Connection): EndView {
  return { service: destService, id: destServiceID, plug: destPlug };
}

/** A time as the API shows it. */
export function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
