/**
 * Looks that have no hurry are all made in one moment: to wake costs far more than to look.
 *
 * @module
 */

/**
 * How long it is until the next round of looks, in milliseconds. All that wait for rounds of the
 * same length wake together.
 *
 * @param everyMs The time from a round to the next.
 *
 * @example
 * ```ts
 * import { untilNextRound } from "./rounds.ts";
 * const waitMs = untilNextRound(500);
 * console.log(waitMs > 0 && waitMs <= 500); // true
 * ```
 */
export function untilNextRound(everyMs: number): number {
  const nowMs = Math.floor(performance.now());
  return everyMs - nowMs % everyMs;
}
