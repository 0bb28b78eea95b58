/**
 * Large bodies read into memory that is used again. The platform reads a request's body into 64 KiB
 * of new memory for each piece, which costs more than all else that is done with it: the memory is
 * cleared before, touched for the first time, and has to be collected. A stream of bytes takes a
 * buffer of whoever reads, and fills as much of it as it can.
 *
 * @module
 */

import type { BodyReader } from "./read_ahead.ts";

/** What one read takes. */
const BUFFER_BYTES = 262_144;

/** Most buffers at once; whoever comes when all are taken reads as the platform does by itself. */
const BUFFERS_MAX = 32;

const spare: ArrayBuffer[] = [];
let taken = 0;

/** The reader of a body; it takes the body over. */
export function readerOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): BodyReader {
  if (taken === BUFFERS_MAX) return body.getReader();
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    // It is no stream of bytes, but of pieces that somebody made.
    return body.getReader();
  }
  return new ReusedReader(reader);
}

class ReusedReader implements BodyReader {
  readonly isReused = true;
  readonly #reader: ReadableStreamBYOBReader;
  #buffer: ArrayBuffer | undefined;
  #isOver = false;

  constructor(reader: ReadableStreamBYOBReader) {
    this.#reader = reader;
    this.#buffer = spare.pop() ?? new ArrayBuffer(BUFFER_BYTES);
    taken += 1;
  }

  /** The piece is valid until the next call. */
  async read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    const buffer = this.#buffer ?? new ArrayBuffer(BUFFER_BYTES);
    this.#buffer = undefined;
    try {
      const { value, done } = await this.#reader.read(new Uint8Array(buffer));
      this.#buffer = value?.buffer;
      if (!done) return { value, done };
      this.#leave();
      return { done: true };
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  cancel(reason: unknown): Promise<void> {
    this.#leave();
    return this.#reader.cancel(reason);
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    taken -= 1;
    const buffer = this.#buffer;
    this.#buffer = undefined;
    if (buffer?.byteLength === BUFFER_BYTES) spare.push(buffer);
  }
}
