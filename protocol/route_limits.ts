/**
 * What holds for the requests that come in by one route: how long each part may take, and how much
 * may wait or be sent.
 *
 * @module
 */

import { count, durationMs, isRecord } from "./fields.ts";
import { LIMITS } from "./limits.ts";

/** By what requests of one user are told, so that they go to one instance. */
export type Sticky = { readonly cookie: string } | { readonly header: string };

/** The limits of a route; what is absent has none of its own. */
export interface RouteLimits {
  /** The longest wait for a connection to the service, its start included. Milliseconds. */
  readonly connectMs?: number;
  /** The longest wait for the first byte of an answer, once the request was sent. Milliseconds. */
  readonly firstByteMs?: number;
  /** The longest time without a byte in either direction. Milliseconds. */
  readonly idleMs?: number;
  /** The longest time from the arrival of a request to the end of its answer. Milliseconds. */
  readonly totalMs?: number;
  /** The largest body of a request, in bytes. */
  readonly bodyBytesMax?: number;
  /** Most requests that wait for the service at one gateway. */
  readonly waitingMax?: number;
  /** Whether what may have been handled is sent once more if its method allows. @default {true} */
  readonly retry?: boolean;
  /** What sends the requests of one user to one instance. */
  readonly sticky?: Sticky;
  /**
   * What a browser sees of a service that has to be started: nothing until it answers, or a page
   * that waits for it.
   *
   * @default {"wait"}
   */
  readonly cold?: "wait" | "page";
}

const TIMES = ["connectMs", "firstByteMs", "idleMs", "totalMs"] as const;
const COUNTS = ["bodyBytesMax", "waitingMax"] as const;
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** Whether a text can name a header or a cookie. */
export function isHeaderName(value: unknown): value is string {
  return typeof value === "string" && value.length <= LIMITS.nameCharacters && TOKEN.test(value);
}

function isSticky(value: unknown): value is Sticky {
  return isRecord(value) && (isHeaderName(value.cookie) !== isHeaderName(value.header));
}

/** Whether a value is the limits of a route. */
export function isRouteLimits(value: unknown): value is RouteLimits {
  if (!isRecord(value)) return false;
  const are = (names: readonly string[], accepts: (one: unknown) => boolean) =>
    names.every((name) => value[name] === undefined || accepts(value[name]));
  return are(TIMES, durationMs.accepts) && are(COUNTS, count.accepts) &&
    are(["retry"], (one) => typeof one === "boolean") && are(["sticky"], isSticky) &&
    are(["cold"], (one) => one === "wait" || one === "page");
}
