/**
 * Simulated time: a queue of what happens when.
 *
 * @module
 */

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
}

function isBefore(left: Entry, right: Entry): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}

/** The clock of a simulation. Things of one moment happen in the order of their planning. */
export class Timeline {
  /** The simulated time, in milliseconds. */
  nowMs = 0;
  #order = 0;
  readonly #heap: Entry[] = [];

  /** Plans something, `delayMs` from now. */
  after(delayMs: number, action: () => void): void {
    this.#order += 1;
    const entry = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order, action };
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const parent = heap[(index - 1) >> 1];
      if (parent === undefined || isBefore(parent, entry)) break;
      heap[index] = parent;
      index = (index - 1) >> 1;
    }
    heap[index] = entry;
  }

  /** Lets everything happen that is planned until then. `stop` ends it early. */
  runUntil(untilMs: number, stop: () => boolean): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.atMs > untilMs || stop()) break;
      this.#takeFirst();
      this.nowMs = first.atMs;
      first.action();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #takeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      if (left === undefined) break;
      const goesRight = right !== undefined && isBefore(right, left);
      const child = goesRight ? right : left;
      if (isBefore(last, child)) break;
      heap[index] = child;
      index = 2 * index + (goesRight ? 2 : 1);
    }
    heap[index] = last;
  }
}
