/**
 * The source side of connections, which a gateway and a service share: requests want a service, a
 * connection to it is asked for once, dialled, used by all, and closed. When all that there are are
 * full and somebody waits, one more is asked for.
 *
 * A connection is *asking* (the manager looks for an instance, or starts one), *dialing*, *open*,
 * then *closing* (on command, or because its owner ends) until its session has ended.
 *
 * @module
 */

import type { Message } from "../../protocol/messages.ts";
import { type Deadlines, emptyDeadlines } from "../deadlines.ts";
import { NumberTable } from "../number_table.ts";
import type { LinkID } from "../step.ts";
import type { SourceEffect } from "./effects.ts";
import type { Health } from "./health.ts";
import { SOURCE_DEFAULTS, type SourceOptions } from "./options.ts";

export { SOURCE_DEFAULTS, type SourceOptions } from "./options.ts";

export type { Assign, BreakSession, CloseSession, Dial, Reject, SourceEffect } from "./effects.ts";

/** A connection that starts here. */
export interface OutConnection {
  /** Its out-plug: numbered from 1, never used twice. */
  readonly sourcePlug: number;
  /** The service that it leads to. */
  readonly service: string;
  /** The number of its connectionRequest. */
  readonly messageID: number;
  /** Where in its life it is. */
  state: "asking" | "dialing" | "open" | "closing";
  /** The in-plug at the other end; 0 until it is known. */
  destPlug: number;
  /** The instance at the other end; 0 until it is known. */
  destServiceID: number;
  /** Whether it was asked for beside others, which shall be avoided. */
  readonly isFurther: boolean;
  /** Most requests that it may have now: one while its instance is on trial. */
  capacity: number;
  /** Most requests that it may have. */
  capacityMax: number;
  /** Whether the instance takes no more by another connection. */
  isBounded: boolean;
  /** Why it is closed as a broken one, though its session is not. */
  verdict: string | undefined;
  /** Whether the instance at the other end is gone, whatever its session says. */
  isGone: boolean;
  /** How many requests were given this connection and have not ended. */
  inFlight: number;
  /** Requests that ended since the last report. */
  endedCount: number;
  /** When its use was last reported, in the host's milliseconds. */
  reportedMs: number;
  /** When it was answered, then when it was open, in the host's milliseconds. */
  phaseMs: number;
  /** From when it was open until its first request ended. Milliseconds. */
  firstMs: number | undefined;
  /** Whether that was reported. */
  isFirstTold: boolean;
  /** Whether the next report of its use has a time already. */
  isUseNoted: boolean;
  /** Numbers of the requests to close it, to be answered when it is closed. */
  readonly closeMessageIDs: number[];
  /** Whether the manager knows it: not when it was opened under an earlier registration. */
  known: boolean;
}

/** A request that waits for a connection. */
export interface WaitingRequest {
  /** Chosen by the host. */
  readonly requestID: number;
  /** The service that it wants. */
  readonly service: string;
  /** Since when it waits, in the host's milliseconds. */
  readonly sinceMs: number;
}

/** A request wants a connection: `assign` or `reject` follows, within the time given. */
export interface RequestWanted {
  /** Tells events apart. */
  readonly kind: "requestWanted";
  /** Chosen by the host. */
  readonly requestID: number;
  /** The service. */
  readonly service: string;
  /** How long it may wait. Milliseconds. */
  readonly timeoutMs: number;
  /** Most requests that may wait for the service. @default {what the source says} */
  readonly waitingMax?: number;
  /** Requests of one key go to one instance: a whole number of 32 bits. @default {any instance} */
  readonly stickyKey?: number;
}

/** A request has ended, or its sender went away while it waited. */
export interface RequestEnded {
  /** Tells events apart. */
  readonly kind: "requestEnded";
  /** The request. */
  readonly requestID: number;
  /**
   * Whether its instance did not answer in time, its sender did not wait for that, or nothing was
   * sent by the connection that it was given.
   *
   * @default {it was answered}
   */
  readonly outcome?: "failed" | "cancelled" | "unused";
}

