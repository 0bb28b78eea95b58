/**
 * What the bench orders its client to measure.
 *
 * @module
 */

/** The variable that tells a client where it gets its orders. */
export const CONTROL_VARIABLE = "SMMP_BENCH_CONTROL";

/** The service that asks for connections. */
export const CLIENT_SERVICE = "client";
/** The service that is asked for. */
export const DEST_SERVICE = "dest";

/** One thing to measure. */
export type Order =
  /** Ask for connections, one after the other; the answer has the microseconds of each. */
  | { readonly kind: "ask"; readonly count: number }
  /** Establish connections, many at once; the answer has the number per second. */
  | { readonly kind: "establish"; readonly count: number; readonly outstanding: number }
  /** Send lines through a relay, one after the other; the answer has the microseconds of each. */
  | { readonly kind: "relay"; readonly count: number; readonly port: number };

/** What a client found. */
export interface Finding {
  /** Microseconds of each round, or one number of connections per second. */
  readonly values: readonly number[];
}
