/**
 * The accepting end of one session.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { deadline } from "../../transports/timer.ts";
import { Connection } from "./connection.ts";
import type { ConnectionRole } from "./connection_role.ts";
import { FRAME, type Frame, FrameError, RESET } from "./frames/frames.ts";
import { readHello, readRequest } from "./frames/heads.ts";
import type { Wire } from "./wires/outbox.ts";
import { ResponseExchange } from "./response_exchange.ts";
import {
  SESSION_LIMITS,
  type SessionEnd,
  type SessionHandle,
  type SessionHandler,
  type SessionHello,
  type SessionServerEvents,
} from "./session.ts";

/** What both a server and one session of it need. */
export interface AcceptOptions {
  /** The instance that listens; who dials must mean it. */
  readonly serviceID: number;
  /** Answers the requests of all sessions. */
  readonly handler: SessionHandler;
  /** What to tell; an event that throws is a bug of its receiver. */
  readonly events: SessionServerEvents;
  /**
   * Says why a hello with this ticket, empty if there was none, is not welcome; nothing when it is.
   *
   * @default {everybody is welcome who can reach the plug}
   */
  readonly refusalOf?: (hello: SessionHello, ticket: string) => Promise<string | undefined>;
  /**
   * The time that a connection has to say hello, and as much before to agree on keys if it has to.
   *
   * @default {5_000}
   */
  readonly handshakeTimeoutMs?: number;
  /**
   * How often to look for signs of life; after three intervals of silence the link is broken.
   *
   * @default {20_000, and 2_250 for a peer on another host}
   */
  readonly keepAliveMs?: number;
}

/** What a server says to one session of it. */
export interface AcceptedOptions extends AcceptOptions {
  /** Why no more sessions can be open; undefined when one more can. */
  readonly tooMany?: () => string | undefined;
}

/** How long a connection has to say hello, if nobody says so. Milliseconds. */
export const HANDSHAKE_MS = 5_000;

/** The accepting end of one session, over a wire of any kind. */
export class AcceptedSession implements SessionHandle, ConnectionRole {
  /** The one frame that may come first. */
  readonly greeting: typeof FRAME.hello = FRAME.hello;
  /** Settles when the session is open, or has ended before it was. */
  readonly decided: Promise<void>;
  readonly #decide: () => void;
  readonly #connection: Connection;
  readonly #options: AcceptedOptions;
  readonly #endHandshake: () => void;
  #hello: SessionHello | undefined;
  #lastID = 0;
  #running = 0;

  /** Waits for the hello. */
  constructor(wire: Wire, options: AcceptedOptions) {
    const { keepAliveMs, handshakeTimeoutMs = HANDSHAKE_MS } = options;
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.decided = promise;
    this.#decide = resolve;
    this.#connection = new Connection(wire, { role: this, what: "answer", keepAliveMs });
    this.#endHandshake = deadline(
      handshakeTimeoutMs,
      () => this.#connection.cut(`no hello within ${handshakeTimeoutMs} ms`),
    );
    this.#connection.ended.then((end) => this.#tellEnd(end));
  }

  /** Whether a peer has said hello, and it was right. */
  get isOpen(): boolean {
    return this.#hello !== undefined;
  }

  /** What the peer said; zeros before it has said anything. */
  get hello(): SessionHello {
    return this.#hello ?? { serviceID: 0, sourcePlug: 0, destServiceID: 0 };
  }

  /** See {@linkcode SessionHandle.inFlight}. */
  get inFlight(): number {
    return this.#connection.exchanges.size;
  }

  /** See {@linkcode SessionHandle.bufferedBytes}. */
  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  /** See {@linkcode SessionHandle.leaving}. */
  get leaving(): AbortSignal {
    return this.#connection.leaving.signal;
  }

  /** See {@linkcode SessionHandle.ended}. */
  get ended(): Promise<SessionEnd> {
    return this.#connection.ended;
  }

  /** See {@linkcode SessionHandle.close}. */
  async close(): Promise<void> {
    this.leave("closed by the accepting end");
    await this.ended;
  }

  /** See {@linkcode SessionHandle.abort}. */
  abort(reason: string): void {
    this.#connection.cut(reason);
  }

  /** Closes gracefully; a peer that has not said hello is sent away. */
  leave(reason: string): void {
    if (this.isOpen) this.#connection.leave(reason);
    else this.#connection.cut(reason);
  }

  /** The peer has said hello. */
  greeted(payload: Uint8Array): void | Promise<void> {
    const { hello, ticket } = readHello(payload);
    const { serviceID, refusalOf } = this.#options;
    this.#endHandshake();
    if (hello.destServiceID !== serviceID) {
      this.#connection.cut(`this is not instance ${hello.destServiceID}`);
      return;
    }
    if (refusalOf === undefined) return this.#welcome(hello);
    return refusalOf(hello, ticket).then(
      (refusal) => refusal === undefined ? this.#welcome(hello) : this.#connection.cut(refusal),
      (error) => this.#connection.cut(`its ticket can't be checked: ${reasonOf(error)}`),
    );
  }

  #welcome(hello: SessionHello): void {
    // It may have gone, or been sent away, while its ticket was looked at.
    if (this.#connection.unavailable !== undefined) return;
    const refusal = this.#options.tooMany?.();
    if (refusal !== undefined) return this.#connection.cut(refusal);
    this.#hello = hello;
    this.#connection.outbox.frames.welcome();
    this.#connection.outbox.wake();
    this.#options.events.opened?.(hello, this);
    this.#decide();
  }

  /** The peer has sent a request. */
  head(frame: Frame): void {
    if (frame.type !== FRAME.request) throw new FrameError("a response to the accepting end");
    const id = frame.exchange;
    if (id <= this.#lastID) throw new FrameError(`exchange ${id} comes after ${this.#lastID}`);
    const head = readRequest(frame.payload);
    this.#lastID = id;
    const refusal = this.#connection.unavailable ?? this.#tooMany();
    if (refusal !== undefined) {
      this.#connection.outbox.frames.reset(id, RESET.refused, refusal);
      this.#connection.outbox.wake();
      return;
    }
    this.#running++;
    const { handler, events } = this.#options;
    new ResponseExchange(this.#connection, {
      id,
      head,
      ended: frame.end,
      handler: (request) => handler(request, this.hello),
      failed: (error) => events.failed?.(error),
      done: () => this.#running--,
    });
  }

  /** Whether the peer may have opened it. */
  wasOpen(exchange: number): boolean {
    return exchange <= this.#lastID;
  }

  /** Counts handlers, not exchanges: one that ignores its signal still takes its place. */
  #tooMany(): string | undefined {
    return this.#running < SESSION_LIMITS.exchanges
      ? undefined
      : `${this.#running} requests are being handled`;
  }

  #tellEnd(end: SessionEnd): void {
    this.#endHandshake();
    this.#decide();
    const { events } = this.#options;
    if (this.#hello === undefined) events.refused?.(end.reason);
    else events.closed?.(this.#hello, end);
  }
}
