/**
 * What a source has done by its host, beside its state.
 *
 * @module
 */

import type { Refuse, Send } from "../step.ts";

/** Open a session; `dialed` or `dialFailed` must follow. */
export interface Dial {
  /** Tells effects apart. */
  readonly kind: "dial";
  /** The connection. */
  readonly sourcePlug: number;
  /** The address to dial. */
  readonly network: string;
  /** The port to dial. */
  readonly port: number;
  /** Who dials. */
  readonly serviceID: number;
  /** Who is expected there. */
  readonly destServiceID: number;
  /** What shows that the manager sent it there, if anything does. */
  readonly ticket: string | undefined;
  /** The authority of the certificate that is expected there; undefined: the session is plain. */
  readonly destCertificate: string | undefined;
}

/** Send a request by a session; `requestEnded` must follow. */
export interface Assign {
  /** Tells effects apart. */
  readonly kind: "assign";
  /** The request. */
  readonly requestID: number;
  /** The connection. */
  readonly sourcePlug: number;
  /** Whether `requestAnswered` shall follow, since others wait for that. @default {false} */
  readonly isTrial?: boolean;
}

/** Answer a request that gets no connection. */
export interface Reject {
  /** Tells effects apart. */
  readonly kind: "reject";
  /** The request. */
  readonly requestID: number;
  /** 4xx or 5xx. */
  readonly status: number;
  /** Why. */
  readonly reason: string;
}

/** Finish what is in flight on a session and close it; `sessionEnded` must follow. */
export interface CloseSession {
  /** Tells effects apart. */
  readonly kind: "closeSession";
  /** The connection. */
  readonly sourcePlug: number;
}

/**
 * End a session at once, if there is one: nobody is at its other end, and what is in flight there
 * will never be answered. `sessionEnded` must follow.
 */
export interface BreakSession {
  /** Tells effects apart. */
  readonly kind: "breakSession";
  /** The connection. */
  readonly sourcePlug: number;
  /** Why. */
  readonly reason: string;
}

/** What a source has done by its host. */
export type SourceEffect = Send | Refuse | Dial | Assign | Reject | CloseSession | BreakSession;
