/**
 * When to write: as late in a turn of the event loop as possible, so that what handlers of the same
 * turn have to say leaves in one write.
 *
 * @module
 */

/** Microtasks in which handlers that wait for nothing outside have answered. */
const HOPS = 24;

/** Slower than this, an immediate is a timer in disguise. Milliseconds. */
const FAST_MS = 0.3;
const TRIALS = 5;

/**
 * Each request that Deno's server hands over has a turn of microtasks of its own, so only an
 * immediate, which comes after all of them, collects what they say. In some versions it takes a
 * millisecond, as every timer does there, and is of no use.
 */
let hasImmediate = false;

async function tryImmediate(): Promise<void> {
  for (let trial = 0; trial < TRIALS && !hasImmediate; trial += 1) {
    const startMs = performance.now();
    await immediate();
    hasImmediate = performance.now() - startMs < FAST_MS;
  }
}

function immediate(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

void tryImmediate();

/** Resolves at the end of this turn; when nobody else has anything to say, a little earlier. */
export async function endOfTurn(isAlone: boolean): Promise<void> {
  if (hasImmediate && !isAlone) return await immediate();
  for (let hop = 0; hop < HOPS; hop += 1) await null;
}
