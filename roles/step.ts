/**
 * What every role shares: how it is stepped, and the events and effects that concern links.
 *
 * A role is `step(state, event, nowMs) -> effects`. It never awaits, sleeps, reads a clock or does
 * I/O; the host feeds it events one at a time and performs the effects in their order.
 *
 * @module
 */

import type { Message, MessageType } from "../protocol/messages.ts";

/** The name that a host gave to one link of its role; never reused within a run. */
export type LinkID = string;

/** A message came in through the door. */
export interface MessageArrived {
  /** Tells events apart. */
  readonly kind: "message";
  /** The link that it came by. */
  readonly link: LinkID;
  /** The message, true in shape and not yet in meaning. */
  readonly message: Message;
}

/** A link ended; nothing more comes or goes by it. */
export interface LinkClosed {
  /** Tells events apart. */
  readonly kind: "linkClosed";
  /** The link that ended. */
  readonly link: LinkID;
  /** Why, for the history. */
  readonly reason: string;
}

/** Time has passed: deadlines may be due. */
export interface Tick {
  /** Tells events apart. */
  readonly kind: "tick";
}

/** Send a message. A link that is gone swallows it. */
export interface Send {
  /** Tells effects apart. */
  readonly kind: "send";
  /** The link to send by. */
  readonly link: LinkID;
  /** What to send. */
  readonly message: Message;
}

/** Close a link, once what was sent by it has left. */
export interface CloseLink {
  /** Tells effects apart. */
  readonly kind: "closeLink";
  /** The link to close. */
  readonly link: LinkID;
  /** Why, for the log. */
  readonly reason: string;
}

/** A message made no sense and changed nothing: count it and log it. */
export interface Refuse {
  /** Tells effects apart. */
  readonly kind: "refuse";
  /** The link that it came by. */
  readonly link: LinkID;
  /** The type of the message. */
  readonly type: MessageType;
  /** What it would be answered with, by class. */
  readonly status: number;
  /** Why it was refused. */
  readonly reason: string;
}

/** A role as its host sees it. */
export interface Role<State, Event, Effect> {
  /** Handles one event: changes the state and says what shall be done, in order. */
  step(state: State, event: Event, nowMs: number): Effect[];
  /**
   * When a tick is due next, in milliseconds of the host's clock; undefined: not before an event.
   */
  nextDeadlineMs(state: State): number | undefined;
}
