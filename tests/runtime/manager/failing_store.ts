/**
 * A store that can't be written while a test says so.
 *
 * @module
 */

import type { Fact } from "../../../roles/manager/memory/facts.ts";
import { openMemoryStore } from "../../../runtime/store/memory_store.ts";
import {
  type Snapshot,
  type Store,
  type StoreQuery,
  StoreUnavailableError,
} from "../../../runtime/store/store.ts";

/** A store in memory whose disk is full on command. */
export class FailingStore implements Store {
  /** Why it can't be written now. */
  failure: string | undefined;
  /** How often it refused to be written. */
  refusedCount = 0;
  readonly #store = openMemoryStore();

  get lastSeq(): number {
    return this.#store.lastSeq;
  }

  get factCount(): number {
    return this.#store.factCount;
  }

  get snapshotSeq(): number {
    return this.#store.snapshotSeq;
  }

  append(facts: readonly Fact[]): void {
    this.#checkDisk();
    this.#store.append(facts);
  }

  read(afterSeq?: number): Iterable<Fact> {
    return this.#store.read(afterSeq);
  }

  query(filter: StoreQuery): Fact[] {
    return this.#store.query(filter);
  }

  saveSnapshot(snapshot: Snapshot): void {
    this.#checkDisk();
    this.#store.saveSnapshot(snapshot);
  }

  loadSnapshot(): Snapshot | undefined {
    return this.#store.loadSnapshot();
  }

  prune(keepFacts: number): number {
    return this.#store.prune(keepFacts);
  }

  close(): void {}

  #checkDisk(): void {
    if (this.failure === undefined) return;
    this.refusedCount += 1;
    throw new StoreUnavailableError(`Cannot write "a double": ${this.failure}`, {
      why: this.failure,
    });
  }
}
