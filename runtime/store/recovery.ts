/**
 * From a store to a registry, and the upkeep that keeps that way short.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { foldFacts } from "../../roles/manager/memory/fold.ts";
import { emptyRegistry, type Registry } from "../../roles/manager/memory/registry.ts";
import { documentOf, registryOf } from "./registry_snapshot.ts";
import { type Store, StoreError } from "./store.ts";

/** How many facts a store keeps when the options do not say. */
export const FACTS_MAX = 1_000_000;

/** After so many facts no snapshot is taken: a replay of them takes a tenth of a second. */
const SNAPSHOT_FACTS_MIN = 10_000;

/** After so many facts one is taken, however large the mesh is: a replay takes a second. */
const SNAPSHOT_FACTS_MAX = 100_000;

/** At least so many facts are forgotten at once: each time costs a transaction. */
const PRUNE_FACTS_MIN = 1_000;

/** At most so many facts are forgotten at once: the manager waits meanwhile, about 0.2 s. */
const PRUNE_FACTS_MAX = 20_000;

/** Bounds of {@linkcode compactIfNeeded}. */
export interface CompactOptions {
  /** Older facts are forgotten when there are more. @default {FACTS_MAX} */
  readonly factsMax?: number;
  /**
   * A snapshot is taken when so many facts are not in the last one.
   *
   * @default {twice what the snapshot tells of: its cost is then small beside that of the facts}
   */
  readonly snapshotFacts?: number;
}

/**
 * The registry that a store tells of: its snapshot, and the fold of the facts after it.
 *
 * @throws {StoreError} when something in it is corrupt, or facts are missing.
 */
export function recoverRegistry(store: Store): Registry {
  const registry = readSnapshot(store);
  try {
    foldFacts(store.read(registry.lastSeq), registry);
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    // The fold stops at facts that contradict each other: a gap, or an end without a beginning.
    const reason = reasonOf(cause);
    throw new StoreError(`Cannot recover from the history: ${reason}`, { cause });
  }
  if (registry.lastSeq !== store.lastSeq) {
    throw new StoreError(
      `Cannot recover from the history: it ends at fact ${registry.lastSeq} instead of ` +
        store.lastSeq,
    );
  }
  return registry;
}

function readSnapshot(store: Store): Registry {
  const snapshot = store.loadSnapshot();
  if (snapshot === undefined) return emptyRegistry();
  const registry = registryOf(snapshot.registry);
  if (registry?.lastSeq !== snapshot.seq) {
    throw new StoreError(`Cannot recover from the snapshot of fact ${snapshot.seq}: it is corrupt`);
  }
  return registry;
}

/**
 * Makes now of the times that are later: the clock of the machine was set back since the history
 * was written, and nothing must wait until it is there again. Idle times and resting plugs begin
 * now; what history says of the past stays as it is.
 *
 * @param registry A registry that was recovered.
 * @param nowMs The present. Milliseconds since 1970.
 */
export function endFuture(registry: Registry, nowMs: number): void {
  for (const used of [registry.instances, registry.connections]) {
    for (const one of used.values()) one.lastUsedMs = Math.min(one.lastUsedMs, nowMs);
  }
  for (const { resting } of registry.plugs.values()) {
    for (const [plug, freedAtMs] of resting) {
      if (freedAtMs > nowMs) resting.set(plug, nowMs);
    }
  }
  for (const [service, record] of registry.crashes) {
    const recentMs = record.recentMs.map((atMs) => Math.min(atMs, nowMs));
    registry.crashes.set(service, { ...record, recentMs });
  }
}

/**
 * Takes a snapshot and forgets old facts, when there are enough of them. Cheap to call after every
 * append: most calls do nothing. Called more rarely than every 20 000 facts, it would fall behind.
 *
 * @param store The store.
 * @param registry The fold of every fact in it.
 * @param options The bounds.
 * @throws {StoreError} when the store cannot be written.
 */
export function compactIfNeeded(
  store: Store,
  registry: Registry,
  options: CompactOptions = {},
): void {
  const { factsMax = FACTS_MAX, snapshotFacts = snapshotFactsOf(registry) } = options;
  const excess = store.factCount - factsMax;
  const isUnsafe = excess > 0 && store.lastSeq - store.snapshotSeq > factsMax;
  if (isUnsafe || store.lastSeq - store.snapshotSeq >= snapshotFacts) {
    store.saveSnapshot({ seq: registry.lastSeq, registry: documentOf(registry) });
  }
  if (excess >= Math.min(PRUNE_FACTS_MIN, Math.ceil(factsMax / 10))) {
    store.prune(Math.max(factsMax, store.factCount - PRUNE_FACTS_MAX));
  }
}

function snapshotFactsOf({ connections, instances }: Registry): number {
  const doubled = 2 * (connections.size + instances.size);
  return Math.min(SNAPSHOT_FACTS_MAX, Math.max(SNAPSHOT_FACTS_MIN, doubled));
}
