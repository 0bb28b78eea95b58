/**
 * The one error of a bug, and the words of any other. Expected failures are a status and a reason
 * in a message, never an error.
 *
 * @module
 */

/** A state that the code promises can't be reached was reached: a bug, so the role stops. */
export class InvariantError extends Error {
  /** The name that is kept when the error crosses a worker. */
  override readonly name = "InvariantError";
}

/**
 * Stops with an {@linkcode InvariantError} unless the condition holds.
 *
 * @throws {InvariantError} when `condition` is false.
 *
 * @example
 * ```ts
 * import { invariant } from "./errors.ts";
 * const plug: number | undefined = [20_000].at(0);
 * invariant(plug !== undefined, 'Cannot use plug of "greeter": none was assigned');
 * console.log(plug + 1);
 * ```
 */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** The words of what was thrown, to pass on as a reason; not only errors can be thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
