/**
 * Where live connections are found by who dialled them: the instance and its out-plug, which is how
 * every message names one. It follows from the registry's connections, and says nothing new.
 *
 * One open hash table serves all instances, as a map in each of them would be spread over so much
 * memory that a large mesh waits for it at every message: here two places are read, the slot and
 * the connection.
 *
 * @module
 */

import type { Connection } from "./registry.ts";

const SLOTS_MIN = 16;

/** A place in a table for an instance and its plug; numbers that are close are far apart in it. */
function hashOf(serviceID: number, sourcePlug: number): number {
  const mixed = Math.imul(serviceID, 0x9e3779b1) ^ Math.imul(sourcePlug, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 8;
}

function emptySlots(count: number): (Connection | undefined)[] {
  return new Array(count).fill(undefined);
}

/** Live connections by their source. A slot that is taken sends on to the next one. */
export class ConnectionIndex {
  /** A power of two, at most half of them taken. */
  #slots = emptySlots(SLOTS_MIN);
  #size = 0;

  /** The connection that an instance dialled from a plug, if it is live. */
  get(serviceID: number, sourcePlug: number): Connection | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = hashOf(serviceID, sourcePlug) & mask;; at = (at + 1) & mask) {
      const found = slots[at];
      if (found === undefined) return undefined;
      if (found.serviceID === serviceID && found.sourcePlug === sourcePlug) return found;
    }
  }

  /** Adds a connection, which is not in it. */
  add(connection: Connection): void {
    if (2 * this.#size >= this.#slots.length) this.#grow();
    this.#place(connection);
    this.#size += 1;
  }

  /** Takes a connection out. What was sent on because of it moves up, so that no gap hides it. */
  delete(connection: Connection): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = hashOf(connection.serviceID, connection.sourcePlug) & mask;
    while (slots[gap] !== connection) {
      if (slots[gap] === undefined) return;
      gap = (gap + 1) & mask;
    }
    this.#size -= 1;
    let at = gap;
    for (;;) {
      at = (at + 1) & mask;
      const next = slots[at];
      if (next === undefined) break;
      const wanted = hashOf(next.serviceID, next.sourcePlug) & mask;
      const isAfterGap = ((at - wanted) & mask) < ((at - gap) & mask);
      if (isAfterGap) continue;
      slots[gap] = next;
      gap = at;
    }
    slots[gap] = undefined;
  }

  #place(connection: Connection): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = hashOf(connection.serviceID, connection.sourcePlug) & mask;
    while (slots[at] !== undefined) at = (at + 1) & mask;
    slots[at] = connection;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = emptySlots(2 * before.length);
    for (const connection of before) {
      if (connection !== undefined) this.#place(connection);
    }
  }
}
