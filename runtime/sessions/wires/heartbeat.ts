/**
 * How one end of a session notices that the other one is gone though nothing says so: a host that
 * lost its power or its cable closes no connection.
 *
 * @module
 */

import { deadline } from "../../../transports/timer.ts";

/** How often to look for signs of life on a machine whose end would be noticed anyway. */
const SAME_HOST_MS = 20_000;
/** How often on another host: one that is gone is noticed in 9 s, one that is busy has 4 s. */
const OTHER_HOST_MS = 2_250;

/** Looks without any sign of life before that, each with a question, are patience. */
const SILENT_MAX = 3;

/** How often to look for signs of life of who has this address. Milliseconds. */
export function heartbeatMsOf(hostname: string): number {
  const isSameHost = hostname === "localhost" || hostname === "::1" ||
    /^(::ffff:)?127\./.test(hostname);
  return isSameHost ? SAME_HOST_MS : OTHER_HOST_MS;
}

/** What a {@linkcode Heartbeat} is made of. */
export interface HeartbeatOptions {
  /** How often to look. Milliseconds. @default {20_000} */
  readonly intervalMs?: number | undefined;
  /** Asks the other end for a sign of life. */
  readonly ask: () => void;
  /** Nothing was heard for three intervals, and not yet for four. */
  readonly silent: () => void;
}

/**
 * Asks for signs of life and counts its looks without any. It counts looks and not time: if this
 * process itself stood still, what the other end said meanwhile is still to be read.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #cancel: () => void;
  #silentFor = 0;

  /** Begins. */
  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#cancel = this.#lookLater();
  }

  /** The other end said something. */
  heard(): void {
    this.#silentFor = 0;
  }

  /** Looks no more. */
  stop(): void {
    this.#cancel();
  }

  #lookLater(): () => void {
    return deadline(this.#options.intervalMs ?? SAME_HOST_MS, () => this.#look());
  }

  #look(): void {
    this.#silentFor += 1;
    if (this.#silentFor > SILENT_MAX) return this.#options.silent();
    this.#cancel = this.#lookLater();
    this.#options.ask();
  }
}
