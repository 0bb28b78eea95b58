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

/** Most topics that are told apart; what comes beyond counts as the same. */
const TOPICS_MAX = 100;

/** Counts refusals. Kinds are few: the types of the table, and the statuses of the protocol. */
export class Refusals {
  readonly #kinds = new Map<string, { refusal: Refusal; count: number }>();
  /** When each topic of a kind was told last. */
  readonly #toldMs = new Map<string, number>();
  readonly #warn: (text: string) => void;

  /** No refusals yet; lines go to `warn`. */
  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  /** Counts one. */
  add(refusal: Refusal): void {
    const key = `${refusal.type}/${refusal.status}`;
    const known = this.#kinds.get(key) ?? { refusal, count: 0 };
    this.#kinds.set(key, known);
    known.count += 1;
    // What came too late is no fault of anybody: messages cross each other.
    if (refusal.status === STATUS.gone) return;
    if (!this.#isDue(key, refusal.topic ?? "")) return;
    const times = known.count === 1 ? "" : ` (${known.count} times so far)`;
    this.#warn(`${refusal.link}: ${refusal.reason}${times}`);
  }

  #isDue(key: string, named: string): boolean {
    const nowMs = clockMs();
    const isKnown = this.#toldMs.has(`${key}/${named}`);
    const topic = isKnown || this.#toldMs.size < TOPICS_MAX ? `${key}/${named}` : key;
    if (nowMs - (this.#toldMs.get(topic) ?? -Infinity) < WARN_MS) return false;
    this.#toldMs.set(topic, nowMs);
    return true;
  }

  /** The counts. */
  list(): RefusalCount[] {
    return [...this.#kinds.values()].map(({ refusal: { type, status }, count }) => {
      return { type, status, count };
    });
  }
}
