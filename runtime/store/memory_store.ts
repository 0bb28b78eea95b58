/**
 * A store that keeps the newest facts in memory: for a mesh without a data folder.
 *
 * @module
 */

import type { Fact } from "../../roles/manager/memory/facts.ts";
import { subjectsOf } from "./fact_text.ts";
import {
  checkContinues,
  QUERY_LIMIT,
  type Snapshot,
  type Store,
  type StoreQuery,
} from "./store.ts";

/** How many facts are kept when the options do not say. */
export const MEMORY_FACTS_MAX = 100_000;

/** Options of {@linkcode openMemoryStore}. */
export interface MemoryStoreOptions {
  /** At most about so many facts are kept; older ones are forgotten. @default {MEMORY_FACTS_MAX} */
  readonly factsMax?: number;
}

/** A fact, and the latest time up to it: clocks may go back, history does not. */
interface Entry {
  readonly fact: Fact;
  readonly latestMs: number;
}

/**
 * Opens an empty store in memory. It forgets its oldest facts even if no snapshot contains them:
 * nothing can recover from a memory that is gone anyway.
 */
export function openMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options.factsMax ?? MEMORY_FACTS_MAX);
}

class MemoryStore implements Store {
  readonly #factsMax: number;
  #entries: Entry[] = [];
  #lastSeq = 0;
  #latestMs = -Infinity;
  #snapshot: { readonly seq: number; readonly text: string } | undefined;

  constructor(factsMax: number) {
    this.#factsMax = factsMax;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get factCount(): number {
    return this.#entries.length;
  }

  get snapshotSeq(): number {
    return this.#snapshot?.seq ?? 0;
  }

  append(facts: readonly Fact[]): void {
    checkContinues(facts, this.#lastSeq);
    for (const fact of facts) {
      this.#latestMs = Math.max(this.#latestMs, fact.atMs);
      this.#entries.push({ fact, latestMs: this.#latestMs });
    }
    this.#lastSeq += facts.length;
    // A quarter more than the bound is kept, so that entries are moved once in a while only.
    if (this.#entries.length > this.#factsMax * 1.25) {
      this.#entries = this.#entries.slice(-this.#factsMax);
    }
  }

  *read(afterSeq = 0): Iterable<Fact> {
    let seq = Math.max(afterSeq, this.#firstSeq - 1);
    for (let entry = this.#at(seq + 1); entry !== undefined; entry = this.#at(seq + 1)) {
      yield entry.fact;
      seq = Math.max(entry.fact.seq, this.#firstSeq - 1);
    }
  }

  query(filter: StoreQuery): Fact[] {
    const { limit = QUERY_LIMIT, afterSeq } = filter;
    const { first, last } = this.#range(filter);
    const found: Fact[] = [];
    const step = afterSeq === undefined ? -1 : 1;
    for (let seq = step > 0 ? first : last; seq >= first && seq <= last; seq += step) {
      if (found.length >= limit) break;
      const fact = this.#at(seq)?.fact;
      if (fact !== undefined && isAsked(fact, filter)) found.push(fact);
    }
    return step > 0 ? found : found.reverse();
  }

  saveSnapshot(snapshot: Snapshot): void {
    this.#snapshot = { seq: snapshot.seq, text: JSON.stringify(snapshot.registry) };
  }

  loadSnapshot(): Snapshot | undefined {
    if (this.#snapshot === undefined) return undefined;
    return { seq: this.#snapshot.seq, registry: JSON.parse(this.#snapshot.text) };
  }

  prune(keepFacts: number): number {
    const throughSeq = Math.min(this.snapshotSeq, this.#lastSeq - keepFacts);
    const count = Math.min(this.#entries.length, Math.max(0, throughSeq - this.#firstSeq + 1));
    this.#entries.splice(0, count);
    return count;
  }

  close(): void {}

  get #firstSeq(): number {
    return this.#lastSeq - this.#entries.length + 1;
  }

  #at(seq: number): Entry | undefined {
    return seq < this.#firstSeq ? undefined : this.#entries[seq - this.#firstSeq];
  }

  #range({ afterSeq = 0, sinceMs, untilMs }: StoreQuery): { first: number; last: number } {
    let first = Math.max(afterSeq + 1, this.#firstSeq);
    let last = this.#lastSeq;
    if (sinceMs !== undefined) {
      first = Math.max(first, this.#firstSeqWhere((latestMs) => latestMs >= sinceMs));
    }
    if (untilMs !== undefined) {
      last = Math.min(last, this.#firstSeqWhere((latestMs) => latestMs > untilMs) - 1);
    }
    return { first, last };
  }

  /** The number of the first fact whose latest time holds, or one more than the last. */
  #firstSeqWhere(holds: (latestMs: number) => boolean): number {
    const index = this.#entries.findIndex(({ latestMs }) => holds(latestMs));
    return index < 0 ? this.#lastSeq + 1 : this.#firstSeq + index;
  }
}

function isAsked(fact: Fact, { service, serviceID, connectionID, kinds }: StoreQuery): boolean {
  const about = subjectsOf(fact);
  return (kinds === undefined || kinds.includes(fact.kind)) &&
    (service === undefined || about.service === service || about.destService === service) &&
    (serviceID === undefined || about.serviceID === serviceID ||
      about.destServiceID === serviceID) &&
    (connectionID === undefined || about.connectionID === connectionID);
}
