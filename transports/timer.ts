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
