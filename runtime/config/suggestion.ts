/**
 * Guesses what a misspelt word was meant to be.
 *
 * @module
 */

import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** Longer words are not compared: the work grows with the square of the length. */
const WORD_CHARACTERS_MAX = 64;

/**
 * Finds the candidate that a misspelt word most likely meant.
 *
 * @example
 * ```ts
 * import { suggestWord } from "./suggestion.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(suggestWord("prot", ["host", "port"]), "port");
 * assertEquals(suggestWord("banana", ["host", "port"]), undefined);
 * ```
 *
 * @param word The word as it was written.
 * @param candidates The words that would have been right.
 * @returns The candidate, or `undefined` when none is so near that it is worth asking.
 */
export function suggestWord(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0 || word.length > WORD_CHARACTERS_MAX) return undefined;
  const closest = closestString(word, candidates);
  const distance = levenshteinDistance(word.toLowerCase(), closest.toLowerCase());
  const distanceMax = Math.max(1, Math.floor(Math.max(word.length, closest.length) / 2.5));
  const isNear = distance <= distanceMax && distance < word.length;
  return isNear || sortedLetters(word) === sortedLetters(closest) ? closest : undefined;
}

/** Two letters that changed places count as two edits, which is far for a short word. */
function sortedLetters(word: string): string {
  return [...word.toLowerCase()].sort().join("");
}

/**
 * Says what would have been right: the likely candidate, or else all of them.
 *
 * @param word The word as it was written.
 * @param candidates The words that would have been right.
 * @returns A clause to end a sentence with.
 */
export function suggestionText(word: string, candidates: readonly string[]): string {
  const suggestion = suggestWord(word, candidates);
  if (suggestion !== undefined) return `did you mean "${suggestion}"?`;
  return candidates.length === 0 ? "there is none" : `known are ${candidates.join(", ")}`;
}
