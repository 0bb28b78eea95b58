/**
 * What became of the requests of a soak.
 *
 * @module
 */

import { percentile } from "../measurement.ts";

/**
 * - `right`: the answer was whole, and what it had to be.
 * - `refused`: the mesh said with a status that it could not, and why.
 * - `broken`: the answer broke off, and could be told from a whole one.
 */
export type Outcome = "right" | "refused" | "broken";

/** A whole answer that is not what it had to be: nothing excuses that. */
export class WrongAnswerError extends Error {
  /** The name of the class. */
  override readonly name = "WrongAnswerError";
}

const OUTCOMES = ["right", "refused", "broken"] as const;

/** Counts and times by the kind of work. */
export class Tally {
  /** Answers that were wrong, the first of them. */
  readonly wrong: string[] = [];
  /** How many were wrong. */
  wrongCount = 0;
  readonly #works = new Map<string, { counts: Record<Outcome, number>; times: number[] }>();

  /** One request of a kind has come to an end. */
  add(work: string, outcome: Outcome, durationMs: number): void {
    const known = this.#works.get(work) ??
      { counts: { right: 0, refused: 0, broken: 0 }, times: [] };
    this.#works.set(work, known);
    known.counts[outcome] += 1;
    if (outcome === "right" && known.times.length < 100_000) known.times.push(durationMs);
  }

  /** An answer was wrong. */
  addWrong(work: string, what: string): void {
    this.wrongCount += 1;
    if (this.wrong.length < 20) this.wrong.push(`${work}: ${what}`);
  }

  /** How many of a kind had an outcome. */
  count(work: string, outcome: Outcome): number {
    return this.#works.get(work)?.counts[outcome] ?? 0;
  }

  /** A table for a person. */
  table(): string {
    const rows = [["work", ...OUTCOMES, "p50", "p99"]];
    for (const [work, { counts, times }] of [...this.#works].sort()) {
      const ms = (share: number) =>
        times.length === 0 ? "" : `${percentile(times, share).toFixed(1)} ms`;
      rows.push([work, ...OUTCOMES.map((one) => String(counts[one])), ms(0.5), ms(0.99)]);
    }
    const widths =
      rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
    const line = (row: readonly string[]) =>
      row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd();
    return rows.map(line).join("\n");
  }
}
