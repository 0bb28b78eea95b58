/**
 * Timers for what a process does in its first moments, where each of the usual ones costs some
 * milliseconds.
 *
 * @module
 */

import { isDenoFrom } from "./deno_version.ts";

/**
 * Runs something once, after a time; returns how to prevent that.
 *
 * The first use of `setTimeout` or `clearTimeout` in a process costs some runtimes four to eight
 * milliseconds, a tenth of a cold start. This does not use them. What is prevented goes on holding
 * a few bytes until its time has passed, so this is for what happens seldom: once a connection.
 *
 * @example
 * ```ts
 * import { after } from "./timer.ts";
 *
 * const cancel = after(5_000, () => console.log("too late"));
 * cancel();
 * ```
 */
export function after(delayMs: number, run: () => void): () => void {
  const signal = AbortSignal.timeout(delayMs);
  signal.addEventListener("abort", run);
  return () => signal.removeEventListener("abort", run);
}

/** Older versions notice the end of such a wait only when something else happens too. */
const canWait = isDenoFrom(2, 9);

/** A wait may end so late that it is of no use for what is shorter. Milliseconds. */
const WAIT_MS_MIN = 1_000;

/**
 * The same for deadlines of seconds, which mostly never come: it may run a tenth of a second late,
 * and keeps no process alive. In a process that has used no timer yet it takes a tenth of the time
 * of {@linkcode after}, for which Deno first compiles its events and its timers.
 *
 * @example
 * ```ts
 * import { deadline } from "./timer.ts";
 *
 * const cancel = deadline(5_000, () => console.log("too late"));
 * cancel();
 * ```
 */
export function deadline(delayMs: number, run: () => void): () => void {
  if (!canWait || delayMs < WAIT_MS_MIN) return after(delayMs, run);
  const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let isWanted = true;
  void Promise.resolve(Atomics.waitAsync(cell, 0, 0, delayMs).value).then(() => {
    if (isWanted) run();
  });
  return () => {
    isWanted = false;
    // So that nothing is held until the time has passed.
    Atomics.notify(cell, 0);
  };
}
