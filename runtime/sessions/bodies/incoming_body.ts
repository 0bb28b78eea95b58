/**
 * The bodies of exchanges and their flow control. The receiver of a body grants its sender a
 * window, and more as its reader reads, so a slow reader stops a fast writer and memory has a
 * bound: every body may hold the first window, and what is left of the shared window is given to
 * those that are read.
 *
 * @module
 */

import { FrameError } from "../frames/frames.ts";
import { WholeBody } from "./whole_body.ts";
import { SESSION_LIMITS } from "../session.ts";

const { firstWindowBytes, windowBytes, sharedWindowBytes } = SESSION_LIMITS;

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

/**
 * A body that arrives: pieces come in by `push`, and a reader takes them from `stream`, or all of
 * them by `whole`.
 */
export class IncomingBody {
  readonly #windows: Windows;
  readonly #events: IncomingEvents;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #whole: WholeBody | undefined;
  #failure: { readonly error: unknown } | undefined;
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
  }

  /** What a reader gets who takes it in pieces. */
  get stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#stream ??= this.#open();
  }

  /**
   * All of it, in memory of its own, for a reader who wants nothing less; in place of `stream`, and
   * once. Rejects when the body breaks.
   *
   * @param expectedBytes How long it is said to be. @default {nobody said so}
   */
  whole(expectedBytes?: number): Promise<Uint8Array<ArrayBuffer>> {
    const [only] = this.#pieces;
    if (this.#state === "arrived" && only !== undefined && this.#pieces.length === 1) {
      this.#state = "over";
      return Promise.resolve(only);
    }
    const whole = this.#whole = new WholeBody(expectedBytes);
    if (this.#failure !== undefined) whole.fail(this.#failure.error);
    for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
      whole.push(piece);
      if (this.arriving) this.#consumed(piece.length);
    }
    this.#closeWhenRead();
    return whole.bytes;
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
    if (this.#whole !== undefined) {
      this.#whole.push(payload);
      return this.#consumed(payload.length);
    }
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
    this.#failure = { error };
    this.#controller?.error(error);
    this.#whole?.fail(error);
  }

  #open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
      cancel: (reason) => this.#cancel(reason),
    }, { highWaterMark: 0 });
    if (this.#failure !== undefined) this.#controller?.error(this.#failure.error);
    this.#closeWhenRead();
    return stream;
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
    if (this.#controller === undefined && this.#whole === undefined) return;
    this.#state = "over";
    this.#controller?.close();
    this.#whole?.end();
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
