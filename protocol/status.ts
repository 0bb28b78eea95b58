/**
 * Status codes as the protocol uses them: HTTP's classes, and a few of its own in 1xx.
 *
 * @module
 */

/** The codes that SMMP puts on the wire, by what they mean here. */
export const STATUS = {
  /** A connection was closed by the decision of one of its ends, or on command. */
  ownDecision: 111,
  /** A connection was found broken. */
  brokenLink: 122,
  /** Done. */
  done: 200,
  /** The message is malformed or makes no sense now. */
  badRequest: 400,
  /** The sender did not prove who it is. */
  unauthorized: 401,
  /** The abstract graph has no such edge, or the sender may not speak for that instance. */
  forbidden: 403,
  /** No such service, instance or connection. */
  notFound: 404,
  /** The plug is taken, or the request contradicts what is already so. */
  conflict: 409,
  /** The instance ended before. */
  gone: 410,
  /** A bound was reached: too many waiting. */
  tooMany: 429,
  /** The responder failed. */
  failed: 500,
  /** The other end could not be reached, or broke in the middle. */
  unreachable: 502,
  /** Nobody can serve this now. */
  unavailable: 503,
  /** A deadline passed. */
  deadline: 504,
} as const;

/** Whether a status says that what was asked is done. */
export function isDone(status: number): boolean {
  return status >= 200 && status < 300;
}
