/**
 * A link within one thread, for tests and for roles that live together.
 *
 * @module
 */

import { textOf } from "./codec.ts";
import { CLOSED_HERE, CLOSED_THERE, type Link, type LinkEvents } from "./link.ts";
import { atEndOfTurn } from "./turn.ts";

/** How many values may wait on a link within one process. */
export const WAITING_VALUES_MAX = 131_072;

/** The two ends of a pair in memory. */
export interface MemoryPairOptions {
  /** What the left end tells its host. */
  left: LinkEvents;
  /** What the right end tells its host. */
  right: LinkEvents;
  /**
   * What to call the ends in logs: the name with `:left` and `:right`.
   *
   * @default {"memory"}
   */
  name?: string;
  /**
   * How many values of one turn may wait in each direction before the link breaks.
   *
   * @default {WAITING_VALUES_MAX}
   */
  waitingValuesMax?: number;
}

/**
 * Makes two linked ends, and returns the left and the right one.
 *
 * Every value is cloned by the structured clone algorithm when it is sent, so the ends share no
 * memory, and delivered at the end of the turn of the event loop.
 *
 * @example Send a value
 * ```ts
 * import { linkMemoryPair } from "./memory.ts";
 *
 * const quiet = { received() {}, malformed() {}, closed() {} };
 * const right = { ...quiet, received: (value: unknown) => console.log("received", value) };
 * const [left] = linkMemoryPair({ left: quiet, right });
 * left.send({ type: "greeting" });
 * left.close();
 * ```
 */
export function linkMemoryPair(options: MemoryPairOptions): [left: Link, right: Link] {
  const { left, right, name = "memory", waitingValuesMax = WAITING_VALUES_MAX } = options;
  const leftEnd = new MemoryEnd(`${name}:left`, { events: left, waitingValuesMax });
  const rightEnd = new MemoryEnd(`${name}:right`, { events: right, waitingValuesMax });
  leftEnd.join(rightEnd);
  rightEnd.join(leftEnd);
  return [leftEnd, rightEnd];
}

class MemoryEnd implements Link {
  readonly name: string;
  readonly #events: LinkEvents;
  readonly #waitingValuesMax: number;
  #other: MemoryEnd | undefined;
  #batch: unknown[] = [];
  #ended = false;

  constructor(name: string, options: { events: LinkEvents; waitingValuesMax: number }) {
    this.name = name;
    this.#events = options.events;
    this.#waitingValuesMax = options.waitingValuesMax;
  }

  join(other: MemoryEnd): void {
    this.#other = other;
  }

  send(value: unknown): void {
    if (this.#ended) return;
    let copy: unknown;
    try {
      copy = structuredClone(value);
    } catch (error) {
      this.abort(`Cannot send a value on "${this.name}": ${textOf(error)}`);
      return;
    }
    if (this.#batch.length === this.#waitingValuesMax) {
      this.abort(`Cannot send on "${this.name}": ${this.#waitingValuesMax} values are waiting`);
      return;
    }
    this.#batch.push(copy);
    if (this.#batch.length === 1) atEndOfTurn(() => this.#flush());
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    // Its batch is scheduled already, and what is scheduled first runs first.
    atEndOfTurn(() => {
      this.#other?.leave(CLOSED_THERE);
      this.#events.closed(CLOSED_HERE);
    });
  }

  abort(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#batch = [];
    atEndOfTurn(() => {
      this.#other?.leave(`${CLOSED_THERE}: ${reason}`);
      this.#events.closed(reason);
    });
  }

  /** Ends this end because the other one ended, after its own last values. */
  leave(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.closed(reason);
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    for (const value of batch) this.#other?.receive(value);
  }

  receive(value: unknown): void {
    if (!this.#ended) this.#events.received(value);
  }
}
