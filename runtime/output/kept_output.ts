/**
 * What the instances of an agent wrote, as far as it is kept: the last lines of each that runs, and
 * of the last few of each service that have ended.
 *
 * @module
 */

import { LIMITS } from "../../protocol/limits.ts";
import type { MessageOf } from "../../protocol/messages.ts";
import type { OutputPlace, ReportedLine, ReportedOutput } from "../../protocol/output.ts";
import type { OutputLine } from "../agent/agent_host_options.ts";
import { costOf, OutputRing, type RingBounds } from "./output_ring.ts";

/** How much is kept. */
export interface KeptOutputBounds {
  /** Most lines of one instance. @default {1_000} */
  readonly lines?: number;
  /** Most characters of one instance. @default {262_144} */
  readonly characters?: number;
  /** Most characters of all that run; each may keep an equal part. @default {33_554_432} */
  readonly liveCharacters?: number;
  /** Most instances of one service that have ended. @default {5} */
  readonly ended?: number;
  /** Most characters of all that have ended; the oldest go first. @default {8_388_608} */
  readonly endedCharacters?: number;
}

const DEFAULTS: Required<KeptOutputBounds> = {
  lines: 1_000,
  characters: 256 * 1024,
  liveCharacters: 32 * 1024 * 1024,
  ended: 5,
  endedCharacters: 8 * 1024 * 1024,
};

/** Most characters of one answer: the control characters of JSON make six of one. */
const ANSWER_CHARACTERS = 1024 * 1024;

/** Numbers of lines begin at the time of the start, and nobody writes faster than this in it. */
const LINES_PER_MS = 1_000;

/** Asks for output. */
export type OutputQuestion = Omit<MessageOf<"outputRequest">, "type" | "messageID">;

/** The output of the instances of an agent. */
export class KeptOutput {
  readonly #bounds: Required<KeptOutputBounds>;
  readonly #begin: number;
  readonly #live = new Map<number, OutputRing>();
  /** Those that have ended, the one that ended first is the first. */
  readonly #ended = new Map<number, OutputRing>();
  #endedCharacters = 0;

  /**
   * Nothing is kept yet.
   *
   * @param options The bounds, and the time of the start in milliseconds since 1970.
   */
  constructor(options: KeptOutputBounds & { readonly nowMs: number }) {
    const { nowMs, ...bounds } = options;
    this.#bounds = { ...DEFAULTS, ...bounds };
    this.#begin = Math.floor(nowMs) * LINES_PER_MS;
  }

