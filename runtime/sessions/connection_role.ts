/**
 * What differs between the connections of a session's two ends.
 *
 * @module
 */

import type { FRAME, Frame } from "./frames/frames.ts";

/** What differs between the dialling and the accepting end. Each may throw a FrameError. */
export interface ConnectionRole {
  /** The frame that this end waits for before all others. */
  readonly greeting: typeof FRAME.hello | typeof FRAME.welcome;
  /** That frame has come. What follows it is taken once the promise, if there is one, resolves. */
  greeted(payload: Uint8Array): void | Promise<void>;
  /** A request or a response has come. */
  head(frame: Frame): void;
  /** Whether the peer may know of an exchange that is not in the connection any more. */
  wasOpen(exchange: number): boolean;
}

/** What a connection is made of, besides its wire. */
export interface ConnectionOptions {
  /** Its end. */
  readonly role: ConnectionRole;
  /** What breaks when the session does. */
  readonly what: string;
  /** How often to look for signs of life; see `heartbeat.ts`. @default {20_000} */
  readonly keepAliveMs?: number | undefined;
  /** Whether to acknowledge at once while more is to come. @default {false} */
  readonly isPrompt?: boolean;
}
