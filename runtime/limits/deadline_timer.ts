/**
 * Many deadlines, one timer: most of them are cleared before they are due, so that only the soonest
 * needs a timer, and one that comes too early costs less than moving it each time.
 *
 * @module
 */

import {
  clearDeadline,
  emptyDeadlines,
  nextDeadlineMs,
  setDeadline,
  takeDue,
} from "../../roles/deadlines.ts";

/** What has a deadline. */
export interface Expiring {
  /** Its time has come; it has no deadline any more. */
  due(nowMs: number): void;
}

/** The deadlines of a process. */
export class DeadlineTimer {
  readonly #deadlines = emptyDeadlines<Expiring>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDueMs = Infinity;

  /** How many have a deadline now. */
  get size(): number {
    return this.#deadlines.entries.size;
  }

  /** Gives a deadline, or moves the one that there is. Milliseconds of `performance.now()`. */
  set(expiring: Expiring, dueMs: number): void {
    setDeadline(this.#deadlines, expiring, dueMs);
    this.#arm();
  }

  /** Takes the deadline away, if there is one. The timer ends with the last of them. */
  clear(expiring: Expiring): void {
    clearDeadline(this.#deadlines, expiring);
    if (this.size > 0) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = Infinity;
  }

  #arm(): void {
    const dueMs = nextDeadlineMs(this.#deadlines) ?? Infinity;
    if (dueMs >= this.#timerDueMs) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, Math.ceil(dueMs - performance.now())));
  }

  #tick(): void {
    this.#timerDueMs = Infinity;
    const nowMs = performance.now();
    for (;;) {
      const expiring = takeDue(this.#deadlines, nowMs);
      if (expiring === undefined) break;
      expiring.due(nowMs);
    }
    this.#arm();
  }
}
