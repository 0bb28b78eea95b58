/**
 * Facts on their way to another thread, many at a time: a call costs far more than a fact, and it
 * would compete with the requests that the facts are about.
 *
 * @module
 */

import type { Fact } from "../../roles/manager/memory/facts.ts";

/** How long facts wait for others. Milliseconds. */
const WAIT_MS = 10;
/** So many facts wait no longer. */
const FACTS_MAX = 1_000;

/** Collects facts, and gives them on together. */
export class FactBatches {
  readonly #take: (facts: readonly Fact[]) => unknown;
  #facts: Fact[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Nothing waits yet. */
  constructor(take: (facts: readonly Fact[]) => unknown) {
    this.#take = take;
  }

  /** Gives facts on, within ten milliseconds. */
  add(facts: readonly Fact[]): void {
    for (const fact of facts) this.#facts.push(fact);
    if (this.#facts.length >= FACTS_MAX) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), WAIT_MS);
  }

  /** Gives on what waits, now; resolves when it has been taken, where that is told. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#facts.length === 0) return;
    const facts = this.#facts;
    this.#facts = [];
    await this.#take(facts);
  }
}