/** A request on trial has an answer, whose body may still be arriving. */
export interface RequestAnswered {
  /** Tells events apart. */
  readonly kind: "requestAnswered";
  /** The request. */
  readonly requestID: number;
}

/** A session was opened as the role said. */
export interface Dialed {
  /** Tells events apart. */
  readonly kind: "dialed";
  /** The connection. */
  readonly sourcePlug: number;
}

/** A session could not be opened. */
export interface DialFailed {
  /** Tells events apart. */
  readonly kind: "dialFailed";
  /** The connection. */
  readonly sourcePlug: number;
  /** Why. */
  readonly reason: string;
  /** Whether the instance is there, and would have no session. @default {false} */
  readonly isRefused?: boolean;
}

/** A session that was open has ended. */
export interface SessionEnded {
  /** Tells events apart. */
  readonly kind: "sessionEnded";
  /** The connection. */
  readonly sourcePlug: number;
  /** 111 own decision, 122 broken link. */
  readonly status: number;
  /** Why. */
  readonly reason: string;
}

/** The other end of a session takes nothing new by it: its instance ends. */
export interface SessionLeaving {
  /** Tells events apart. */
  readonly kind: "sessionLeaving";
  /** The connection. */
  readonly sourcePlug: number;
}

/** What happens to a source beside messages. */
export type SourceEvent =
  | RequestWanted
  | RequestEnded
  | RequestAnswered
  | Dialed
  | DialFailed
  | SessionLeaving
  | SessionEnded;

/** Everything that a source holds. */
export interface SourceState {
  /** Its times and bounds. */
  readonly options: SourceOptions;
  /** Its number as an instance, once it has one and its agent listens. */
  serviceID: number | undefined;
  /** The link to its agent. */
  agentLink: LinkID | undefined;
  /** Its connections, by out-plug. */
  readonly connections: Map<number, OutConnection>;
  /** Connections to a service that may be given requests, or will be; no list is empty. */
  readonly connectionsTo: Map<string, OutConnection[]>;
  /** Out-plugs by the number of their connectionRequest, while it is unanswered. */
  readonly asking: Map<number, number>;
  /** Requests that wait, by service and number. */
  readonly waiting: Map<string, Map<number, WaitingRequest>>;
  /** How many wait in all. */
  waitingCount: number;
  /** Where each request is: its service while it waits, its plug once it has one. */
  readonly requests: NumberTable<{ service: string } | { sourcePlug: number }>;
  /** Failed dials in a row, by service. */
  readonly retries: Map<string, number>;
  /** How often in a row there was no further connection to be had, by service. */
  readonly vain: Map<string, number>;
  /** Instances that failed, by their number. */
  readonly health: Map<number, Health>;
  /** Counts choices among several connections, so that they take turns. */
  turns: number;
  /** Everything that has a time; keys are `kind:identity`. */
  readonly deadlines: Deadlines<string>;
  /** The highest out-plug used so far. */
  lastPlug: number;
  /** The highest message number used so far. */
  lastMessageID: number;
}

/** A source without connections. */
export function createSource(options: Partial<SourceOptions> = {}): SourceState {
  return {
    options: { ...SOURCE_DEFAULTS, ...options },
    serviceID: undefined,
    agentLink: undefined,
    connections: new Map(),
    connectionsTo: new Map(),
    asking: new Map(),
    waiting: new Map(),
    waitingCount: 0,
    requests: new NumberTable(),
    retries: new Map(),
    vain: new Map(),
    health: new Map(),
    turns: 0,
    deadlines: emptyDeadlines(),
    lastPlug: 0,
    lastMessageID: 0,
  };
}

/** One step of a source in progress. The role that it is part of collects the effects. */
export interface SourceTurn {
  /** The state that the step changes. */
  readonly source: SourceState;
  /** The time of the step, in the host's milliseconds. */
  readonly nowMs: number;
  /** Takes what the host shall do, in order. */
  readonly emit: (effect: SourceEffect) => void;
}

/**
 * Sends to the agent; swallowed while there is no link, since the agent then knows nothing of us.
 */
export function sendToAgent(turn: SourceTurn, message: Message): void {
  const link = turn.source.agentLink;
  if (link !== undefined) turn.emit({ kind: "send", link, message });
}
