/**
 * Counts the edits between two words.
 *
 * This is `@std/text/levenshtein-distance`, which is taken from npm; the types are written here
 * because that package carries none.
 *
 * @module
 */

/**
 * Counts how many characters must be put in, taken out or replaced to make one word the other.
 *
 * @param first A word.
 * @param second Another word.
 * @returns The number of edits, 0 when they are equal.
 */
export function levenshteinDistance(first: string, second: string): number;
