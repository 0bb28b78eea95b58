/**
 * Turns of the event loop, for handlers that keep it to themselves.
 *
 * Many requests may arrive by one read. If each of their handlers computes for a second, nothing
 * else happens for as many seconds: no answer leaves, and the agent hears nothing of a process that
 * is well. So after one that took long the next has to wait for the next turn.
 *
 * @module
 */

import type { FetchHandler } from "./handler.ts";

/** A handler that does not return for so long has had its turn. Milliseconds. */
const LONG_MS = 50;

/** Calls a handler, but no other in the same turn of the event loop after one that took long. */
export function inTurns(handler: FetchHandler): FetchHandler {
  let nextTurn: Promise<void> | undefined;
  const call: FetchHandler = (request) => {
    const sinceMs = Date.now();
    try {
      return handler(request);
    } finally {
      if (Date.now() - sinceMs >= LONG_MS) {
        nextTurn = new Promise<void>((resolve) => setTimeout(resolve, 0)).then(() => {
          nextTurn = undefined;
        });
      }
    }
  };
  const callLater = async (request: Request): Promise<Response> => {
    // The first of those who wait may take long again.
    while (nextTurn !== undefined) await nextTurn;
    return await call(request);
  };
  return (request) => nextTurn === undefined ? call(request) : callLater(request);
}
