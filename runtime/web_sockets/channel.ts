/**
 * One end of a WebSocket in the bodies of its exchange: a queue of messages that leaves as one
 * body, and a loop that takes messages from the other.
 *
 * @module
 */

import { after } from "../../transports/timer.ts";
import { joined } from "../joined_bytes.ts";
import {
  CLOSE,
  type Close,
  encodeBinary,
  encodeClose,
  encodeText,
  MESSAGE_HEADER_BYTES,
  MessageDecoder,
  type SocketMessage,
  WEB_SOCKET_LIMITS,
} from "./messages.ts";

/** Takes a message; what it returns is waited for, and stops the sender meanwhile. */
export type MessageReceiver = (message: SocketMessage) => void | Promise<void>;

/** A message that waits; a Blob keeps its place until its bytes have been read. */
interface Waiting {
  encoded: Uint8Array<ArrayBuffer> | undefined;
  readonly bytes: number;
}

/** What small messages leave together in, and large ones are cut into. */
const PIECE_BYTES = 65_536;

const { closeMs, messageBytes, queuedBytes } = WEB_SOCKET_LIMITS;

/** The messages of this end on their way out, and the other end's on their way in. */
export class SocketChannel {
  /** The body that carries what is sent here. */
  readonly outgoing: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #queue: Waiting[] = [];
  #sentOfFirst = 0;
  #queuedBytes = 0;
  #awaited: { readonly bytes: number; readonly resolve: () => void } | undefined;
  #isWanted = false;
  #isClosed = false;
  #isEnding = false;
  #isOver = false;

