/**
 * When to write: as late in a turn of the event loop as possible, so that what handlers of the same
 * turn have to say leaves in one write.
 *
 * @module
 */

/** Microtasks in which handlers that wait for nothing outside have answered. */
const HOPS = 24;

/**
 * Each request that Deno's server hands over has a turn of microtasks of its own, so only an
 * immediate, which comes after all of them, collects what they say. In old versions it takes a
 * millisecond, as every timer does there, and is of no use.
 */
const hasImmediate = isNewer(Deno.version.deno, [2, 8]);

function isNewer(version: string, [oldMajor, oldMinor]: [number, number]): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > oldMajor || (major === oldMajor && minor > oldMinor);
}

function immediate(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Resolves at the end of this turn; when nobody else has anything to say, a little earlier. */
export async function endOfTurn(isAlone: boolean): Promise<void> {
  if (hasImmediate && !isAlone) return await immediate();
  for (let hop = 0; hop < HOPS; hop += 1) await null;
}
