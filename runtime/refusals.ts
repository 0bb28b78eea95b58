/**
 * What was refused, counted by type and status, and told to a person: the first of a kind at once,
 * then at most one line a minute, so that a peer which sends garbage can't fill a log. What may
 * come late in a mesh that is well is counted only.
 *
 * @module
 */

import { STATUS } from "../protocol/status.ts";
import type { Refusal } from "./links.ts";
import { clockMs } from "./host.ts";

/** A kind of refusal and how often it happened. */
export interface RefusalCount {
  /** The type of the message, or `malformed`. */
  readonly type: string;
  /** The status. */
  readonly status: number;
  /** How often. */
  readonly count: number;
}

/** Least time between two lines about the same kind, in milliseconds. */
const WARN_MS = 60_000;

/** Counts refusals. Kinds are few: the types of the table, and the statuses of the protocol. */
export class Refusals {
  readonly #kinds = new Map<string, { refusal: Refusal; count: number; warnedMs: number }>();
  readonly #warn: (text: string) => void;

  /** No refusals yet; lines go to `warn`. */
  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  /** Counts one. */
  add(refusal: Refusal): void {
    const key = `${refusal.type}/${refusal.status}`;
    const known = this.#kinds.get(key) ?? { refusal, count: 0, warnedMs: -Infinity };
    this.#kinds.set(key, known);
    known.count += 1;
    // What came too late is no fault of anybody: messages cross each other.
    if (refusal.status === STATUS.gone) return;
    const nowMs = clockMs();
    if (nowMs - known.warnedMs < WARN_MS) return;
    known.warnedMs = nowMs;
    const times = known.count === 1 ? "" : ` (${known.count} times so far)`;
    this.#warn(`${refusal.link}: ${refusal.reason}${times}`);
  }

  /** The counts. */
  list(): RefusalCount[] {
    return [...this.#kinds.values()].map(({ refusal: { type, status }, count }) => {
      return { type, status, count };
    });
  }
}
