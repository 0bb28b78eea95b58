/**
 * The seeds that the tests run. They are two files of tests, so that two processors share them.
 *
 * @module
 */

import { simulate } from "../simulation.ts";

/** The last one; the first is 1. */
export const SEEDS = 300;

/** Runs every second seed, and tells which rules were broken, and how to repeat that. */
export function violationsOfEverySecond(first: 1 | 2): string[] {
  const found: string[] = [];
  for (let seed = first; seed <= SEEDS; seed += 2) {
    const { violations } = simulate(seed);
    for (const violation of violations) {
      found.push(`${violation}\n  repeat it: deno task sim --seed ${seed} --verbose`);
    }
  }
  return found;
}
