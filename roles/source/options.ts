/**
 * The times and bounds of a source.
 *
 * @module
 */

/** The times and bounds of a source; each can be set. */
export interface SourceOptions {
  /** An unanswered connectionRequest fails after this long. Milliseconds. @default {150_000} */
  readonly askMs: number;
  /**
   * First wait before a failed dial is tried again; doubles each time. Milliseconds.
   *
   * @default {50}
   */
  readonly retryMs: number;
  /** How often a connection is asked for again after a failed dial. @default {5} */
  readonly retriesMax: number;
  /** Most requests that wait for one service. @default {10_000} */
  readonly waitingMax: number;
  /** Most requests that wait for all services together. @default {20_000} */
  readonly waitingAllMax: number;
  /** Most requests in flight on one connection: those of a session. @default {1_000} */
  readonly exchangesMax: number;
  /**
   * Most connections to one service whose instances take any number of requests; of others there is
   * one to each instance.
   *
   * @default {16}
   */
  readonly connectionsMax: number;
  /**
   * First wait before another connection is asked for when there was none to be had; doubles each
   * time, up to 32 times. Milliseconds.
   *
   * @default {1_000}
   */
  readonly moreMs: number;
  /**
   * All connections must have been full for a request this long before one more is asked for: what
   * is over sooner needs no other instance. Milliseconds.
   *
   * @default {20}
   */
  readonly patienceMs: number;
  /** Failures in a row after which an instance is left alone. @default {5} */
  readonly failuresMax: number;
  /** How long an instance is left alone; doubles each time. Milliseconds. @default {5_000} */
  readonly sickMs: number;
  /** Least time between two processData of a connection. Milliseconds. @default {1_000} */
  readonly reportMs: number;
}

/** The defaults of a source. */
export const SOURCE_DEFAULTS: SourceOptions = {
  askMs: 150_000,
  retryMs: 50,
  retriesMax: 5,
  waitingMax: 10_000,
  waitingAllMax: 20_000,
  exchangesMax: 1_000,
  connectionsMax: 16,
  moreMs: 1_000,
  patienceMs: 20,
  failuresMax: 5,
  sickMs: 5_000,
  reportMs: 1_000,
};
