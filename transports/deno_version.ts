/**
 * What depends on the version of the platform, where it can't be tried out.
 *
 * @module
 */

/**
 * Whether this is a version of Deno, or a later one.
 *
 * @example
 * ```ts
 * import { isDenoFrom } from "./deno_version.ts";
 * console.log(isDenoFrom(2, 4)); // true
 * ```
 */
export function isDenoFrom(major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = Deno.version.deno.split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
