/**
 * The accepting end of sessions.
 *
 * @module
 */

import { after } from "../../transports/timer.ts";
import { Connection, type ConnectionRole } from "./connection.ts";
import { FRAME, type Frame, FrameError, RESET } from "./frames.ts";
import { readHello, readRequest } from "./heads.ts";
import type { Wire } from "./outbox.ts";
import { ResponseExchange } from "./response_exchange.ts";
import {
  SESSION_LIMITS,
  type SessionEnd,
  type SessionHandle,
  type SessionHandler,
  type SessionHello,
  type SessionServer,
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
   * The time that a connection has to say hello.
   *
   * @default {5_000}
   */
  readonly handshakeTimeoutMs?: number;
  /**
   * How often to look for signs of life; after three intervals of silence the link is broken.
   *
   * @default {20_000}
   */
  readonly keepAliveMs?: number;
}

/** How to serve sessions on a listener. */
export interface ServeOptions extends AcceptOptions {
  /** Where to accept; the server closes it. */
  readonly listener: Deno.TcpListener;
}

const ACCEPT_PAUSE_MS = 100;

/** Accepts sessions on the in-plug of an instance, until `drain` or `abort`. */
export function serveSessions(options: ServeOptions): SessionServer {
  return new Server(options);
}

class Server implements SessionServer {
  readonly ended: Promise<void>;
  readonly #options: ServeOptions;
  readonly #sessions = new Set<AcceptedSession>();
  readonly #settle: () => void;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #accepting = true;

  constructor(options: ServeOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settle = resolve;
    this.#accept();
  }

  get inFlight(): number {
    return this.#sum((session) => session.inFlight);
  }

  get bufferedBytes(): number {
    return this.#sum((session) => session.bufferedBytes);
  }

  get sessions(): number {
    return this.#sum((session) => session.isOpen ? 1 : 0);
  }

  async drain(): Promise<void> {
    this.#close();
    for (const session of this.#sessions) session.leave("the instance is shutting down");
    await this.ended;
  }

  abort(reason: string): void {
    this.#close();
    for (const session of this.#sessions) session.abort(reason);
  }

  async #accept(): Promise<void> {
    while (this.#accepting) {
      try {
        const connection = await this.#options.listener.accept();
        connection.setNoDelay(true);
        this.#admit(connection);
      } catch (error) {
        if (!this.#accepting) break;
        // A peer that has gone before it was accepted, or too many open files: both pass.
        this.#options.events.failed?.(error);
        await new Promise<void>((resolve) => this.#pause = setTimeout(resolve, ACCEPT_PAUSE_MS));
      }
    }
  }

  #admit(wire: Wire): void {
    if (this.#sessions.size >= SESSION_LIMITS.sessions) {
      wire.close();
      this.#options.events.refused?.(`${this.#sessions.size} sessions are open`);
      return;
    }
    const session = new AcceptedSession(wire, this.#options);
    this.#sessions.add(session);
    session.ended.then(() => {
      this.#sessions.delete(session);
      this.#settleWhenEmpty();
    });
  }

  #close(): void {
    if (!this.#accepting) return;
    this.#accepting = false;
    clearTimeout(this.#pause);
    this.#options.listener.close();
    this.#settleWhenEmpty();
  }

  #settleWhenEmpty(): void {
    if (!this.#accepting && this.#sessions.size === 0) this.#settle();
  }

  #sum(of: (session: AcceptedSession) => number): number {
    let sum = 0;
    for (const session of this.#sessions) sum += of(session);
    return sum;
  }
}

/** The accepting end of one session, over a wire of any kind. */
export class AcceptedSession implements SessionHandle, ConnectionRole {
  /** The one frame that may come first. */
  readonly greeting: typeof FRAME.hello = FRAME.hello;
  readonly #connection: Connection;
  readonly #options: AcceptOptions;
  readonly #endHandshake: () => void;
  #hello: SessionHello | undefined;
  #lastID = 0;
  #running = 0;

  /** Waits for the hello. */
  constructor(wire: Wire, options: AcceptOptions) {
    const { keepAliveMs, handshakeTimeoutMs = 5_000 } = options;
    this.#options = options;
    this.#connection = new Connection(wire, { role: this, what: "answer", keepAliveMs });
    this.#endHandshake = after(
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
  greeted(payload: Uint8Array): void {
    const hello = readHello(payload);
    const { serviceID, events } = this.#options;
    this.#endHandshake();
    if (hello.destServiceID !== serviceID) {
      this.#connection.cut(`this is instance ${serviceID}, not ${hello.destServiceID}`);
      return;
    }
    this.#hello = hello;
    this.#connection.outbox.frames.welcome();
    this.#connection.outbox.wake();
    events.opened?.(hello, this);
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
    const { events } = this.#options;
    if (this.#hello === undefined) events.refused?.(end.reason);
    else events.closed?.(this.#hello, end);
  }
}
