/**
 * The fold: history in, registry out. Nothing else changes a registry, so a replay of the recorded
 * facts gives the very registry that the manager had.
 *
 * @module
 */

import { invariant } from "../../../protocol/errors.ts";
import { joinEnds, leaveEnds } from "./connection_ends.ts";
import { addCrash, beginLoop, countCrash } from "./crash_records.ts";
import type { ConnectionEnds, Fact } from "./facts.ts";
import {
  type Connection,
  emptyRegistry,
  findConnection,
  type Instance,
  isUnconnected,
  type Registry,
} from "./registry.ts";
import { freePlug, occupyPlug } from "./plugs.ts";
import { noteServiceID } from "./service_ids.ts";

type FactOf<Kind extends Fact["kind"]> = Extract<Fact, { kind: Kind }>;

/** Changes the registry by one fact. @throws {InvariantError} when the history has a gap. */
export function applyFact(registry: Registry, fact: Fact): void {
  invariant(
    fact.seq === registry.lastSeq + 1,
    `Cannot apply fact "${fact.seq}": the last one was ${registry.lastSeq}`,
  );
  registry.lastSeq = fact.seq;
  switch (fact.kind) {
    case "agentRegistered":
      return applyAgent(registry, fact);
    case "agentRepositoryChanged":
      return changeRepository(registry, fact);
    case "agentDraining":
      return applyDraining(registry, fact);
    case "agentDisconnected":
      return setConnected(registry, fact.agent, false);
    case "agentLost":
      registry.agents.delete(fact.agent);
      return;
    case "instanceRegistered":
    case "instanceStarting":
      return addInstance(registry, fact);
    case "instanceStarted":
      return startInstance(registry, fact);
    case "instanceLeaving":
      return markLeaving(registry, fact);
    case "instanceClosing":
      return closeInstance(registry, fact);
    case "instanceEnded":
      return removeInstance(registry, fact);
    case "instanceUsed": {
      const instance = registry.instances.get(fact.serviceID);
      if (instance !== undefined) instance.lastUsedMs = fact.atMs;
      return;
    }
    case "instanceRefused":
      return;
    case "serviceCrashLooping":
      return beginLoop(registry.crashes, fact.service);
    case "serviceRecovered":
      registry.crashes.delete(fact.service);
      return;
    case "connectionOffered":
      return addConnection(registry, fact);
    case "connectionOpened":
    case "connectionClosing":
    case "connectionUsed":
      return changeConnection(registry, fact);
    case "connectionClosed":
      return removeConnection(registry, fact);
    case "requestFailed":
      return;
  }
}

/** Replays facts from the beginning, or onto a registry that already holds the earlier ones. */
export function foldFacts(facts: Iterable<Fact>, registry: Registry = emptyRegistry()): Registry {
  for (const fact of facts) applyFact(registry, fact);
  return registry;
}

function applyAgent(registry: Registry, fact: FactOf<"agentRegistered">): void {
  const { kind: _kind, seq: _seq, atMs: _atMs, ...announced } = fact;
  const { instances = new Set<number>(), launched = 0 } = registry.agents.get(fact.agent) ?? {};
  registry.agents.set(fact.agent, { ...announced, connected: true, instances, launched });
}

function changeRepository(registry: Registry, fact: FactOf<"agentRepositoryChanged">): void {
  const record = registry.agents.get(fact.agent);
  if (record === undefined) return;
  record.repository = fact.repository;
  record.manifests = fact.manifests;
}

function applyDraining(registry: Registry, fact: FactOf<"agentDraining">): void {
  const { agent, draining } = fact;
  if (!draining) registry.draining.delete(agent);
  else registry.draining.set(agent, registry.agents.get(agent)?.incarnation ?? "");
}

function setConnected(registry: Registry, agent: string, connected: boolean): void {
  const record = registry.agents.get(agent);
  if (record !== undefined) record.connected = connected;
}

function addInstance(
  registry: Registry,
  fact: FactOf<"instanceRegistered"> | FactOf<"instanceStarting">,
): void {
  const { serviceID, service, agent, plugs, atMs } = fact;
  const record = registry.agents.get(agent);
  invariant(record !== undefined, `Cannot add instance "${serviceID}": no agent "${agent}"`);
  const launched = fact.kind === "instanceStarting";
  const instance: Instance = {
    serviceID,
    service,
    agent,
    network: record.network,
    plugs,
    launched,
    state: launched ? "starting" : "running",
    phase: undefined,
    killedFor: undefined,
    leaving: "none",
    sinceMs: atMs,
    startedAtMs: launched ? undefined : atMs,
    lastUsedMs: atMs,
    outgoing: [],
    incoming: [],
  };
  noteServiceID(registry, serviceID);
  registry.instances.set(serviceID, instance);
  record.instances.add(serviceID);
  if (launched) record.launched += 1;
  const ofService = registry.services.get(service) ??
    { instances: new Set<number>(), starting: 0, ready: [] };
  registry.services.set(service, ofService);
  ofService.instances.add(serviceID);
  if (launched) ofService.starting += 1;
  else if (plugs.in !== null) ofService.ready.push(instance);
  if (launched && plugs.in !== null) occupyPlug(registry, record.network, plugs.in);
}

/** Takes an instance out of what its service counts by state. */
function leaveState(registry: Registry, instance: Instance): void {
  const ofService = registry.services.get(instance.service);
  if (ofService === undefined) return;
  if (instance.state === "starting") ofService.starting -= 1;
  const at = ofService.ready.indexOf(instance);
  const last = ofService.ready.at(-1);
  if (at < 0 || last === undefined) return;
  ofService.ready[at] = last;
  ofService.ready.pop();
}