  /** Nothing leaves before somebody reads `outgoing`. */
  constructor() {
    this.outgoing = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: () => {
        this.#isWanted = true;
        this.#give();
      },
      cancel: () => {
        this.#isOver = true;
        this.#drop();
      },
    }, { highWaterMark: 0 });
  }

  /** Bytes of messages that have not left whole, as they travel. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** The same without what is put around each message. */
  get bufferedAmount(): number {
    return this.#queuedBytes - MESSAGE_HEADER_BYTES * this.#queue.length;
  }

  /** Whether this end has said its close. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends a text. What can't be sent closes the channel; returns that close. */
  text(text: string): Close | undefined {
    const encoded = encodeText(text);
    return this.#send({ encoded, bytes: encoded.length });
  }

  /** Sends bytes, which are copied. What can't be sent closes the channel; returns that close. */
  binary(bytes: Uint8Array): Close | undefined {
    const encoded = encodeBinary(bytes);
    return this.#send({ encoded, bytes: encoded.length });
  }

  /** Sends a Blob, in its place among the others. `failed` hears when it can't be read. */
  blob(blob: Blob, failed: (error: unknown) => void): Close | undefined {
    const waiting: Waiting = { encoded: undefined, bytes: MESSAGE_HEADER_BYTES + blob.size };
    const refusal = this.#send(waiting);
    if (refusal !== undefined) return refusal;
    blob.arrayBuffer().then((buffer) => {
      waiting.encoded = encodeBinary(new Uint8Array(buffer));
      this.#give();
    }).catch(failed);
    return undefined;
  }

  /**
   * Resolves when no more than so many bytes wait to be sent, at once when they can't be any more.
   * For one who sends, and waits before the next message.
   */
  below(bytes: number): Promise<void> {
    if (this.#queuedBytes <= bytes) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited = { bytes, resolve };
    return promise;
  }

  /** Says the close, once; nothing is sent after it. */
  close(close: Close): void {
    if (this.#isClosed) return;
    const encoded = encodeClose(close);
    this.#add({ encoded, bytes: encoded.length });
    this.#isClosed = true;
  }

  /** Ends the body behind what waits. */
  end(): void {
    this.#isClosed = true;
    this.#isEnding = true;
    this.#give();
  }

  /**
   * Waits as long as what is to be sent gets less, and a moment more
   * ({@linkcode WEB_SOCKET_LIMITS}); then runs `stuck`. `more` is what waits elsewhere. Returns how
   * to prevent that.
   */
  watch(stuck: () => void, more: () => number = () => 0): () => void {
    let before = this.#queuedBytes + more();
    const look = () => {
      const now = this.#queuedBytes + more();
      if (now >= before) return stuck();
      before = now;
      cancel = after(closeMs, look);
    };
    let cancel = after(closeMs, look);
    return () => cancel();
  }

  /** Breaks the body. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isClosed = true;
    this.#drop();
    this.#controller?.error(error);
  }

  /**
   * Takes the other end's messages until their body ends.
   *
   * @throws {unknown} the error of the body, of the receiver, or a `MessageError`; the rest of the
   * body is not wanted then.
   */
  async receive(body: ReadableStream<Uint8Array>, received: MessageReceiver): Promise<void> {
    const decoder = new MessageDecoder();
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        for (const message of decoder.push(value)) await received(message);
      }
    } catch (error) {
      // Cancelling what has failed fails too, with the same error.
      reader.cancel(error).catch(() => {});
      throw error;
    }
  }

  #send(waiting: Waiting): Close | undefined {
    const refusal = this.#refusalOf(waiting.bytes);
    if (refusal !== undefined) this.close(refusal);
    else this.#add(waiting);
    return refusal;
  }

  #refusalOf(bytes: number): Close | undefined {
    if (bytes - MESSAGE_HEADER_BYTES > messageBytes) {
      return { code: CLOSE.tooLarge, reason: `a message is over ${messageBytes} bytes` };
    }
    if (this.#queuedBytes <= queuedBytes) return undefined;
    this.#drop();
    return { code: CLOSE.failed, reason: `over ${queuedBytes} bytes wait to be sent` };
  }

  #add(waiting: Waiting): void {
    if (this.#isClosed || this.#isOver) return;
    this.#queue.push(waiting);
    this.#queuedBytes += waiting.bytes;
    this.#give();
  }

  /** Forgets what waits, but for the rest of a message that the other end has begun to read. */
  #drop(): void {
    const begun = this.#sentOfFirst > 0 && !this.#isOver ? this.#queue.slice(0, 1) : [];
    if (begun.length === 0) this.#sentOfFirst = 0;
    this.#queue = begun;
    this.#queuedBytes = begun[0]?.bytes ?? 0;
    this.#tell();
  }

  #tell(): void {
    if (this.#awaited === undefined || this.#queuedBytes > this.#awaited.bytes) return;
    this.#awaited.resolve();
    this.#awaited = undefined;
  }

  #give(): void {
    if (!this.#isWanted || this.#isOver) return;
    const piece = this.#take();
    if (piece !== undefined) {
      this.#isWanted = false;
      this.#controller?.enqueue(piece);
    } else if (this.#isEnding && this.#queue.length === 0) {
      this.#isOver = true;
      this.#controller?.close();
    }
  }

  /** The next piece: a part of a large message, or as many small ones as fit. */
  #take(): Uint8Array<ArrayBuffer> | undefined {
    const first = this.#queue[0]?.encoded;
    if (first === undefined) return undefined;
    const from = this.#sentOfFirst;
    if (first.length - from > PIECE_BYTES) {
      this.#sentOfFirst += PIECE_BYTES;
      return first.subarray(from, this.#sentOfFirst);
    }
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let length = -from;
    for (const { encoded } of this.#queue) {
      if (encoded === undefined || length + encoded.length > PIECE_BYTES) break;
      parts.push(encoded);
      length += encoded.length;
    }
    parts[0] = first.subarray(from);
    // All at once, since taking from the front of a long queue costs its whole length.
    for (const { bytes } of this.#queue.splice(0, parts.length)) this.#queuedBytes -= bytes;
    this.#tell();
    this.#sentOfFirst = 0;
    return parts.length === 1 ? parts[0] : joined(parts, length);
  }
}
