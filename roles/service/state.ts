/**
 * The state of a launched service, its events and its effects.
 *
 * @module
 */

import {
  createSource,
  type SourceEffect,
  type SourceEvent,
  type SourceOptions,
  type SourceState,
  type SourceTurn,
} from "../source/state.ts";
import type { MessageOf } from "../../protocol/messages.ts";
import type { LinkClosed, LinkID, MessageArrived, Tick } from "../step.ts";

/** What a process was told when it was started. */
export interface ServiceStart {
  /** The number that its startServiceResponse must carry. */
  readonly messageID: number;
  /** Its number as an instance. */
  readonly serviceID: number;
  /** Its in-plug. */
  readonly plug: number;
  /** The secret by which it proves itself, by each new link to an agent. */
  readonly token: string;
  /**
   * How long it goes on without an agent before it ends itself. Milliseconds.
   *
   * @default {AGENT_GRACE_MS}
   */
  readonly agentGraceMs?: number;
}

/** How long a service goes on without an agent when nothing else is said, in milliseconds. */
export const AGENT_GRACE_MS = 60_000;

/** Most ends of connections that are kept to be told to an agent that comes back. */
export const UNTOLD_MAX = 1_000;

/** It has a link to its agent, and listens on its plug or can't. */
export interface ServiceReady {
  /** Tells events apart. */
  readonly kind: "ready";
  /** The link to its agent. */
  readonly link: LinkID;
  /** Why it can't accept connections; 409: its plug is taken. */
  readonly failure?: { readonly status: number; readonly reason: string };
  /** How long its process has been there for it. Milliseconds. @default {it is not known} */
  readonly loadMs?: number;
}

/** It has a link to its agent again, or to one that was started in its place. */
export interface ServiceRelinked {
  /** Tells events apart. */
  readonly kind: "relinked";
  /** The link. */
  readonly link: LinkID;
}

/** A connection from another instance has ended. */
export interface InboundEnded {
  /** Tells events apart. */
  readonly kind: "inboundEnded";
  /** The instance that had dialled. */
  readonly sourceID: number;
  /** Its out-plug. */
  readonly sourcePlug: number;
  /** 111 own decision, 122 broken link. */
  readonly status: number;
  /** Why. */
  readonly reason: string;
  /** False when there was no such connection to close. @default {true} */
  readonly wasOpen?: boolean;
}

/** What the service says to its end: nothing, or that it must not be yet. */
export interface EndAnswered {
  /** Tells events apart. */
  readonly kind: "endAnswered";
  /** Why it goes on, and for how long. Milliseconds. @default {it does not refuse} */
  readonly refusal?: Refusal;
}

/** Why a service does not end yet, and when it may be asked again. */
export interface Refusal {
  /** For a person. */
  readonly reason: string;
  /** How long it goes on. Milliseconds. */
  readonly retryAfterMs: number;
}

/** The service works on something that no connection tells of, or on another such thing. */
export interface Held {
  /** Tells events apart. */
  readonly kind: "held";
  /** What it is, for a person. */
  readonly reason: string;
}

/** The service works on nothing any more that no connection tells of. */
export interface Released {
  /** Tells events apart. */
  readonly kind: "released";
}

/** Nothing is in flight from other instances any more, and nothing new is accepted. */
export interface Drained {
  /** Tells events apart. */
  readonly kind: "drained";
}

/** How it is and how busy, as the host found out. */
export interface Health {
  /** Tells events apart. */
  readonly kind: "health";
  /** The number of the serviceHealthRequest. */
  readonly messageID: number;
  /** Requests in flight. */
  readonly inFlight: number;
  /** What is wrong with it; 504: it did not answer itself. @default {it is well} */
  readonly ailment?: Ailment | undefined;
}

/** What is wrong with a service. */
export interface Ailment {
  /** 5xx. */
  readonly status: number;
  /** For a person. */
  readonly reason: string;
}

