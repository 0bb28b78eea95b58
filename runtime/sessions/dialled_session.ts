/**
 * The dialling end of one session.
 *
 * @module
 */

import { after } from "../../transports/timer.ts";
import { Connection } from "./connection.ts";
import type { ConnectionRole } from "./connection_role.ts";
import { FRAME, type Frame, FrameError } from "./frames/frames.ts";
import { AnswerReader, checkGreeting, readResponse, requestParts } from "./frames/heads.ts";
import type { Wire } from "./wires/outbox.ts";
import { partsOf, responseOf } from "./parts/parts.ts";
import { RequestExchange } from "./request_exchange.ts";
import {
  type RequestParts,
  type ResponseParts,
  type Session,
  SESSION_LIMITS,
  type SessionEnd,
  type SessionHello,
  SessionRefusedError,
} from "./session.ts";

/** How to open a session on a wire. */
export interface OpenOptions {
  /** Who dials, and whom it expects. */
  readonly hello: SessionHello;
  /** What shows that the manager sent it there. @default {nothing} */
  readonly ticket?: string | undefined;
  /** How often to look for signs of life; see `heartbeat.ts`. @default {20_000} */
  readonly keepAliveMs?: number | undefined;
  /** What it is opened for, for an error. @default {"open a session"} */
  readonly what?: string;
  /** See `ConnectionOptions`. @default {false} */
  readonly isPrompt?: boolean;
}

/** What takes longer than this can be cancelled by its late signal. Milliseconds. */
const LONG_MS = 20;

const LAST_EXCHANGE = 0xffff_ffff;
const USED = "the body of the request has been used";

/**
 * Opens a session over a wire of any kind, and closes the wire when the peer refuses.
 *
 * @throws {SessionRefusedError} the peer refuses, or speaks something else.
 */
export async function openSession(wire: Wire, options: OpenOptions): Promise<Session> {
  const session = new DialledSession(wire, options);
  const refusal = await session.welcomed;
  if (refusal === undefined) return session;
  const { reason, isRefusal: isByPeer = false } = refusal;
  throw new SessionRefusedError(options.what ?? "open a session", reason, { isByPeer });
}

/** A session and, as its role, what the connection needs of the dialling end. */
class DialledSession implements Session, ConnectionRole {
  readonly hello: SessionHello;
  readonly greeting = FRAME.welcome;
  /** Undefined when the peer accepts; how the session ended otherwise. */
  readonly welcomed: Promise<SessionEnd | undefined>;
  readonly #connection: Connection;
  readonly #answers = new AnswerReader();
  readonly #what: string;
  readonly #welcome: (end: undefined) => void;
  #isWelcome = false;
  #lastID = 0;
  #isLooking = false;

