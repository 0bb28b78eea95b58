/**
 * The store: where a manager records its facts before the messages that follow from them leave.
 *
 * A store is an append-only list of facts, numbered without gaps, and at most one snapshot of what
 * they fold to. All methods are synchronous, so a fact is safe when {@linkcode Store.append}
 * returns.
 *
 * @module
 */

import type { Fact, FactKind } from "../../roles/manager/memory/facts.ts";

/** How many facts a query gives when it does not say. */
export const QUERY_LIMIT = 1_000;

/** Which facts are asked for. Every field narrows the answer; all of them are optional. */
export interface StoreQuery {
  /** Facts about this service: as the one that dials, that is dialled, or by itself. */
  readonly service?: string | undefined;
  /** Facts about this instance, at either end of a connection. */
  readonly serviceID?: number | undefined;
  /** Facts about this connection. */
  readonly connectionID?: number | undefined;
  /** Facts of these kinds. */
  readonly kinds?: readonly FactKind[] | undefined;
  /** From the first fact on that was recorded at this time or later. Milliseconds since 1970. */
  readonly sinceMs?: number | undefined;
  /** Up to the first fact that was recorded after this time. Milliseconds since 1970. */
  readonly untilMs?: number | undefined;
  /** Facts with a higher number. With it the oldest `limit` facts are given, else the newest. */
  readonly afterSeq?: number | undefined;
  /** At most so many. @default {QUERY_LIMIT} */
  readonly limit?: number | undefined;
}

/** What the facts up to a number fold to. */
export interface Snapshot {
  /** The number of the last fact that is in it. */
  readonly seq: number;
  /** The registry as a JSON document; `registryOf` reads it. */
  readonly registry: unknown;
}

/** A list of facts that outlives its manager, or pretends to. */
export interface Store {
  /** The number of the newest fact that was ever appended; 0 before the first. */
  readonly lastSeq: number;
  /** How many facts can be read: those that were appended and not pruned. */
  readonly factCount: number;
  /** The number of the last fact in the snapshot; 0 when there is none. */
  readonly snapshotSeq: number;
  /**
   * Appends facts, all or none of them. When it returns, a crash of the process loses none.
   *
   * @throws {StoreUnavailableError} when they cannot be written now; nothing has changed.
   * @throws {StoreError} when they do not continue the history.
   */
  append(facts: readonly Fact[]): void;
  /**
   * Reads facts from the oldest to the newest, a bounded page at a time. What is appended
   * meanwhile is read too.
   *
   * @param afterSeq Only facts with a higher number. @default {0}
   * @throws {StoreError} when a fact cannot be read.
   */
  read(afterSeq?: number): Iterable<Fact>;
  /**
   * Finds facts.
   *
   * @returns At most `limit` of them, the newest last.
   * @throws {StoreError} when a fact cannot be read.
   */
  query(filter: StoreQuery): Fact[];
  /** Replaces the snapshot. @throws {StoreError} when it cannot be written. */
  saveSnapshot(snapshot: Snapshot): void;
  /** The snapshot, if there is one. @throws {StoreError} when it cannot be read. */
  loadSnapshot(): Snapshot | undefined;
  /**
   * Forgets the oldest facts that the snapshot contains, but keeps the newest.
   *
   * @param keepFacts How many facts are kept at least.
   * @returns How many were forgotten.
   */
  prune(keepFacts: number): number;
  /** Ends the use of the store. Closing it again does nothing. */
  close(): void;
}

/** A store cannot be opened, read or written. */
export class StoreError extends Error {
  /** The name of the class. */
  override readonly name: string = "StoreError";
}

/** A store cannot be written now: its disk is full, say. The same call may succeed later. */
export class StoreUnavailableError extends StoreError {
  /** The name of the class. */
  override readonly name: string = "StoreUnavailableError";
  /** Why, in words that name no file: whoever is refused something for it may read them. */
  readonly why: string;

  /** An error with a text for the operator. */
  constructor(message: string, options: ErrorOptions & { readonly why: string }) {
    super(message, options);
    this.why = options.why;
  }
}

/** Stops unless facts continue a history. @throws {StoreError} */
export function checkContinues(facts: readonly Fact[], lastSeq: number): void {
  let expected = lastSeq + 1;
  for (const { seq } of facts) {
    if (seq !== expected) {
      throw new StoreError(`Cannot append fact "${seq}": the next one must be ${expected}`);
    }
    expected += 1;
  }
}
