/**
 * When to write: as late in a turn of the event loop as possible, so that what handlers of the same
 * turn have to say leaves in one write.
 *
 * @module
 */

import { isDenoFrom } from "../../../transports/deno_version.ts";

/** Microtasks in which handlers that wait for nothing outside have answered. */
const HOPS = 24;

/**
 * Each request that Deno's server hands over has a turn of microtasks of its own, so only an
 * immediate, which comes after all of them, collects what they say. In old versions it takes a
 * millisecond, as every timer does there, and is of no use.
 */
const hasImmediate = isDenoFrom(2, 9);

function immediate(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Resolves at the end of this turn; when nobody else has anything to say, a little earlier. */
export async function endOfTurn(isAlone: boolean): Promise<void> {
  if (hasImmediate && !isAlone) return await immediate();
  for (let hop = 0; hop < HOPS; hop += 1) await null;
}
