/**
 * A WebSocket of the mesh as code in a service sees it, at either end: the interface of the
 * platform's own, over a channel.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { OpenChannel } from "./exchange.ts";
import { CLOSE, type Close, type SocketMessage, WEB_SOCKET_LIMITS } from "./messages.ts";

/** What a socket is made of. */
export interface MeshSocketSetup {
  /** Whether it was accepted here; then every code may close it. */
  readonly isServer: boolean;
  /** What it says of itself. */
  readonly url: string;
  /** The subprotocol, where it is known already. */
  readonly protocol?: string;
  /** The channel, once both ends have agreed. */
  readonly connected: Promise<OpenChannel>;
  /** Aborts when the session begins to close: the socket then closes with 1012. */
  readonly leaving?: AbortSignal | undefined;
  /** Ends the exchange at once. */
  readonly abort: (reason: string) => void;
}

/** A listener of one `on…` property. */
export type Handler<Of extends Event> = ((this: WebSocket, event: Of) => unknown) | null;

const encoder = new TextEncoder();

/** A WebSocket whose messages travel in an exchange of a session. */
export class MeshSocket extends EventTarget implements WebSocket {
  /** See `WebSocket.CONNECTING`. */
  readonly CONNECTING = 0;
  /** See `WebSocket.OPEN`. */
  readonly OPEN = 1;
  /** See `WebSocket.CLOSING`. */
  readonly CLOSING = 2;
  /** See `WebSocket.CLOSED`. */
  readonly CLOSED = 3;
  /** Nothing is negotiated: there are none. */
  readonly extensions = "";
  /** The address that was asked for; nothing at the end that accepts. */
  readonly url: string;
  /** How binary messages arrive: at the end that accepts as buffers, at the other as Blobs. */
  binaryType: BinaryType;
  readonly #setup: MeshSocketSetup;
  readonly #listened = new Set<string>();
  readonly #hear = (event: Event) => {
    if (event instanceof MessageEvent) this.#onmessage?.call(this, event);
    else if (event instanceof CloseEvent) this.#onclose?.call(this, event);
    else if (event.type === "open") this.#onopen?.call(this, event);
    else this.#onerror?.call(this, event);
  };
  #onopen: Handler<Event> = null;
  #onmessage: Handler<MessageEvent> = null;
  #onerror: Handler<Event> = null;
  #onclose: Handler<CloseEvent> = null;
  readonly #leave = () => this.#close({ code: CLOSE.restart, reason: "service restart" });
  #readyState: 0 | 1 | 2 | 3 = 0;
  #protocol: string;
  #channel: OpenChannel["channel"] | undefined;
  #early: Close | undefined;
  #stopWatching: (() => void) | undefined;

  /** Connects. */
  constructor(setup: MeshSocketSetup) {
    super();
    this.#setup = setup;
    this.url = setup.url;
    this.binaryType = setup.isServer ? "arraybuffer" : "blob";
    this.#protocol = setup.protocol ?? "";
    void this.#run();
  }

  /** See `WebSocket.readyState`. */
  get readyState(): 0 | 1 | 2 | 3 {
    return this.#readyState;
  }

  /** The subprotocol, or nothing. */
  get protocol(): string {
    return this.#protocol;
  }

  /** Bytes of messages that wait to be sent. */
  get bufferedAmount(): number {
    return this.#channel?.bufferedAmount ?? 0;
  }

  /** Hears that it is open. */
  get onopen(): Handler<Event> {
    return this.#onopen;
  }
  set onopen(handler: Handler<Event>) {
    this.#onopen = this.#listen("open", handler);
  }

  /** Hears every message. */
  get onmessage(): Handler<MessageEvent> {
    return this.#onmessage;
  }
  set onmessage(handler: Handler<MessageEvent>) {
    this.#onmessage = this.#listen("message", handler);
  }

  /** Hears that it failed; the close follows. */
  get onerror(): Handler<Event> {
    return this.#onerror;
  }
  set onerror(handler: Handler<Event>) {
    this.#onerror = this.#listen("error", handler);
  }

  /** Hears the end, once. */
  get onclose(): Handler<CloseEvent> {
    return this.#onclose;
  }
  set onclose(handler: Handler<CloseEvent>) {
    this.#onclose = this.#listen("close", handler);
  }

  /**
   * Sends a message. One over the bounds of {@linkcode WEB_SOCKET_LIMITS} closes the WebSocket.
   *
   * @throws {DOMException} `InvalidStateError` unless it is open, as Deno's own does.
   */
  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    const channel = this.#channel;
    if (this.#readyState !== this.OPEN || channel === undefined) {
      throw new DOMException("'readyState' not OPEN", "InvalidStateError");
    }
    if (this.#dispatchTo(channel, data) !== undefined) this.#closing();
  }

  /**
   * Closes it; what was sent before arrives before. At the end that accepts, any code goes.
   *
   * @throws {DOMException} `InvalidAccessError` for a code other than 1000 and 3000 to 4999,
   * `SyntaxError` for a reason over 123 bytes.
   */
  close(code?: number, reason = ""): void {
    const isOwn = code === undefined || code === 1000 || (code >= 3000 && code <= 4999);
    if (!isOwn && !this.#setup.isServer) {
      const text = "The close code must be either 1000 or in the range of 3000 to 4999";
      throw new DOMException(text, "InvalidAccessError");
    }
    if (encoder.encode(reason).length > WEB_SOCKET_LIMITS.reasonBytes) {
      throw new DOMException("The close reason is longer than 123 bytes", "SyntaxError");
    }
    this.#close(code === undefined ? { code: CLOSE.none, reason: "" } : { code, reason });
  }

  #dispatchTo(
    channel: OpenChannel["channel"],
    data: string | ArrayBufferLike | Blob | ArrayBufferView,
  ): Close | undefined {
    if (data instanceof Blob) {
      return channel.blob(data, () => this.#setup.abort("a Blob could not be read"));
    }
    if (ArrayBuffer.isView(data)) {
      return channel.binary(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) {
      return channel.binary(new Uint8Array(data));
    }
    return channel.text(String(data));
  }

  /** A property is heard in the place among the listeners that its first handler took. */
  #listen<Of>(type: string, handler: Of): Of | null {
    if (!this.#listened.has(type)) this.addEventListener(type, this.#hear);
    this.#listened.add(type);
    return typeof handler === "function" ? handler : null;
  }

  async #run(): Promise<void> {
    const { connected, leaving, abort } = this.#setup;
    try {
      const { channel, body, protocol } = await connected;
      this.#channel = channel;
      this.#protocol = protocol;
      this.#opened();
      leaving?.addEventListener("abort", this.#leave);
      if (leaving?.aborted) this.#leave();
      await channel.receive(body, (message) => this.#received(message));
      this.#fail("the connection ended without a close");
    } catch (error) {
      this.#fail(reasonOf(error));
      abort("the WebSocket failed");
    }
    this.#channel?.end();
    this.#stopWatching?.();
  }

  #opened(): void {
    if (this.#early !== undefined) {
      this.#channel?.close(this.#early);
      return this.#closing();
    }
    this.#readyState = this.OPEN;
    this.dispatchEvent(new Event("open"));
  }

  #received(message: SocketMessage): void {
    if (message.kind === "close") {
      this.#channel?.close(message);
      this.#channel?.end();
      if (message.code === CLOSE.lost) this.#fail("the connection was lost");
      this.#finish(message);
    } else if (this.#readyState === this.OPEN) {
      const data = message.kind === "text" ? message.text : this.#binary(message.bytes);
      const origin = this.url === "" ? "" : this.url.split("/", 3).join("/");
      this.dispatchEvent(new MessageEvent("message", { data, origin }));
    }
  }

  #binary(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer | Blob {
    return this.binaryType === "blob" ? new Blob([bytes]) : bytes.buffer;
  }

  #close(close: Close): void {
    if (this.#readyState === this.OPEN) {
      this.#channel?.close(close);
      this.#closing();
    } else if (this.#readyState === this.CONNECTING) {
      this.#readyState = this.CLOSING;
      this.#early = close;
      if (!this.#setup.isServer) this.#setup.abort("closed before it was open");
    }
  }

  /** This end has said its close; the other one must answer in time. */
  #closing(): void {
    this.#readyState = this.CLOSING;
    this.#stopWatching ??= this.#channel?.watch(() => {
      this.#fail("the other end did not answer the close");
      this.#setup.abort("the other end of a WebSocket did not answer the close");
    });
  }

  #fail(message: string): void {
    if (this.#readyState === this.CLOSED) return;
    this.#readyState = this.CLOSED;
    this.dispatchEvent(new ErrorEvent("error", { message }));
    this.#tellClose({ code: CLOSE.lost, reason: "" });
  }

  #finish(close: Close): void {
    if (this.#readyState === this.CLOSED) return;
    this.#readyState = this.CLOSED;
    this.#tellClose(close);
  }

  #tellClose({ code, reason }: Close): void {
    this.#setup.leaving?.removeEventListener("abort", this.#leave);
    const wasClean = code !== CLOSE.lost;
    this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean }));
  }
}
