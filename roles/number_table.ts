/**
 * Values by number, for what comes and goes with each request.
 *
 * A `Map` does the same, but not for the garbage collector. When its table is full V8 makes another
 * one and leaves in the old one a pointer to it, for iterators. Once a table has grown old, with
 * the first full collection, each table keeps the next one alive, and all that was ever in it,
 * until the next full collection: nothing dies young any more. For a gateway that was a fourth of
 * its time, and pauses of 8 ms. Here what is taken out is overwritten, and nothing points to what
 * comes later.
 *
 * @module
 */

const FIRST_CAPACITY = 16;

/**
 * A table of values by positive whole numbers, with open addressing. It grows with what it holds at
 * a time, and does not shrink.
 *
 * @example
 * ```ts
 * import { NumberTable } from "./number_table.ts";
 *
 * const table = new NumberTable<string>();
 * table.set(7, "seven");
 * console.log(table.get(7), table.size); // seven 1
 * table.delete(7);
 * ```
 */
export class NumberTable<Value> {
  /** Zero is a free place. */
  #keys: number[] = new Array(FIRST_CAPACITY).fill(0);
  #values: (Value | undefined)[] = new Array(FIRST_CAPACITY).fill(undefined);
  #mask = FIRST_CAPACITY - 1;
  #size = 0;

  /** How many values there are. */
  get size(): number {
    return this.#size;
  }

  /** The value of a number, or undefined. */
  get(key: number): Value | undefined {
    return this.#values[this.#find(key)];
  }

  /** Puts a value in the place of the one that the number had. */
  set(key: number, value: Value): void {
    let at = this.#find(key);
    if (this.#keys[at] === 0) {
      // Half of the places stay free, so that runs of taken ones are short.
      if (2 * this.#size > this.#mask) {
        this.#grow();
        at = this.#find(key);
      }
      this.#keys[at] = key;
      this.#size += 1;
    }
    this.#values[at] = value;
  }

  /** Takes a number out; whether it was there. */
  delete(key: number): boolean {
    let hole = this.#find(key);
    if (this.#keys[hole] === 0) return false;
    // Whatever could not be put where it belongs since the place was taken moves nearer to it.
    for (let at = this.#next(hole);; at = this.#next(at)) {
      const moved = this.#keys[at] ?? 0;
      if (moved === 0) break;
      const distance = (at - moved) & this.#mask;
      if (distance < ((at - hole) & this.#mask)) continue;
      this.#keys[hole] = moved;
      this.#values[hole] = this.#values[at];
      hole = at;
    }
    this.#keys[hole] = 0;
    this.#values[hole] = undefined;
    this.#size -= 1;
    return true;
  }

  /** Takes everything out. */
  clear(): void {
    this.#keys.fill(0);
    this.#values.fill(undefined);
    this.#size = 0;
  }

  /** All numbers with their values, as they are now, in no order. */
  entries(): [key: number, value: Value][] {
    const entries: [number, Value][] = [];
    for (const [at, key] of this.#keys.entries()) {
      const value = this.#values[at];
      if (key !== 0 && value !== undefined) entries.push([key, value]);
    }
    return entries;
  }

  /** All values, as they are now, in no order. */
  values(): Value[] {
    return this.entries().map(([, value]) => value);
  }

  /** Where a number is, or would be. */
  #find(key: number): number {
    let at = key & this.#mask;
    for (;;) {
      const found = this.#keys[at];
      if (found === key || found === 0) return at;
      at = this.#next(at);
    }
  }

  #next(at: number): number {
    return (at + 1) & this.#mask;
  }

  #grow(): void {
    const entries = this.entries();
    const capacity = 2 * (this.#mask + 1);
    this.#keys = new Array(capacity).fill(0);
    this.#values = new Array(capacity).fill(undefined);
    this.#mask = capacity - 1;
    for (const [key, value] of entries) {
      const at = this.#find(key);
      this.#keys[at] = key;
      this.#values[at] = value;
    }
  }
}
