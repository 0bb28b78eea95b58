/**
 * The bodies of exchanges and their flow control. The receiver of a body grants its sender a
 * window, and more as its reader reads, so a slow reader stops a fast writer and memory has a
 * bound: every body may hold the first window, and what is left of the shared window is given to
 * those that are read.
 *
 * @module
 */

import type { FrameWriter } from "../frames/frame_writer.ts";
import { FrameError } from "../frames/frames.ts";
import type { BodyReader } from "./read_ahead.ts";
import { SESSION_LIMITS } from "../session.ts";

const { dataBytes, firstWindowBytes, windowBytes, sharedWindowBytes } = SESSION_LIMITS;

/** What all bodies that one session receives hold together, in bytes. */
export interface Windows {
  /** Granted and not read yet, arrived or not. */
  granted: number;
  /** Arrived and not read yet. */
  buffered: number;
}

/** What an {@linkcode IncomingBody} asks of its exchange. */
export interface IncomingEvents {
  /** The sender may send so many bytes more. */
  grant(bytes: number): void;
  /** The reader wants no more, before the body has ended. */
  cancelled(reason: unknown): void;
}

/** A body that arrives: pieces come in by `push`, a reader takes them from `stream`. */
export class IncomingBody {
  /** What the reader gets. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #windows: Windows;
  readonly #events: IncomingEvents;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #expected: number = firstWindowBytes;
  #buffered = 0;
  #arrivedBytes = 0;
  #wanted = false;
  #ended = false;
  #state: "arriving" | "arrived" | "over" = "arriving";

  /** Opens the first window, without a frame: both ends know it. */
  constructor(windows: Windows, events: IncomingEvents) {
    this.#windows = windows;
    this.#events = events;
    windows.granted += firstWindowBytes;
    this.stream = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
      cancel: (reason) => this.#cancel(reason),
    }, { highWaterMark: 0 });
  }

  /** Whether the sender still has something to say. */
  get arriving(): boolean {
    return this.#state === "arriving";
  }

  /** Bytes that have arrived so far. */
  get movedBytes(): number {
    return this.#arrivedBytes;
  }

  /**
   * Takes a piece from a frame and copies it. A piece that nobody wants any more is dropped.
   *
   * @throws {FrameError} the piece is over the window, or comes after the end.
   */
  push(payload: Uint8Array): void {
    if (this.#ended) throw new FrameError("a body goes on after its end");
    this.#expected -= payload.length;
    this.#arrivedBytes += payload.length;
    if (this.#expected < 0) throw new FrameError("a body is over its window");
    if (!this.arriving || payload.length === 0) return;
    this.#buffered += payload.length;
    this.#windows.buffered += payload.length;
    this.#pieces.push(payload.slice());
    if (this.#wanted) this.#pull();
  }

  /** The body is whole. What has not been read stays readable, and counts no more. */
  end(): void {
    this.#ended = true;
    if (!this.arriving) return;
    this.#release();
    this.#state = "arrived";
    this.#closeWhenRead();
  }

  /** The body breaks: the reader sees the error, even if it has not read what arrived before. */
  fail(error: unknown): void {
    if (!this.arriving) return;
    this.#release();
    this.#state = "over";
    this.#controller?.error(error);
  }

  /** Forgets what is granted and buffered; from here on it is the reader's, or nobody's. */
  #release(): void {
    this.#windows.granted -= this.#expected + this.#buffered;
    this.#windows.buffered -= this.#buffered;
  }

  #pull(): void {
    const piece = this.#pieces.shift();
    this.#wanted = piece === undefined;
    if (piece === undefined) return;
    this.#controller?.enqueue(piece);
    if (this.arriving) this.#consumed(piece.length);
    else this.#closeWhenRead();
  }

  #closeWhenRead(): void {
    if (this.#state !== "arrived" || this.#pieces.length > 0) return;
    this.#state = "over";
    this.#controller?.close();
  }

  #consumed(bytes: number): void {
    this.#buffered -= bytes;
    this.#windows.buffered -= bytes;
    this.#windows.granted -= bytes;
    const window = this.#windows.granted < sharedWindowBytes ? windowBytes : firstWindowBytes;
    const grant = window - this.#expected - this.#buffered;
    // Small grants would cost more frames than they are worth.
    if (grant < firstWindowBytes / 2) return;
    this.#expected += grant;
    this.#windows.granted += grant;
    this.#events.grant(grant);
  }

  #cancel(reason: unknown): void {
    const early = this.arriving;
    if (early) this.#release();
    this.#state = "over";
    this.#pieces.length = 0;
    if (early) this.#events.cancelled(reason);
  }
}