function startInstance(registry: Registry, fact: FactOf<"instanceStarted">): void {
  const instance = registry.instances.get(fact.serviceID);
  invariant(instance !== undefined, `Cannot start instance "${fact.serviceID}": it is unknown`);
  leaveState(registry, instance);
  instance.state = "running";
  if (instance.plugs.in !== null) {
    registry.services.get(instance.service)?.ready.push(instance);
  }
  instance.startedAtMs = fact.atMs;
  instance.lastUsedMs = fact.atMs;
}

function markLeaving(registry: Registry, fact: FactOf<"instanceLeaving">): void {
  const instance = registry.instances.get(fact.serviceID);
  invariant(instance !== undefined, `Cannot replace instance "${fact.serviceID}": it is unknown`);
  instance.leaving = fact.cause;
  noteCrash(registry, { ...fact, hasRun: true });
}

function closeInstance(registry: Registry, fact: FactOf<"instanceClosing">): void {
  const instance = registry.instances.get(fact.serviceID);
  invariant(instance !== undefined, `Cannot close instance "${fact.serviceID}": it is unknown`);
  leaveState(registry, instance);
  instance.state = "closing";
  instance.phase = fact.phase;
  if (fact.isFault === true) instance.killedFor = fact.reason;
}

function removeInstance(registry: Registry, fact: FactOf<"instanceEnded">): void {
  const instance = registry.instances.get(fact.serviceID);
  invariant(instance !== undefined, `Cannot end instance "${fact.serviceID}": it is unknown`);
  invariant(isUnconnected(instance), `Cannot end instance "${fact.serviceID}": it has connections`);
  registry.instances.delete(fact.serviceID);
  const agent = registry.agents.get(instance.agent);
  agent?.instances.delete(fact.serviceID);
  if (agent !== undefined && instance.launched) agent.launched -= 1;
  leaveState(registry, instance);
  const ofService = registry.services.get(instance.service);
  ofService?.instances.delete(fact.serviceID);
  if (ofService?.instances.size === 0) registry.services.delete(instance.service);
  if (instance.launched && instance.plugs.in !== null) {
    freePlug(registry, { network: instance.network, plug: instance.plugs.in, atMs: fact.atMs });
  }
  noteCrash(registry, { ...fact, hasRun: instance.startedAtMs !== undefined });
}

/** What a fact says of an instance may be that it crashed. */
function noteCrash(
  registry: Registry,
  { crash, atMs, reason, service, hasRun }: FactOf<"instanceLeaving" | "instanceEnded"> & {
    readonly hasRun: boolean;
  },
): void {
  if (crash === undefined) return;
  addCrash(registry.crashes, service, { ...crash, atMs, reason, hasRun });
  countCrash(registry.crashCounts, service, atMs);
}

function addConnection(registry: Registry, fact: FactOf<"connectionOffered">): void {
  const { connectionID, serviceID, service, sourcePlug, destServiceID, destService, destPlug } =
    fact;
  const source = registry.instances.get(serviceID);
  const dest = registry.instances.get(destServiceID);
  invariant(
    source !== undefined && dest !== undefined,
    `Cannot add connection "${connectionID}": one of its ends is unknown`,
  );
  const connection: Connection = {
    connectionID,
    serviceID,
    service,
    sourcePlug,
    destServiceID,
    destService,
    destPlug,
    state: "offered",
    sinceMs: fact.atMs,
    lastUsedMs: fact.atMs,
    count: 0,
    outgoingAt: 0,
    incomingAt: 0,
  };
  registry.lastConnectionID = Math.max(registry.lastConnectionID, connectionID);
  registry.connections.set(connectionID, connection);
  registry.bySource.add(connection);
  joinEnds(connection, source, dest);
}

function changeConnection(
  registry: Registry,
  fact: FactOf<"connectionOpened"> | FactOf<"connectionClosing"> | FactOf<"connectionUsed">,
): void {
  const connection = liveConnection(registry, fact);
  if (fact.kind === "connectionClosing") {
    connection.state = "closing";
    return;
  }
  if (fact.kind === "connectionOpened") connection.state = "open";
  else connection.count += fact.count;
  connection.lastUsedMs = fact.atMs;
}

/** The connection that a fact is about, found by its source as in the step that recorded it. */
function liveConnection(registry: Registry, fact: ConnectionEnds): Connection {
  const connection = findConnection(registry, fact.serviceID, fact.sourcePlug);
  invariant(
    connection?.connectionID === fact.connectionID,
    `Cannot change connection "${fact.connectionID}": it is unknown`,
  );
  return connection;
}

function removeConnection(registry: Registry, fact: FactOf<"connectionClosed">): void {
  const connection = liveConnection(registry, fact);
  const source = registry.instances.get(connection.serviceID);
  const dest = registry.instances.get(connection.destServiceID);
  invariant(
    source !== undefined && dest !== undefined,
    `Cannot close connection "${fact.connectionID}": one of its ends is unknown`,
  );
  registry.connections.delete(fact.connectionID);
  registry.bySource.delete(connection);
  leaveEnds(connection, source, dest);
  source.lastUsedMs = Math.max(source.lastUsedMs, connection.lastUsedMs);
  dest.lastUsedMs = Math.max(dest.lastUsedMs, connection.lastUsedMs);
}
