/**
 * How far the lines of each instance were shown, so that an agent which is asked anew has none
 * shown twice and none left out.
 *
 * @module
 */

/** Instances that are remembered; of more, those that were silent for longest are forgotten. */
const INSTANCES_MAX = 1_000;

/** The newest lines of one instance. */
interface Place {
  /** When they were written. */
  atMs: number;
  /** How many of them were shown. */
  count: number;
  /** How many of these may come again; undefined: only new lines come. */
  again: number | undefined;
}

/** A line, as far as it matters here. */
export interface PlacedLine {
  /** Its instance, by a number that no other one has. */
  readonly instance: number;
  /** When it was written, in milliseconds since 1970. */
  readonly atMs: number;
}

/** The places of all instances that were heard of. */
export class LogPlaces {
  readonly #places = new Map<number, Place>();
  readonly #startMs: number;

  /** Nothing was shown yet; what is written before `startMs` need not be. */
  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** The time from which on lines may be missing. Lines from then on come again from now on. */
  resume(): number {
    let sinceMs = Infinity;
    for (const place of this.#places.values()) {
      place.again = place.count;
      sinceMs = Math.min(sinceMs, place.atMs);
    }
    return this.#places.size === 0 ? this.#startMs : sinceMs;
  }

  /** Whether a line is to be shown, which it then was. */
  take({ instance, atMs }: PlacedLine): boolean {
    const place = this.#places.get(instance);
    if (place?.again !== undefined) {
      if (atMs < place.atMs) return false;
      if (atMs === place.atMs && place.again > 0) {
        place.again -= 1;
        return false;
      }
    }
    const count = place?.atMs === atMs ? place.count + 1 : 1;
    this.#places.delete(instance);
    this.#places.set(instance, { atMs, count, again: undefined });
    const [oldest] = this.#places.keys();
    if (this.#places.size > INSTANCES_MAX && oldest !== undefined) this.#places.delete(oldest);
    return true;
  }
}
