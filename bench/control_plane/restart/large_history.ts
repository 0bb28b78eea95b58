/**
 * A history of a large mesh, as its manager leaves it behind when it is killed.
 *
 * @module
 */

import { MANIFEST_DEFAULTS } from "../../../protocol/manifest.ts";
import { PLUG_RANGE } from "../../../protocol/limits.ts";
import type { ConnectionEnds, Fact, FactBody } from "../../../roles/manager/memory/facts.ts";
import { applyFact } from "../../../roles/manager/memory/fold.ts";
import { emptyRegistry } from "../../../roles/manager/memory/registry.ts";
import { openStore } from "../../../runtime/store/open_store.ts";
import { compactIfNeeded } from "../../../runtime/store/recovery.ts";

/** How large it is. */
export interface HistorySize {
  /** How many agents there are. */
  readonly agents: number;
  /** How many instances run. */
  readonly instances: number;
  /** How many connections are open. */
  readonly connections: number;
  /** How many facts there are in all. */
  readonly facts: number;
}

/** The last fact is this old. Milliseconds. */
const AGE_MS = 5_000;
/** So many facts are appended at once. */
const BATCH_FACTS = 1_000;
/** Compaction is looked at as often as a manager does. */
const COMPACT_EVERY = 10_000;
const SERVICES = 100;

function serviceOf(serviceID: number): string {
  return `service-${serviceID % SERVICES}`;
}

function agentOf(serviceID: number, size: HistorySize): number {
  return serviceID % size.agents;
}

function plugOf(serviceID: number, size: HistorySize): number {
  return PLUG_RANGE.first + Math.floor(serviceID / size.agents);
}

function* bodies(size: HistorySize): Generator<FactBody> {
  const repository = Array.from({ length: SERVICES }, (_, index) => `service-${index}`);
  const manifest = { ...MANIFEST_DEFAULTS, plugs: "*" } as const;
  const manifests = Object.fromEntries(repository.map((name) => [name, manifest]));
  for (let agent = 0; agent < size.agents; agent += 1) {
    const network = `10.0.${agent}.1`;
    const named = { agent: `agent-${agent}`, network, port: 7_410 };
    yield { kind: "agentRegistered", ...named, repository, manifests };
  }
  for (let serviceID = 1; serviceID <= size.instances; serviceID += 1) {
    const started = { serviceID, service: serviceOf(serviceID) };
    const agent = `agent-${agentOf(serviceID, size)}`;
    const plugs = { in: plugOf(serviceID, size), out: "*" } as const;
    yield { kind: "instanceStarting", ...started, agent, plugs, reason: "requests wait for it" };
    yield { kind: "instanceStarted", ...started };
  }
  const connections: ConnectionEnds[] = [];
  for (let connectionID = 1; connectionID <= size.connections; connectionID += 1) {
    const serviceID = 1 + connectionID % size.instances;
    const destServiceID = 1 + (connectionID * 7) % size.instances;
    const ends = {
      connectionID,
      serviceID,
      service: serviceOf(serviceID),
      sourcePlug: Math.ceil(connectionID / size.instances),
      destServiceID,
      destService: serviceOf(destServiceID),
      destPlug: plugOf(destServiceID, size),
    };
    connections.push(ends);
    yield { kind: "connectionOffered", ...ends };
    yield { kind: "connectionOpened", ...ends };
  }
  for (let at = 0;; at = (at + 1) % connections.length) {
    const ends = connections[at];
    if (ends === undefined) return;
    yield { kind: "connectionUsed", ...ends, count: 1 + at % 9 };
  }
}

/**
 * Writes it to a data folder, with the snapshots that a manager takes.
 *
 * @throws {StoreError} when it can't be written.
 */
export function writeLargeHistory(data: string, size: HistorySize): void {
  const store = openStore(data);
  const registry = emptyRegistry();
  const startMs = Date.now() - AGE_MS - size.facts;
  let batch: Fact[] = [];
  for (const body of bodies(size)) {
    const seq = registry.lastSeq + 1;
    const fact: Fact = { ...body, seq, atMs: startMs + seq };
    applyFact(registry, fact);
    batch.push(fact);
    if (batch.length < BATCH_FACTS && seq < size.facts) continue;
    store.append(batch);
    batch = [];
    if (seq % COMPACT_EVERY === 0 && seq < size.facts) compactIfNeeded(store, registry);
    if (seq >= size.facts) break;
  }
  store.close();
}
