/**
 * WebSockets from outside: each is passed on to a service, and becomes one only when the service
 * has accepted it.
 *
 * @module
 */

import { problemResponse } from "../problem.ts";
import { type ExchangeRequest, type OpenChannel, openExchange } from "../web_sockets/exchange.ts";
import {
  CLOSE,
  type Close,
  MessageError,
  type SocketMessage,
  speakable,
} from "../web_sockets/messages.ts";

/** Above so many bytes that a client has not read, its service is read no further. */
const CLIENT_BYTES = 1_048_576;
/** How often a client that reads slowly is looked at: nothing tells when it has read. */
const LOOK_MS = 10;
/** A client that has read nothing in so many looks is given up: half a minute. */
const LOOKS_MAX = 3_000;

/** What a WebSocket is asked of a service by. */
export interface PassOptions extends Omit<ExchangeRequest, "signal"> {
  /** Sends a request to the service. */
  readonly send: (request: Request) => Promise<Response>;
}

/** Whether the `upgrade` of a request asks for a WebSocket. */
export function isWebSocket(upgrade: string | undefined): boolean {
  return upgrade !== undefined && /\bwebsocket\b/i.test(upgrade);
}

/** The WebSockets of a gateway. */
export class WebSockets {
  readonly #bridges = new Set<Bridge>();
  #leaving: Close | undefined;

  /**
   * Asks the service; its own response when it refuses, else one with status 101.
   *
   * @throws {unknown} what `send` rejects with.
   */
  async pass(request: Request, { send, url, headers }: PassOptions): Promise<Response> {
    const refusal = refusalOf(request) ?? this.#refusal();
    if (refusal !== undefined) return refusal;
    request.signal.throwIfAborted();
    const controller = new AbortController();
    const { signal } = controller;
    const leave = () => controller.abort(request.signal.reason);
    request.signal.addEventListener("abort", leave);
    // What is agreed with the client concerns the bytes between it and the gateway only.
    headers.delete("sec-websocket-extensions");
    let opened: OpenChannel | Response;
    try {
      opened = await openExchange(send, { url, headers, signal });
    } finally {
      // An upgrade ends the request for some versions of Deno, which would end the exchange too.
      request.signal.removeEventListener("abort", leave);
    }
    if (opened instanceof Response) return opened;
    try {
      return this.#accept(request, opened, controller);
    } catch (error) {
      controller.abort(error);
      throw error;
    }
  }

