/**
 * A body that leaves, in one exchange: see `incoming_body.ts` for the flow control of the two ends.
 *
 * @module
 */

import type { FrameWriter } from "../frames/frame_writer.ts";
import { FrameError } from "../frames/frames.ts";
import type { BodyReader } from "./read_ahead.ts";
import { SESSION_LIMITS } from "../session.ts";

const { dataBytes, firstWindowBytes, windowBytes } = SESSION_LIMITS;

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
      if (reader.isReused && this.#piece !== undefined) {
        await this.#taken();
        if (this.#over) return;
      }
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