  constructor(wire: Wire, options: OpenOptions) {
    const { hello, ticket = "", keepAliveMs, isPrompt = false } = options;
    this.hello = hello;
    const what = `fetch from service "${hello.destServiceID}"`;
    this.#what = what;
    this.#connection = new Connection(wire, { role: this, what, keepAliveMs, isPrompt });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#welcome = resolve;
    this.welcomed = Promise.race([promise, this.#connection.ended]);
    this.#connection.outbox.frames.hello(hello, { ticket });
    this.#connection.outbox.wake();
    if (isPrompt) this.#hasten(1);
  }

  get inFlight(): number {
    return this.#connection.exchanges.size;
  }

  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  get leaving(): AbortSignal {
    return this.#connection.leaving.signal;
  }

  get ended(): Promise<SessionEnd> {
    return this.#connection.ended;
  }

  async fetch(request: Request): Promise<Response> {
    if (request.bodyUsed) throw new TypeError(`Cannot ${this.#what}: ${USED}`);
    return await this.exchange(partsOf(request));
  }

  exchange(request: RequestParts, ended: (isWhole: boolean) => void = () => {}): Promise<Response> {
    let id = 0;
    try {
      request.signal?.throwIfAborted();
      if (request.body?.locked) throw new TypeError(`Cannot ${this.#what}: ${USED}`);
      this.#checkRoom();
      id = this.#lastID + 1;
    } catch (error) {
      queueMicrotask(() => ended(false));
      return Promise.reject(error);
    }
    const parts = requestParts(request);
    const refusal = this.#isWebSocket(parts)
      ? answer(501, "A session does not carry WebSockets yet.")
      : this.#connection.outbox.frames.request(id, parts, request.body === null)
      ? undefined
      : answer(431, "The method, URL and headers of the request are too large together.");
    if (refusal !== undefined) {
      queueMicrotask(() => ended(false));
      return Promise.resolve((request.respond ?? responseOf)(refusal));
    }
    this.#lastID = id;
    this.#connection.outbox.wake();
    const what = this.#what;
    if (!this.#isLooking && request.lateSignal !== undefined) this.#lookForLong();
    return new RequestExchange(this.#connection, { id, request, what, ended }).response;
  }

  /** One timer for all exchanges: what was there at its last round takes long. */
  #lookForLong(): void {
    const { exchanges } = this.#connection;
    const lastID = this.#lastID;
    this.#isLooking = true;
    after(LONG_MS, () => {
      this.#isLooking = false;
      for (const [id, exchange] of exchanges.entries()) {
        if (id <= lastID && exchange instanceof RequestExchange) exchange.linger();
      }
      if (exchanges.size > 0) this.#lookForLong();
    });
  }

  async close(): Promise<void> {
    this.#connection.leave("closed by the dialling end");
    await this.ended;
  }

  abort(reason: string): void {
    this.#connection.cut(reason);
  }

  greeted(payload: Uint8Array): void {
    checkGreeting(payload);
    this.#isWelcome = true;
    this.#welcome(undefined);
  }

  /** Parts of TLS have come just now, unseen; the welcome may wait until they are acknowledged. */
  #hasten(delayMs: number): void {
    after(delayMs, () => {
      if (this.#isWelcome || this.#connection.unavailable !== undefined) return;
      this.#connection.acknowledge();
      this.#hasten(2 * delayMs);
    });
  }

  head({ type, payload, exchange: id, end }: Frame): void {
    if (type === FRAME.request) throw new FrameError("a request to the dialling end");
    if (!this.wasOpen(id)) throw new FrameError("a response to no request");
    const exchange = this.#connection.exchanges.get(id);
    if (type === FRAME.response) {
      const head = readResponse(payload);
      if (exchange instanceof RequestExchange) exchange.responded(head, end);
    } else {
      const { head, body } = this.#answers.read(payload);
      if (exchange instanceof RequestExchange) exchange.respondedWhole(head, body);
    }
  }

  wasOpen(exchange: number): boolean {
    return exchange <= this.#lastID;
  }

  #isWebSocket(parts: readonly string[]): boolean {
    const at = parts.indexOf("upgrade", 2);
    return at % 2 === 0 && /websocket/i.test(parts[at + 1] ?? "");
  }

  #checkRoom(): void {
    const { unavailable, exchanges, outbox } = this.#connection;
    if (unavailable !== undefined) throw new SessionRefusedError(this.#what, unavailable);
    if (exchanges.size >= SESSION_LIMITS.exchanges) {
      throw new SessionRefusedError(this.#what, `${exchanges.size} exchanges are in flight`);
    }
    if (outbox.bufferedBytes > SESSION_LIMITS.queuedBytes / 2) {
      throw new SessionRefusedError(this.#what, "too much waits to be sent");
    }
    if (this.#lastID === LAST_EXCHANGE) {
      this.#connection.leave("all numbers of exchanges are used");
      throw new SessionRefusedError(this.#what, "all numbers of exchanges are used");
    }
  }
}

function answer(status: number, body: string): ResponseParts {
  return { status, headers: [["content-type", "text/plain;charset=UTF-8"]], body };
}
