/**
 * The registry: what the manager knows. Plain data that only `applyFact` changes.
 *
 * @module
 */

import type { PlugConfiguration } from "../../../protocol/fields.ts";
import { manifestIn, type ServiceManifest } from "../../../protocol/manifest.ts";
import { ConnectionIndex } from "./connection_index.ts";
import type { CrashCount, CrashRecord } from "./crash_records.ts";
import type { AgentTraits, ClosingPhase, ConnectionEnds, LeavingCause } from "./facts.ts";

/** An agent that has registered and was not lost since. */
export interface AgentRecord extends AgentTraits {
  /** Its name, which is its identity. */
  readonly agent: string;
  /** The address of its host. */
  network: string;
  /** Where it accepts services. */
  port: number;
  /** The services that it can start. */
  repository: readonly string[];
  /** Edges and times of those services. */
  manifests: Readonly<Record<string, ServiceManifest>>;
  /** Whether a link to it is open, as far as the history tells. */
  connected: boolean;
  /** Its live instances. */
  readonly instances: Set<number>;
  /** How many of them it launched: its load. */
  launched: number;
}

/** A live instance. */
export interface Instance {
  /** Its number. */
  readonly serviceID: number;
  /** Its service. */
  readonly service: string;
  /** Its agent. */
  readonly agent: string;
  /** The address of its host. */
  readonly network: string;
  /** Its in-plug and its edges. */
  readonly plugs: PlugConfiguration;
  /** Whether an agent launched it; what runs from the start (a gateway) is never closed as idle. */
  readonly launched: boolean;
  /** Starting until it confirms; closing once asked to end. */
  state: "starting" | "running" | "closing";
  /** How far its closing has come, when `state` is closing. */
  phase: ClosingPhase | undefined;
  /** For which fault of its own it is killed, so that its end is a crash; undefined: for none. */
  killedFor: string | undefined;
  /** Why it is about to be replaced; no connection is made to it where there is another. */
  leaving: LeavingCause | "none";
  /** When its start was ordered, or when it registered. Milliseconds since 1970. */
  readonly sinceMs: number;
  /** When it confirmed its start. Milliseconds since 1970. */
  startedAtMs: number | undefined;
  /**
   * When it was last used, apart from the connections that it has now: see {@linkcode lastUseMsOf}.
   * Milliseconds since 1970.
   */
  lastUsedMs: number;
  /** Connections that it dialled. */
  readonly outgoing: Connection[];
  /** Connections that it accepts. */
  readonly incoming: Connection[];
}

/** A live connection: both of its plugs. */
export interface Connection extends ConnectionEnds {
  /** Offered until the source confirms that it dialled. */
  state: "offered" | "open" | "closing";
  /** When it was offered. Milliseconds since 1970. */
  readonly sinceMs: number;
  /** When it was last used; of both plugs. Milliseconds since 1970. */
  lastUsedMs: number;
  /** Exchanges that ended on it. */
  count: number;
  /** Its place in `outgoing` of its source. */
  outgoingAt: number;
  /** Its place in `incoming` of its destination. */
  incomingAt: number;
}

/** The plugs of one host. */
export interface PlugPool {
  /** The number that is tried next. */
  next: number;
  /** Numbers of live instances. */
  readonly used: Set<number>;
  /** Freed numbers that rest before they are used again, with the time of freeing. */
  readonly resting: Map<number, number>;
}

/** The live instances of one service. */
export interface ServiceRecord {
  /** All of them, by number. */
  readonly instances: Set<number>;
  /** How many of them are starting. */
  starting: number;
  /** Those that run and can be connected to: not starting, not closing, with an in-plug. */
  readonly ready: Instance[];
}

/** Everything that a replay of the history gives. */
export interface Registry {
  /** The number of the newest fact. */
  lastSeq: number;
  /** The highest instance number given so far. */
  lastServiceID: number;
  /**
   * Numbers up to the highest that this history never gave, as ranges in their order: what a
   * manager without its store has not heard of yet.
   */
  readonly unheardIDs: [first: number, last: number][];
  /** The highest connection number given so far. */
  lastConnectionID: number;
  /** Agents by name. */
  readonly agents: Map<string, AgentRecord>;
  /** Live instances by number. */
  readonly instances: Map<number, Instance>;
  /** Live connections by number. */
  readonly connections: Map<number, Connection>;
  /** Live connections by source. */
  readonly bySource: ConnectionIndex;
  /** Live instances by service. */
  readonly services: Map<string, ServiceRecord>;
  /** Plugs by the address of the host. */
  readonly plugs: Map<string, PlugPool>;
  /**
   * Agents that get nothing new, with the run that was drained (empty if it did not say). They are
   * known by name beyond their loss: who drained one wants no surprise when it comes back.
   */
  readonly draining: Map<string, string>;
  /** Services that crashed lately, with what is kept of it. */
  readonly crashes: Map<string, CrashRecord>;
  /** How often services ever crashed, of which the newest are kept. */
  readonly crashCounts: Map<string, CrashCount>;
}

/** A registry before any fact. */
export function emptyRegistry(): Registry {
  return {
    lastSeq: 0,
    lastServiceID: 0,
    unheardIDs: [],
    lastConnectionID: 0,
    agents: new Map(),
    instances: new Map(),
    connections: new Map(),
    bySource: new ConnectionIndex(),
    services: new Map(),
    plugs: new Map(),
    draining: new Map(),
    crashes: new Map(),
    crashCounts: new Map(),
  };
}

/** The ends of a connection, to be named in a fact. */
export function endsOf(connection: ConnectionEnds): ConnectionEnds {
  const { connectionID, serviceID, service, sourcePlug, destServiceID, destService, destPlug } =
    connection;
  return { connectionID, serviceID, service, sourcePlug, destServiceID, destService, destPlug };
}

/** The connection that an instance dialled from a plug, if it is live. */
export function findConnection(
  registry: Registry,
  serviceID: number,
  sourcePlug: number,
): Connection | undefined {
  return registry.bySource.get(serviceID, sourcePlug);
}

/** Whether an instance has no connection, neither in nor out. */
export function isUnconnected(instance: Instance): boolean {
  return instance.outgoing.length === 0 && instance.incoming.length === 0;
}

/**
 * When an instance or one of its connections was last used, in milliseconds since 1970. The use of
 * a connection is written to it alone: it is what happens most, and of its two instances nobody
 * asks before they are without connections.
 */
export function lastUseMsOf({ lastUsedMs, outgoing, incoming }: Instance): number {
  let lastMs = lastUsedMs;
  for (const connection of outgoing) lastMs = Math.max(lastMs, connection.lastUsedMs);
  for (const connection of incoming) lastMs = Math.max(lastMs, connection.lastUsedMs);
  return lastMs;
}

/** The agent of an instance. */
export function agentOf(registry: Registry, instance: Instance): AgentRecord | undefined {
  return registry.agents.get(instance.agent);
}

/** The manifest of a service at the first agent that has one. */
export function manifestOf(registry: Registry, service: string): ServiceManifest | undefined {
  for (const agent of registry.agents.values()) {
    const manifest = manifestIn(agent.manifests, service);
    if (manifest !== undefined) return manifest;
  }
  return undefined;
}
