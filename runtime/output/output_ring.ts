/**
 * The last lines that one instance wrote, numbered without gaps, so that whoever reads them again
 * and again is told each once, and how many were gone before they could be told.
 *
 * @module
 */

import type { ReportedLine } from "../../protocol/output.ts";

/** How much a ring keeps. */
export interface RingBounds {
  /** Most lines. */
  readonly lines: number;
  /** Most characters, beside a constant for each line. */
  readonly characters: number;
}

/** What a line costs beside its characters, in characters. */
const LINE_CHARACTERS = 64;

/** Lines that left the front are removed from the memory once they are so many. */
const SLACK = 256;

/** What was read of a ring. */
export interface RingReading {
  /** The lines, the oldest first. */
  readonly lines: readonly ReportedLine[];
  /** How many before these were gone. */
  readonly lost: number;
  /** The number of the first line that was not read. */
  readonly next: number;
}

/** The last lines of one instance. */
export class OutputRing {
  /** The service. */
  readonly service: string;
  /** The instance. */
  readonly serviceID: number;
  readonly #begin: number;
  #lines: ReportedLine[] = [];
  #head = 0;
  #characters = 0;
  #next: number;

  /**
   * No lines yet.
   *
   * @param of Whose they are.
   * @param begin The number of the first line. It is above all those that an agent before this one
   * gave, so that nobody takes a line for one that it was told.
   * @param old Lines that were written before, which have the numbers below that.
   */
  constructor(
    of: { readonly service: string; readonly serviceID: number },
    begin: number,
    old: readonly ReportedLine[] = [],
  ) {
    this.service = of.service;
    this.serviceID = of.serviceID;
    this.#begin = begin;
    this.#next = begin;
    for (const line of old) {
      this.#lines.push(line);
      this.#characters += costOf(line);
    }
  }

  /** What it holds, in characters. */
  get characters(): number {
    return this.#characters;
  }

  /** The number of the next line. */
  get next(): number {
    return this.#next;
  }

  /** Whether the instance has written anything. */
  get isUsed(): boolean {
    return this.#next > this.#begin || this.#lines.length > 0;
  }

  /** Adds a line; the oldest go when there are more than the bounds allow. */
  add(line: ReportedLine, bounds: RingBounds): void {
    this.#lines.push(line);
    this.#next += 1;
    this.#characters += costOf(line);
    this.trim(bounds);
  }

  /** Lets the oldest lines go, but for the very last one. */
  trim({ lines, characters }: RingBounds): void {
    for (;;) {
      const count = this.#lines.length - this.#head;
      const oldest = this.#lines[this.#head];
      if (oldest === undefined || count <= 1) break;
      if (count <= lines && this.#characters <= characters) break;
      this.#characters -= costOf(oldest);
      this.#head += 1;
    }
    if (this.#head < SLACK) return;
    this.#lines = this.#lines.slice(this.#head);
    this.#head = 0;
  }

  /** The newest lines of a kind, at most so many. */
  newest(count: number, accepts: (line: ReportedLine) => boolean): ReportedLine[] {
    const found: ReportedLine[] = [];
    for (let at = this.#lines.length - 1; at >= this.#head && found.length < count; at -= 1) {
      const line = this.#lines[at];
      if (line !== undefined && accepts(line)) found.push(line);
    }
    return found.reverse();
  }

  /** Whether there is anything after a place. */
  hasAfter(place: number | undefined): boolean {
    return this.#from(place) < this.#next;
  }

  /**
   * The lines of a kind after a place, the oldest first.
   *
   * @param place The number of the first line that was not read; undefined: nothing was.
   * @param options Which lines, and how many; at least one line is given, however long it is.
   */
  after(
    place: number | undefined,
    { accepts, bounds }: {
      readonly accepts: (line: ReportedLine) => boolean;
      readonly bounds: RingBounds;
    },
  ): RingReading {
    const from = this.#from(place);
    const first = this.#next - (this.#lines.length - this.#head);
    const lost = Math.max(0, first - from);
    const lines: ReportedLine[] = [];
    let characters = 0;
    let next = from + lost;
    for (; next < this.#next && lines.length < bounds.lines; next += 1) {
      const line = this.#lines[this.#head + next - first];
      if (line === undefined || !accepts(line)) continue;
      characters += costOf(line);
      if (characters > bounds.characters && lines.length > 0) break;
      lines.push(line);
    }
    return { lines, lost, next };
  }

  /** A place of another run of the agent means that everything of this run is new. */
  #from(place: number | undefined): number {
    return place === undefined || place < this.#begin ? this.#begin : Math.min(place, this.#next);
  }
}

/** What a line costs, in characters. */
export function costOf({ text }: ReportedLine): number {
  return text.length + LINE_CHARACTERS;
}
