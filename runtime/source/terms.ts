/**
 * What holds for one request, and how the role is told of it.
 *
 * @module
 */

import type { RequestEnded, RequestWanted } from "../../roles/source/state.ts";

/** What holds for one request, besides what it is. */
export interface ExchangeTerms {
  /** How long it may wait for a connection. Milliseconds. @default {what the source says} */
  readonly connectMs?: number | undefined;
  /** Most requests that may wait for the service. @default {what the source says} */
  readonly waitingMax?: number | undefined;
  /** Whether it is sent once more after it may have been handled. @default {true} */
  readonly retry?: boolean | undefined;
  /** Requests of one key go to one instance: a whole number of 32 bits. @default {any instance} */
  readonly stickyKey?: number | undefined;
  /**
   * Called each time that it uses its session no more. Says whether the instance is to blame that
   * it was not answered.
   */
  readonly left?: () => boolean;
}

/** A request that has terms says so; the others stay as small as they are. */
export function wantedOf(
  wanted: RequestWanted,
  { waitingMax, stickyKey }: ExchangeTerms,
): RequestWanted {
  if (waitingMax === undefined && stickyKey === undefined) return wanted;
  return {
    ...wanted,
    ...(waitingMax === undefined ? {} : { waitingMax }),
    ...(stickyKey === undefined ? {} : { stickyKey }),
  };
}

/** What became of a request: one that is not whole was cut off, by whomever. */
export function endOf(
  requestID: number,
  { isWhole, hasFailed }: { isWhole: boolean; hasFailed: boolean },
): RequestEnded {
  if (isWhole) return { kind: "requestEnded", requestID };
  return { kind: "requestEnded", requestID, outcome: hasFailed ? "failed" : "cancelled" };
}
