/**
 * The body of a request that may be sent once more: what was read of it is kept while it is small.
 *
 * @module
 */

import { SessionBrokenError, SessionRefusedError } from "../sessions/session.ts";

type Piece = Uint8Array<ArrayBuffer>;

/** A body that can be read from its beginning again, as long as {@linkcode isWhole} says so. */
export class ReplayableBody {
  readonly #reader: ReadableStreamDefaultReader<Piece>;
  readonly #bytesMax: number;
  readonly #pieces: Piece[] = [];
  #bytes = 0;
  #reading: Promise<Piece | undefined> | undefined;

  /** Takes the body over; from here on it is read by the streams of this only. */
  constructor(body: ReadableStream<Piece>, bytesMax: number) {
    this.#reader = body.getReader();
    this.#bytesMax = bytesMax;
  }

  /** Whether everything that was read is kept, so that another stream can begin anew. */
  get isWhole(): boolean {
    return this.#bytes <= this.#bytesMax;
  }

  /**
   * The body from its beginning. The stream before must not be read any more. Cancelling it cancels
   * the body, unless what broke was the session that it was sent by.
   */
  stream(): ReadableStream<Piece> {
    let at = 0;
    return new ReadableStream<Piece>({
      pull: async (controller) => {
        const kept = this.#pieces[at];
        at += 1;
        const piece = kept ?? await this.#next();
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel: async (reason) => {
        const mayGoOn = reason instanceof SessionBrokenError ||
          reason instanceof SessionRefusedError;
        if (!mayGoOn) await this.abandon(reason);
      },
    }, { highWaterMark: 0 });
  }

  /** Nobody will read it any more. */
  async abandon(reason: unknown): Promise<void> {
    await this.#reader.cancel(reason);
  }

  /** A piece that was asked for by a stream that is gone is for the next one. */
  #next(): Promise<Piece | undefined> {
    this.#reading ??= this.#read();
    return this.#reading;
  }

  async #read(): Promise<Piece | undefined> {
    try {
      const { value } = await this.#reader.read();
      this.#bytes += value?.length ?? 0;
      if (!this.isWhole) this.#pieces.length = 0;
      else if (value !== undefined) this.#pieces.push(value);
      return value;
    } finally {
      this.#reading = undefined;
    }
  }
}
