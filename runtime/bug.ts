const BUG_CLASSES = [TypeError, RangeError, ReferenceError, SyntaxError];

/**
 * Whether an error is one of our own code, which its operator must see with its stack trace, rather
 * than what a peer or a network did: a body that broke off, a client that went away.
 *
 * @example
 * ```ts
 * import { isBug } from "./bug.ts";
 * import { assert } from "@std/assert";
 *
 * assert(isBug(new TypeError("undefined is not a function")));
 * assert(!isBug(new Deno.errors.ConnectionReset("by the peer")));
 * ```
 */
export function isBug(error: unknown): boolean {
  return BUG_CLASSES.some((one) => error instanceof one);
}
