/**
 * The dialling end of sessions.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { after } from "../../transports/timer.ts";
import { Connection, type ConnectionRole } from "./connection.ts";
import { FRAME, type Frame, FrameError } from "./frames.ts";
import { checkGreeting, checkHello, readAnswer, readResponse, requestParts } from "./heads.ts";
import type { Wire } from "./outbox.ts";
import { partsOf, responseOf } from "./parts.ts";
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

/** Where and as whom to dial. */
export interface DialOptions {
  /** The address of the instance. */
  readonly hostname: string;
  /** Its in-plug. */
  readonly port: number;
  /** Who dials, and whom it expects. */
  readonly hello: SessionHello;
  /**
   * The time for the connection and the peer's welcome together.
   *
   * @default {5_000}
   */
  readonly connectTimeoutMs?: number;
  /**
   * How often to look for signs of life; after three intervals of silence the link is broken.
   *
   * @default {20_000}
   */
  readonly keepAliveMs?: number;
}

const LAST_EXCHANGE = 0xffff_ffff;
const USED = "the body of the request has been used";

/**
 * Opens a session to the in-plug of an instance.
 *
 * @throws {SessionRefusedError} nobody answers there in time, or it is not the expected instance.
 * @throws {RangeError} a number of the hello is none that a frame can carry.
 */
export async function dialSession(options: DialOptions): Promise<Session> {
  const { hostname, port, connectTimeoutMs = 5_000 } = options;
  const what = `dial "${hostname}:${port}"`;
  checkHello(options.hello);
  let wire: Wire | undefined;
  let late = false;
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const cancel = after(connectTimeoutMs, () => {
    late = true;
    reject(new SessionRefusedError(what, `no session within ${connectTimeoutMs} ms`));
    wire?.close();
  });
  const dialling = connect(hostname, port).then((connected) => {
    wire = connected;
    // The deadline has been told already; a connection that comes late is of no use.
    if (late) {
      connected.close();
      throw new SessionRefusedError(what, "the connection came too late");
    }
    return openSession(connected, { ...options, what });
  });
  try {
    return await Promise.race([dialling, timeout]);
  } catch (error) {
    if (error instanceof SessionRefusedError) throw error;
    const reason = reasonOf(error);
    throw new SessionRefusedError(what, reason, { cause: error });
  } finally {
    cancel();
    // When the deadline was first, this one fails later and nobody waits for it any more.
    dialling.catch(() => {});
  }
}

async function connect(hostname: string, port: number): Promise<Wire> {
  const connection = await Deno.connect({ hostname, port });
  connection.setNoDelay(true);
  return connection;
}

/**
 * Opens a session over a wire of any kind, and closes the wire when the peer refuses.
 *
 * @throws {SessionRefusedError} the peer refuses, or speaks something else.
 */
export async function openSession(
  wire: Wire,
  options: { hello: SessionHello; what?: string; keepAliveMs?: number },
): Promise<Session> {
  const session = new DialledSession(wire, options);
  const refusal = await session.welcomed;
  if (refusal === undefined) return session;
  throw new SessionRefusedError(options.what ?? "open a session", refusal.reason);
}

/** A session and, as its role, what the connection needs of the dialling end. */
class DialledSession implements Session, ConnectionRole {
  readonly hello: SessionHello;
  readonly greeting = FRAME.welcome;
  /** Undefined when the peer accepts; how the session ended otherwise. */
  readonly welcomed: Promise<SessionEnd | undefined>;
  readonly #connection: Connection;
  readonly #what: string;
  readonly #welcome: (end: undefined) => void;
  #lastID = 0;

  constructor(wire: Wire, options: { hello: SessionHello; keepAliveMs?: number }) {
    const { hello, keepAliveMs } = options;
    this.hello = hello;
    this.#what = `fetch from service "${hello.destServiceID}"`;
    this.#connection = new Connection(wire, { role: this, what: this.#what, keepAliveMs });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#welcome = resolve;
    this.welcomed = Promise.race([promise, this.#connection.ended]);
    this.#connection.outbox.frames.hello(hello);
    this.#connection.outbox.wake();
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

  exchange(request: RequestParts, ended: () => void = () => {}): Promise<Response> {
    let id = 0;
    try {
      request.signal?.throwIfAborted();
      if (request.body?.locked) throw new TypeError(`Cannot ${this.#what}: ${USED}`);
      this.#checkRoom();
      id = this.#lastID + 1;
    } catch (error) {
      queueMicrotask(ended);
      return Promise.reject(error);
    }
    const parts = requestParts(request);
    const refusal = this.#isWebSocket(parts)
      ? answer(501, "A session does not carry WebSockets yet.")
      : this.#connection.outbox.frames.request(id, parts, request.body === null)
      ? undefined
      : answer(431, "The method, URL and headers of the request are too large together.");
    if (refusal !== undefined) {
      queueMicrotask(ended);
      return Promise.resolve(responseOf(refusal, request.passOn));
    }
    this.#lastID = id;
    this.#connection.outbox.wake();
    const what = this.#what;
    return new RequestExchange(this.#connection, { id, request, what, ended }).response;
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
    this.#welcome(undefined);
  }

  head({ type, payload, exchange: id, end }: Frame): void {
    if (type === FRAME.request) throw new FrameError("a request to the dialling end");
    if (!this.wasOpen(id)) throw new FrameError("a response to no request");
    const exchange = this.#connection.exchanges.get(id);
    if (type === FRAME.response) {
      const head = readResponse(payload);
      if (exchange instanceof RequestExchange) exchange.responded(head, end);
    } else {
      const { head, body } = readAnswer(payload);
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
