/**
 * What the checkers found.
 *
 * @module
 */

import type { Timeline } from "./timeline.ts";

/** Most violations that are kept: the first ones tell the most. */
const VIOLATIONS_MAX = 20;

/** The rules that were broken in a simulation. */
export class Violations {
  /** One line each. */
  readonly list: string[] = [];
  readonly #timeline: Timeline;

  /** None so far. */
  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Whether there are so many that going on tells nothing more. */
  get isFull(): boolean {
    return this.list.length >= VIOLATIONS_MAX;
  }

  /** A checker found that a rule is broken. */
  report(checker: string, text: string): void {
    if (this.isFull) return;
    this.list.push(`${(this.#timeline.nowMs / 1_000).toFixed(3)} s, ${checker}: ${text}`);
  }
}
