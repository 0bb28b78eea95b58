/**
 * Sizes as people write them: `"10MiB"`, `"64kB"`.
 *
 * @module
 */

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};

const AMOUNT = String.raw`\d+(?:\.\d+)?`;
const UNIT = Object.keys(UNITS).join("|");

/** What a size looks like, as a regular expression. */
export const SIZE_PATTERN: string = String.raw`^\s*(${AMOUNT})\s*(${UNIT})\s*$`;

const SIZE = new RegExp(SIZE_PATTERN);

/**
 * Reads a size: a number with a unit, `B`, `kB`, `MB`, `GB` or `KiB`, `MiB`, `GiB`.
 *
 * @example
 * ```ts
 * import { parseSize } from "./sizes.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseSize("10MiB"), 10 * 1_024 * 1_024);
 * assertEquals(parseSize("1.5 kB"), 1_500);
 * ```
 *
 * @returns The size in whole bytes.
 * @throws {SyntaxError} If the text is not a size, or one that no number holds.
 */
export function parseSize(text: string): number {
  const [, amount, unit = ""] = SIZE.exec(text) ?? [];
  const bytes = Math.round(Number(amount) * (UNITS[unit] ?? NaN));
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new SyntaxError(
    `Cannot read the size "${text}": expected a number with a unit, such as "64KiB" or "10MB"`,
  );
}
