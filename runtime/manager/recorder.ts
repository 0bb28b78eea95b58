/**
 * Records facts, and tries again what could not be recorded: a disk that is full gets room again.
 *
 * @module
 */

import type { Fact } from "../../roles/manager/memory/facts.ts";
import type { Registry } from "../../roles/manager/memory/registry.ts";
import { clockMs } from "../host.ts";
import { compactIfNeeded } from "../store/recovery.ts";
import { type Store, StoreUnavailableError } from "../store/store.ts";

/** How a {@linkcode Recorder} is set up. */
export interface RecorderOptions {
  /** Where facts go. */
  readonly store: Store;
  /** What all recorded facts fold to. */
  readonly registry: () => Registry;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
  /** Is called each time when facts could not be recorded yet. */
  readonly waiting: () => void;
  /** The time between two attempts. Milliseconds. @default {1_000} */
  readonly retryMs?: number;
}

/** How many facts are appended between two looks at the size of the history. */
const COMPACT_EVERY = 10_000;

/** Why nothing can be recorded now, and what shall be done once it can. */
interface Waiting {
  readonly facts: readonly Fact[];
  readonly done: () => void;
  readonly why: string;
  readonly sinceMs: number;
}

/** The way of facts into a store. */
export class Recorder {
  readonly #options: RecorderOptions;
  #appended = 0;
  #waiting: Waiting | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isCompactionRefused = false;

  /** Nothing is recorded yet. */
  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Why nothing can be recorded, for whoever is refused something; undefined while it can. */
  get problem(): string | undefined {
    return this.#waiting === undefined ? undefined : `Cannot record: ${this.#waiting.why}`;
  }

  /**
   * Records facts, and calls `done` once they are: before it returns, or later, where the store is
   * not available now. Until then it must not be called again.
   *
   * @throws {StoreError} when they can never be recorded.
   */
  record(facts: readonly Fact[], done: () => void): void {
    const why = this.#tryToAppend(facts);
    if (why === undefined) return done();
    this.#waiting = { facts, done, why, sinceMs: clockMs() };
    this.#options.warn(
      `Cannot record: ${why}. What runs goes on, new work is refused, until there is room`,
    );
    this.#retryLater();
  }

  /** Tries no more. */
  stop(): void {
    this.#waiting = undefined;
    clearTimeout(this.#timer);
  }

  #retryLater(): void {
    this.#options.waiting();
    this.#timer = setTimeout(() => this.#retry(), this.#options.retryMs ?? 1_000);
  }

  #retry(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const why = this.#tryToAppend(waiting.facts);
    if (why !== undefined) {
      this.#waiting = { ...waiting, why };
      return this.#retryLater();
    }
    this.#waiting = undefined;
    const seconds = Math.round((clockMs() - waiting.sinceMs) / 1_000);
    this.#options.warn(`It is recorded again what happens, after ${seconds} s without`);
    waiting.done();
  }

  /** Appends facts, or says why that can't be done now. */
  #tryToAppend(facts: readonly Fact[]): string | undefined {
    try {
      this.#options.store.append(facts);
    } catch (error) {
      if (error instanceof StoreUnavailableError) return error.why;
      throw error;
    }
    this.#appended += facts.length;
    if (this.#appended >= COMPACT_EVERY) {
      this.#appended = 0;
      this.#compact();
    }
    return undefined;
  }

  /** What is not compacted now is so next time: a history that is too long harms nobody. */
  #compact(): void {
    const { store, registry, warn } = this.#options;
    try {
      compactIfNeeded(store, registry());
      this.#isCompactionRefused = false;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      if (!this.#isCompactionRefused) warn(`Cannot shorten the history: ${error.why}`);
      this.#isCompactionRefused = true;
    }
  }
}