  /** Closes all, and accepts no more; resolves when they have ended. */
  async close(close: Close): Promise<void> {
    this.#leaving = close;
    await Promise.all([...this.#bridges].map((bridge) => bridge.leave(close)));
  }

  #accept(request: Request, opened: OpenChannel, controller: AbortController): Response {
    const { protocol } = opened;
    const options = protocol === "" ? {} : { protocol };
    const { socket, response } = Deno.upgradeWebSocket(request, options);
    const bridge = new Bridge(socket, opened, controller);
    this.#bridges.add(bridge);
    bridge.ended.then(() => this.#bridges.delete(bridge));
    if (this.#leaving !== undefined) void bridge.leave(this.#leaving);
    return response;
  }

  #refusal(): Response | undefined {
    if (this.#leaving === undefined) return undefined;
    const detail = `Cannot open a WebSocket: ${this.#leaving.reason}`;
    return problemResponse({ status: 503, detail, retryAfterSeconds: 1 });
  }
}

/** Why a handshake is none (RFC 6455, 4.2.1), before a service is asked. */
function refusalOf({ method, headers }: Request): Response | undefined {
  const version = headers.get("sec-websocket-version");
  if (version !== null && version.trim() !== "13") {
    const detail = `Cannot open a WebSocket: version ${version} is not supported, 13 is`;
    const response = problemResponse({ status: 426, detail });
    response.headers.set("sec-websocket-version", "13");
    response.headers.set("upgrade", "websocket");
    return response;
  }
  const isHandshake = method === "GET" && version !== null &&
    /^[A-Za-z0-9+/]{22}==$/.test(headers.get("sec-websocket-key") ?? "") &&
    /\bupgrade\b/i.test(headers.get("connection") ?? "");
  if (isHandshake) return undefined;
  const detail = "Cannot open a WebSocket: the request is no handshake of one";
  return problemResponse({ status: 400, detail });
}

/** One WebSocket: a client's socket at one side, the channel to a service at the other. */
class Bridge {
  readonly ended: Promise<void>;
  readonly #socket: WebSocket;
  readonly #opened: OpenChannel;
  readonly #controller: AbortController;
  readonly #settle: () => void;
  #early: Close | undefined;
  #hasServiceClosed = false;
  #hasServiceEnded = false;
  #stopWatching: (() => void) | undefined;

  constructor(socket: WebSocket, opened: OpenChannel, controller: AbortController) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settle = resolve;
    this.#socket = socket;
    this.#opened = opened;
    this.#controller = controller;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#open();
    socket.onmessage = (event) => this.#fromClient(event.data);
    // Nothing else tells that the client has gone before it was open.
    this.#watch();
    socket.onclose = ({ code, reason }) => this.#clientClosed(code || CLOSE.lost, reason);
  }

  /** Closes both sides; resolves when they have ended. */
  leave(close: Close): Promise<void> {
    this.#opened.channel.close(close);
    this.#closeClient(close);
    return this.ended;
  }

  #open(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    if (this.#early !== undefined) this.#closeClient(this.#early);
    void this.#pump();
  }

  /** Service to client, until the body of the service ends. */
  async #pump(): Promise<void> {
    const { channel, body } = this.#opened;
    try {
      await channel.receive(body, (message) => this.#fromService(message));
      this.#serviceFailed("the service ended the connection");
    } catch (error) {
      // Every other error is the end of the session, of which the client need not know more.
      const isMalformed = error instanceof MessageError;
      if (isMalformed) this.#controller.abort(error);
      this.#serviceFailed(
        isMalformed ? "the service sent no messages" : "the connection to the service broke",
      );
    }
    channel.end();
    this.#hasServiceEnded = true;
    if (this.#socket.readyState === WebSocket.CLOSED) this.#end();
  }

  #fromService(message: SocketMessage): void | Promise<void> {
    const socket = this.#socket;
    if (message.kind === "close") {
      this.#hasServiceClosed = true;
      this.#closeClient(message);
      // A client that closed first has said its close already: both have.
      if (this.#opened.channel.isClosed) this.#opened.channel.end();
      return;
    }
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(message.kind === "text" ? message.text : message.bytes);
    if (socket.bufferedAmount > CLIENT_BYTES) return this.#clientReads();
  }

  /** Waits until the client has read enough, or is gone. */
  async #clientReads(): Promise<void> {
    const socket = this.#socket;
    let before = socket.bufferedAmount;
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      const { readyState, bufferedAmount } = socket;
      if (readyState !== WebSocket.OPEN || bufferedAmount <= CLIENT_BYTES) return;
      if (bufferedAmount < before) looks = 0;
      before = bufferedAmount;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    const close = { code: CLOSE.failed, reason: "the client does not read" };
    this.#opened.channel.close(close);
    this.#closeClient(close);
  }

  #fromClient(data: string | ArrayBuffer): void {
    const { channel } = this.#opened;
    if (channel.isClosed) return;
    const refusal = typeof data === "string"
      ? channel.text(data)
      : channel.binary(new Uint8Array(data));
    if (refusal !== undefined) this.#closeClient(refusal);
  }

  #clientClosed(code: number, reason: string): void {
    const { channel } = this.#opened;
    channel.close({ code, reason });
    if (this.#hasServiceClosed) channel.end();
    if (this.#hasServiceEnded) this.#end();
    else this.#watch();
  }

  #serviceFailed(reason: string): void {
    if (!this.#hasServiceClosed) this.#closeClient({ code: CLOSE.failed, reason });
  }

  #closeClient(close: Close): void {
    const socket = this.#socket;
    this.#watch();
    if (socket.readyState === WebSocket.CONNECTING) this.#early ??= close;
    if (socket.readyState !== WebSocket.OPEN) return;
    const { code, reason } = speakable(close);
    if (code === CLOSE.none) socket.close();
    else socket.close(code, reason);
  }

  /** One side closes; when the other one does not in time, the exchange ends without it. */
  #watch(): void {
    const more = () => this.#socket.bufferedAmount;
    this.#stopWatching ??= this.#opened.channel.watch(() => {
      this.#controller.abort(new Error("Cannot wait on: a WebSocket was not closed in time"));
      this.#end();
    }, more);
  }

  #end(): void {
    this.#stopWatching?.();
    this.#settle();
  }
}
