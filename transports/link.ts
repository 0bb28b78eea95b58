/**
 * What every transport offers to a host: an ordered channel of values with two ends.
 *
 * @module
 */

/**
 * One end of an ordered channel of values in both directions.
 *
 * Values arrive in the order of `send`, each once, until the link ends; then what was on its way
 * is lost. A link that loses one value is broken: it never goes on with a gap.
 *
 * None of the events fires inside a call of one of these methods, so a host may call them from
 * anywhere, also from an event.
 */
export interface Link {
  /** What to call this end in logs. */
  readonly name: string;
  /**
   * Sends a value, which the caller must not change afterwards. It never blocks: values of one
   * turn of the event loop leave together.
   *
   * Where the value cannot be encoded, or more is waiting than the bound of the link allows, the
   * link breaks with a reason, because the channel would have a gap from here on. On a link that
   * has been closed it does nothing.
   */
  send(value: unknown): void;
  /**
   * Sends what is waiting, then closes the link. Values that are on their way to this end may
   * still be received until the `closed` event.
   */
  close(): void;
  /** Closes the link at once; what waits to be sent is dropped. */
  abort(reason: string): void;
}

/**
 * What one end of a link tells its host. An event must not throw: that is an error of the host,
 * which no link catches, so it ends the thread.
 */
export interface LinkEvents {
  /**
   * A value arrived. It is decoded but not yet checked: nobody should trust its shape. All that
   * arrived together is delivered in one go, without a turn of the event loop in between.
   */
  received(value: unknown): void;
  /** Something arrived that cannot be decoded; it is dropped and the link stays open. */
  malformed(reason: string): void;
  /** The link has ended, and why. It comes exactly once and is the last event. */
  closed(reason: string): void;
}

/** Takes a new link, and returns what its host does about its events. None has fired yet. */
export type AcceptLink = (link: Link) => LinkEvents;

/** Why a link ended, where it was `close()` that ended it. */
export const CLOSED_HERE = "closed at this end";
/** Why a link ended, where the other end closed it or went away. */
export const CLOSED_THERE = "closed by the other end";