/** A body that leaves: read from its source as its window allows, taken by the writer in turn. */
export class OutgoingBody {
  /** Whether it waits for its turn; set by the outbox. */
  isQueued = false;
  readonly #exchange: number;
  readonly #ready: (body: OutgoingBody) => void;
  #reader: BodyReader | undefined;
  #piece: Uint8Array | undefined;
  #credit: number = firstWindowBytes;
  #sentBytes = 0;
  #ended = false;
  #over = false;
  #wake: (() => void) | undefined;

  /** `ready` is called whenever there may be something to take. */
  constructor(exchange: number, ready: (body: OutgoingBody) => void) {
    this.#exchange = exchange;
    this.#ready = ready;
  }

  /** Bytes that have left so far. */
  get movedBytes(): number {
    return this.#sentBytes;
  }

  /** Bytes read from the source and not taken yet. */
  get bufferedBytes(): number {
    return this.#piece?.length ?? 0;
  }

  /**
   * Sends a whole body. Resolves when the last piece has been taken, or after
   * {@linkcode OutgoingBody.stop}. Rejects with the error of the source.
   */
  async send(reader: BodyReader): Promise<void> {
    this.#reader = reader;
    if (this.#over) return this.#abandon("the exchange is over");
    while (!this.#over) {
      const { value, done } = await reader.read();
      if (done) break;
      if (!(value instanceof Uint8Array)) throw new TypeError("a piece of the body is no bytes");
      await this.#taken();
      if (this.#over) return;
      if (value.length === 0) continue;
      this.#piece = value;
      this.#ready(this);
    }
    this.#ended = true;
    this.#ready(this);
    while (!this.#over) await new Promise<void>((resolve) => this.#wake = resolve);
  }

  /** Ends the body before its time; the source is told why, and nothing more is sent. */
  stop(reason: unknown): void {
    if (this.#over) return;
    this.#finish();
    if (this.#reader !== undefined) this.#abandon(reason);
  }

  /**
   * The receiver has room for more.
   *
   * @throws {FrameError} no receiver has so much room.
   */
  allow(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > windowBytes) throw new FrameError("a window is too large");
    this.#ready(this);
  }

  /** Writes at most one frame; whether there may be another one now. */
  take(frames: FrameWriter): boolean {
    if (this.#over) return false;
    const piece = this.#piece;
    if (piece === undefined) {
      if (this.#ended) this.#last(frames, new Uint8Array(0));
      return false;
    }
    const length = Math.min(piece.length, this.#credit, dataBytes);
    if (length === 0) return false;
    this.#credit -= length;
    this.#sentBytes += length;
    const whole = length === piece.length;
    if (whole && this.#ended) return this.#last(frames, piece);
    frames.data(this.#exchange, whole ? piece : piece.subarray(0, length), false);
    this.#piece = whole ? undefined : piece.subarray(length);
    if (whole) this.#wake?.();
    return !whole;
  }

  #last(frames: FrameWriter, piece: Uint8Array): false {
    frames.data(this.#exchange, piece, true);
    this.#finish();
    return false;
  }

  #finish(): void {
    this.#over = true;
    this.#piece = undefined;
    this.#wake?.();
  }

  async #taken(): Promise<void> {
    while (this.#piece !== undefined) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #abandon(reason: unknown): void {
    // A source that fails while it is abandoned has nobody left who would want to know.
    this.#reader?.cancel(reason).catch(() => {});
  }
}
