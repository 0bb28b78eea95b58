/**
 * The body of a request that may be sent once more: what was read of it is kept while it is small.
 *
 * @module
 */

import { SessionBrokenError, SessionRefusedError } from "../sessions/session.ts";

/** A body that can be read from its beginning again, as long as {@linkcode isWhole} says so. */
export class ReplayableBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #bytesMax: number;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;
  #reading: Promise<Uint8Array<ArrayBuffer> | undefined> | undefined;

  /** Takes the body over; from here on it is read by the streams of this only. */
  constructor(body: ReadableStream<Uint8Array<ArrayBuffer>>, bytesMax: number) {
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
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let at = 0;
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
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
  #next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#reading ??= this.#read();
    return this.#reading;
  }

  async #read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
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