/** What happens to a service. */
export type ServiceEvent =
  | MessageArrived
  | LinkClosed
  | Tick
  | ServiceReady
  | ServiceRelinked
  | InboundEnded
  | EndAnswered
  | Held
  | Released
  | Drained
  | Health
  | SourceEvent;

/** Tell the service that it is to end; `endAnswered` must follow. */
export interface AskToEnd {
  /** Tells effects apart. */
  readonly kind: "askToEnd";
  /** Why. */
  readonly reason: string;
  /** How long it has, from now on. Milliseconds. */
  readonly graceMs: number;
  /** Whether it can't refuse. */
  readonly isFinal: boolean;
}

/** Accept nothing new, finish what is in flight; `drained` must follow. */
export interface Drain {
  /** Tells effects apart. */
  readonly kind: "drain";
}

/** Close one connection from another instance; `inboundEnded` must follow. */
export interface CloseInbound {
  /** Tells effects apart. */
  readonly kind: "closeInbound";
  /** The instance that dialled. */
  readonly sourceID: number;
  /** Its out-plug. */
  readonly sourcePlug: number;
}

/** Find out how the service is, and how busy; `health` must follow. */
export interface Measure {
  /** Tells effects apart. */
  readonly kind: "measure";
  /** The number of the serviceHealthRequest. */
  readonly messageID: number;
  /** What the service is to be asked. @default {to run is to be well} */
  readonly path?: string | undefined;
  /** How long its answer may take. Milliseconds. */
  readonly timeoutMs: number;
}

/** Send what is to be sent and end the process. */
export interface Exit {
  /** Tells effects apart. */
  readonly kind: "exit";
  /** The exit code. */
  readonly code: number;
}

/** What a service has done by its host. */
export type ServiceEffect = SourceEffect | AskToEnd | Drain | CloseInbound | Measure | Exit;

/** Everything that a service holds. */
export interface ServiceState {
  /** What it was told when it was started. */
  readonly start: ServiceStart;
  /** Its connections to others. */
  readonly source: SourceState;
  /** Where in its life it is; asked: the service says whether it may end. */
  phase: "starting" | "running" | "asked" | "closing" | "ended";
  /** Whether no refusal is taken any more. */
  isFinal: boolean;
  /** What it has refused its end for, and until when by the clock of the host. */
  refused: { readonly reason: string; readonly untilMs: number } | undefined;
  /** What it works on that no connection tells of. */
  held: string | undefined;
  /** What of that the manager was not told, and when it was told last by the clock of the host. */
  readonly use: { untold: string | undefined; toldMs: number };
  /** Whether nothing is in flight from others any more. */
  drained: boolean;
  /** The code with which it will exit. */
  exitCode: number;
  /** Numbers of the requests to end it. */
  readonly shutdownMessageIDs: number[];
  /** Numbers of the requests to close a connection from others, by that connection. */
  readonly inboundCloses: Map<string, readonly number[]>;
  /** Ends of connections from others that no agent was told yet. */
  readonly untold: MessageOf<"destConnectionClose">[];
}

/** One step of a service in progress. */
export interface ServiceTurn extends SourceTurn {
  /** The state that the step changes. */
  readonly state: ServiceState;
  /** Takes what the host shall do, in order. */
  readonly emit: (effect: ServiceEffect) => void;
}

/** A service that has not confirmed its start yet. */
export function createService(
  start: ServiceStart,
  options: Partial<SourceOptions> = {},
): ServiceState {
  return {
    start,
    source: createSource(options),
    phase: "starting",
    isFinal: false,
    refused: undefined,
    held: undefined,
    use: { untold: undefined, toldMs: -Infinity },
    drained: false,
    exitCode: 0,
    shutdownMessageIDs: [],
    inboundCloses: new Map(),
    untold: [],
  };
}

/** How a connection from another instance is named within this one. */
export function inboundKey(sourceID: number, sourcePlug: number): string {
  return `${sourceID}/${sourcePlug}`;
}
