/**
 * A body that comes in chunks, read so that the server takes in no more of it than is read.
 *
 * Before each read of a body, `Deno.serve` (2.9) takes from the connection what has arrived, as
 * much as fits into the largest view that was ever read into, puts it behind what waits, moves all
 * of that, and gives one chunk at most. So whoever reads chunks of 4 KiB into 64 KiB has 60 KiB
 * more in memory after each read, and each read takes longer than the one before. A view as large
 * as a chunk takes in what it gives.
 *
 * @module
 */

import { joined } from "../joined_bytes.ts";

/** What is read at first, and as long as chunks are of all sizes: the server takes in so much. */
const FIRST_BYTES = 1_024;
/** The largest view. */
const VIEW_BYTES_MAX = 131_072;
/** What is put together of what is there, for whoever reads. */
const PIECE_BYTES = 65_536;
/** Room for the length of a chunk and the ends of lines, in a view and as it is recognized. */
const SLACK_BYTES = 32;
const FRAME_BYTES = 16;
/** Microtasks that a read of what is there takes. */
const HOPS = 4;

/** How large views have to be. */
class ChunkFit {
  #viewBytes = FIRST_BYTES;
  /** What was read of the chunk so far, and how long the one before was. */
  #run = 0;
  #last = 0;

  /** The size of the next view. */
  get viewBytes(): number {
    return this.#viewBytes;
  }

  /** So much was read into a view. */
  took(bytes: number): void {
    this.#run += bytes;
    if (bytes > this.#viewBytes - FRAME_BYTES) return;
    if (this.#run === this.#last) this.#grow(this.#run + SLACK_BYTES);
    this.#last = this.#run;
    this.#run = 0;
  }

  #grow(bytes: number): void {
    const views = Math.ceil(bytes / VIEW_BYTES_MAX);
    this.#viewBytes = Math.max(this.#viewBytes, Math.ceil(bytes / views));
  }
}

/** What the platform tells of one read. */
type Read = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;

/**
 * The same body in pieces of up to 64 KiB, as they are there.
 *
 * @param body The body of a request, as `Deno.serve` gives it; it is taken over.
 */
export function chunkedBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    // It is no stream of bytes: it arrived whole before it was asked for.
    return body;
  }
  return new ReadableStream(new ChunkedSource(reader), { highWaterMark: 0 });
}

class ChunkedSource implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  readonly #reader: ReadableStreamBYOBReader;
  readonly #fit = new ChunkFit();
  #buffer = new ArrayBuffer(FIRST_BYTES);
  /** The read that nobody has taken yet. */
  #read: Promise<Read> | undefined;

  constructor(reader: ReadableStreamBYOBReader) {
    this.#reader = reader;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    const first = this.#taken(await this.#begin());
    if (first === undefined) return controller.close();
    const pieces = [first];
    let bytes = first.length;
    while (bytes + this.#fit.viewBytes <= PIECE_BYTES) {
      const read = await this.#soon();
      const piece = read && this.#taken(read);
      if (piece === undefined) break;
      pieces.push(piece);
      bytes += piece.length;
    }
    controller.enqueue(pieces.length === 1 ? first : joined(pieces, bytes));
  }

  async cancel(reason: unknown): Promise<void> {
    await this.#reader.cancel(reason);
  }

  #begin(): Promise<Read> {
    if (this.#read !== undefined) return this.#read;
    const { viewBytes } = this.#fit;
    if (this.#buffer.byteLength !== viewBytes) this.#buffer = new ArrayBuffer(viewBytes);
    return this.#read = this.#reader.read(new Uint8Array(this.#buffer));
  }

  /** What the next read gives, if it is there. */
  async #soon(): Promise<Read | undefined> {
    let result: Read | undefined;
    // A body that breaks is told to whoever reads on, from the same promise.
    this.#begin().then((read) => result = read, () => {});
    for (let hop = 0; hop < HOPS && result === undefined; hop += 1) await null;
    return result;
  }

  /** A copy of what was read, since the buffer is used again; undefined at the end. */
  #taken({ value, done }: Read): Uint8Array<ArrayBuffer> | undefined {
    if (done) return undefined;
    this.#read = undefined;
    this.#buffer = value.buffer;
    this.#fit.took(value.length);
    return value.slice();
  }
}