  /**
   * An instance has begun: what it writes is kept from now on.
   *
   * @param of Which one.
   * @param old What it wrote before this agent took it over, the oldest first.
   */
  began(
    of: { readonly service: string; readonly serviceID: number },
    old: readonly ReportedLine[] = [],
  ): void {
    const ring = new OutputRing(of, this.#begin, old);
    this.#live.set(of.serviceID, ring);
    // Each may keep less now that there is one more.
    const bounds = this.#liveBounds();
    if (bounds.characters < this.#bounds.characters) {
      for (const each of this.#live.values()) each.trim(bounds);
    } else ring.trim(bounds);
  }

  /** Keeps a line. One of nobody that is known is dropped: nothing would ever end it. */
  add({ serviceID, atMs, stream, text }: OutputLine): void {
    const line = { atMs: Math.floor(atMs), stream, text };
    const live = this.#live.get(serviceID);
    if (live !== undefined) return live.add(line, this.#liveBounds());
    const ended = this.#ended.get(serviceID);
    if (ended === undefined) return;
    // What it has started itself may have written this.
    this.#endedCharacters -= ended.characters;
    ended.add(line, this.#bounds);
    this.#endedCharacters += ended.characters;
    this.#forgetOldest();
  }

  /** An instance has ended: its last lines are kept as long as there is room. */
  ended(serviceID: number): void {
    const ring = this.#live.get(serviceID);
    if (ring === undefined) return;
    this.#live.delete(serviceID);
    if (!ring.isUsed) return;
    this.#ended.set(serviceID, ring);
    this.#endedCharacters += ring.characters;
    const same = [...this.#ended.values()].filter(({ service }) => service === ring.service);
    for (const one of same.slice(0, -this.#bounds.ended)) this.#forget(one);
    this.#forgetOldest();
  }

  /** Whether there is a line that a question waits for. */
  hasNews(question: OutputQuestion): boolean {
    const places = placesOf(question.after ?? []);
    return this.#select(question).some((ring) => ring.hasAfter(places.get(ring.serviceID)));
  }

  /** Answers a question with what is kept now. */
  read(question: OutputQuestion): ReportedOutput[] {
    return question.after === undefined
      ? this.#readNewest(question)
      : this.#readAfter(question, question.after);
  }

  #liveBounds(): RingBounds {
    const { lines, characters, liveCharacters } = this.#bounds;
    const part = Math.floor(liveCharacters / Math.max(1, this.#live.size));
    return { lines, characters: Math.min(characters, part) };
  }

  #forgetOldest(): void {
    for (const ring of this.#ended.values()) {
      if (this.#endedCharacters <= this.#bounds.endedCharacters) return;
      this.#forget(ring);
    }
  }

  #forget(ring: OutputRing): void {
    this.#ended.delete(ring.serviceID);
    this.#endedCharacters -= ring.characters;
  }

  #select({ service, serviceID }: OutputQuestion): OutputRing[] {
    const rings = serviceID === undefined
      ? [...this.#ended.values(), ...this.#live.values()]
      : [this.#live.get(serviceID) ?? this.#ended.get(serviceID)];
    return rings.filter((ring): ring is OutputRing =>
      ring !== undefined && ring.isUsed && (service === undefined || ring.service === service)
    ).slice(-LIMITS.outputInstances);
  }

  #readNewest(question: OutputQuestion): ReportedOutput[] {
    const accepts = filterOf(question);
    const rings = this.#select(question);
    const all = rings.flatMap((ring) =>
      ring.newest(question.lines, accepts).map((line) => ({ ring, line }))
    );
    // A sort keeps the order of the lines of one instance, whatever the clock did.
    const sorted = all.toSorted((left, right) => left.line.atMs - right.line.atMs);
    const wanted = sorted.slice(Math.max(0, sorted.length - question.lines));
    const given = new Map<OutputRing, ReportedLine[]>(rings.map((ring) => [ring, []]));
    const lost = new Map<OutputRing, number>();
    let characters = 0;
    for (const { ring, line } of wanted.reverse()) {
      characters += costOf(line);
      if (characters <= ANSWER_CHARACTERS) given.get(ring)?.push(line);
      else lost.set(ring, (lost.get(ring) ?? 0) + 1);
    }
    return [...given].map(([ring, lines]) => ({
      service: ring.service,
      serviceID: ring.serviceID,
      next: ring.next,
      lost: lost.get(ring) ?? 0,
      lines: lines.reverse(),
    }));
  }

  #readAfter(question: OutputQuestion, after: readonly OutputPlace[]): ReportedOutput[] {
    const accepts = filterOf(question);
    const places = placesOf(after);
    const rings = this.#select(question).filter((ring) =>
      ring.hasAfter(places.get(ring.serviceID))
    );
    const output: ReportedOutput[] = [];
    let characters = ANSWER_CHARACTERS;
    let left = question.lines;
    for (const [at, ring] of rings.entries()) {
      if (left <= 0 || characters <= 0) break;
      // One that writes a lot leaves room for the others.
      const part = Math.ceil(characters / (rings.length - at));
      const lines = Math.ceil(left / (rings.length - at));
      const { serviceID, service } = ring;
      const bounds = { lines, characters: part };
      const reading = ring.after(places.get(serviceID), { accepts, bounds });
      for (const line of reading.lines) characters -= costOf(line);
      left -= reading.lines.length;
      output.push({ service, serviceID, ...reading });
    }
    return output;
  }
}

function placesOf(after: readonly OutputPlace[]): Map<number, number> {
  return new Map(after.map(({ serviceID, next }) => [serviceID, next]));
}

function filterOf({ stream, sinceMs = 0 }: OutputQuestion): (line: ReportedLine) => boolean {
  return (line) => line.atMs >= sinceMs && (stream === undefined || line.stream === stream);
}
