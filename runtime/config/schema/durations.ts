/**
 * Durations as people write and read them: `"30s"`, `"1m30s"`.
 *
 * @module
 */

/** The longest duration that is accepted, in milliseconds: a year. */
export const DURATION_MAX_MS = 365 * 24 * 60 * 60 * 1_000;

/** The longest text that is read as a duration, in characters. */
const DURATION_TEXT_MAX = 64;

const UNITS = [
  { name: "d", unitMs: 86_400_000 },
  { name: "h", unitMs: 3_600_000 },
  { name: "m", unitMs: 60_000 },
  { name: "s", unitMs: 1_000 },
  { name: "ms", unitMs: 1 },
] as const;

/** The bounds of {@linkcode parseDuration}, both included. */
export interface DurationBounds {
  /**
   * The shortest duration that is accepted, in milliseconds.
   *
   * @default {0}
   */
  minMs?: number;
  /**
   * The longest duration that is accepted, in milliseconds.
   *
   * @default {DURATION_MAX_MS}
   */
  maxMs?: number;
}

/**
 * Reads a duration: numbers with a unit (`d`, `h`, `m`, `s`, `ms`), from the largest unit to the
 * smallest, each unit at most once; blanks between them are allowed.
 *
 * @example
 * ```ts
 * import { parseDuration } from "./durations.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseDuration("1m30s"), 90_000);
 * assertEquals(parseDuration("500ms"), 500);
 * assertEquals(parseDuration("1.5s"), 1_500);
 * ```
 *
 * @param text The duration as it was written.
 * @param bounds How short and how long it may be.
 * @returns The duration in whole milliseconds.
 * @throws {SyntaxError} If the text is not a duration.
 * @throws {RangeError} If the duration is out of bounds.
 */
export function parseDuration(text: string, bounds: DurationBounds = {}): number {
  const { minMs = 0, maxMs = DURATION_MAX_MS } = bounds;
  const durationMs = Math.round(sumParts(text));
  if (durationMs < minMs || durationMs > maxMs) {
    throw new RangeError(
      `Cannot use the duration "${text}": it must be between ${formatDuration(minMs)} and ` +
        formatDuration(maxMs),
    );
  }
  return durationMs;
}

function sumParts(text: string): number {
  if (text.length > DURATION_TEXT_MAX) {
    throw new SyntaxError(
      `Cannot read a duration of ${text.length} characters: at most ${DURATION_TEXT_MAX} are read`,
    );
  }
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) {
    throw new SyntaxError(
      `Cannot read the duration "${text}": it has no unit, did you mean "${trimmed}s"`,
    );
  }
  if (!/^(\d+(\.\d+)?(ms|[dhms])\s*)+$/.test(trimmed)) {
    throw new SyntaxError(
      `Cannot read the duration "${text}": expected numbers with a unit, such as "500ms", "30s", ` +
        `"1m30s" or "2h"`,
    );
  }
  let sumMs = 0;
  let unitIndexMin = 0;
  for (const [, amount, unitName] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g)) {
    const unitIndex = UNITS.findIndex((unit) => unit.name === unitName);
    const unit = UNITS[unitIndex];
    if (unit === undefined || unitIndex < unitIndexMin) {
      throw new SyntaxError(
        `Cannot read the duration "${text}": units go from the largest to the smallest, each once`,
      );
    }
    sumMs += Number(amount) * unit.unitMs;
    unitIndexMin = unitIndex + 1;
  }
  return sumMs;
}

/**
 * Writes a duration for people: milliseconds below a second, tenths of a second below a minute,
 * and two units above. What is left over is cut off, so a duration is never shown as longer than
 * it is.
 *
 * @example
 * ```ts
 * import { formatDuration } from "./durations.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatDuration(850), "850ms");
 * assertEquals(formatDuration(1_234), "1.2s");
 * assertEquals(formatDuration(185_000), "3m 5s");
 * ```
 *
 * @param durationMs The duration in milliseconds; a negative one gets a minus sign, as when two
 * clocks disagree.
 * @returns The text, or `"unknown"` for what is not a finite number.
 */
export function formatDuration(durationMs: number): string {
  if (!Number.isFinite(durationMs)) return "unknown";
  if (durationMs < 0) {
    const text = formatDuration(-durationMs);
    return text === "0ms" ? text : `-${text}`;
  }
  if (durationMs < 1_000) return `${Math.floor(durationMs)}ms`;
  if (durationMs < 60_000) return `${Math.floor(durationMs / 100) / 10}s`;
  return twoUnits(durationMs);
}

function twoUnits(durationMs: number): string {
  const largest = UNITS.findIndex((unit) => durationMs >= unit.unitMs);
  const parts: string[] = [];
  let restMs = durationMs;
  for (const unit of UNITS.slice(largest, largest + 2)) {
    const amount = Math.floor(restMs / unit.unitMs);
    restMs -= amount * unit.unitMs;
    if (amount > 0) parts.push(`${amount}${unit.name}`);
  }
  return parts.join(" ");
}
