/**
 * Finds a typo's most likely meaning.
 *
 * This is `@std/text/closest-string`, which is taken from npm; the types are written here because
 * that package carries none.
 *
 * @module
 */

/** Options of {@linkcode closestString}. */
export interface ClosestStringOptions {
  /**
   * Whether upper and lower case count as different.
   *
   * @default {false}
   */
  caseSensitive?: boolean;
}

/**
 * Returns the candidate that takes the fewest edits to reach from the given word, however far
 * away it is: a caller that suggests it must judge the distance itself.
 *
 * @param givenWord The word as it was typed.
 * @param possibleWords The candidates, at least one.
 * @param options Whether case counts.
 * @returns The nearest candidate; the first of several that are equally near.
 * @throws {TypeError} If there are no candidates.
 */
export function closestString(
  givenWord: string,
  possibleWords: readonly string[],
  options?: ClosestStringOptions,
): string;
