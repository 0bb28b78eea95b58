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

/** What is read at first, and as long as chunks are of all sizes: the server takes in so much. */
const FIRST_BYTES = 1_024;
/** The largest view. */
const VIEW_BYTES_MAX = 131_072;
/** What is put together of what is there, for whoever reads. */
const PIECE_BYTES = 65_536;
/** Room for the length of a chunk and the ends of lines, in a view and as it is recognized. */
const SLACK_BYTES = 32;
const FRAME_BYTES = 16;
/** What the server may have taken in, and nobody has read: to move more would keep up everybody. */
const WAITING_BYTES_MAX = 16_777_216;
/** Microtasks that a read of what is there takes. */
const HOPS = 4;

/** A body comes in chunks so small, and so fast, that far more arrives than can be read. */
export class ChunksTooSmallError extends Error {
  /** The name of the class. */
  override readonly name = "ChunksTooSmallError";

  /** Says what helps. */
  constructor() {
    super("Cannot take the body: its chunks are too small and too fast; tell its length instead");
  }
}

/** How large views have to be, and what waits at most. */
class ChunkFit {
  #viewBytes = FIRST_BYTES;
  /** What was read of the chunk so far, and how long the one before was. */
  #run = 0;
  #last = 0;
  #waiting = 0;
  readonly #waitingMax: number;

  constructor(waitingBytesMax: number) {
    this.#waitingMax = waitingBytesMax;
  }

  /** The size of the next view. */
  get viewBytes(): number {
    return this.#viewBytes;
  }

  /**
   * So much was read into a view, and as much as the view is large may have been taken in.
   *
   * @throws {ChunksTooSmallError} too much waits.
   */
  took(bytes: number): void {
    this.#run += bytes;
    this.#wait(this.#viewBytes - bytes);
    if (bytes > this.#viewBytes - FRAME_BYTES) return;
    this.#wait(-SLACK_BYTES);
    if (this.#run === this.#last) this.#grow(this.#run + SLACK_BYTES);
    this.#last = this.#run;
    this.#run = 0;
  }

  /** A read found nothing: so nothing waits. */
  foundNothing(): void {
    this.#waiting = 0;
  }

  #wait(bytes: number): void {
    this.#waiting = Math.max(0, this.#waiting + bytes);
    if (this.#waiting > this.#waitingMax) throw new ChunksTooSmallError();
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
 * @param body The body of a request, as `Deno.serve` gives it; it is taken over. The result breaks
 * with a {@linkcode ChunksTooSmallError} when too much of it waits in the server.
 * @param waitingBytesMax How much that is.
 */
export function chunkedBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  waitingBytesMax: number = WAITING_BYTES_MAX,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    // It is no stream of bytes: it arrived whole before it was asked for.
    return body;
  }
  const source = new ChunkedSource(reader, new ChunkFit(waitingBytesMax));
  return new ReadableStream(source, { highWaterMark: 0 });
}

class ChunkedSource implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  readonly #reader: ReadableStreamBYOBReader;
  readonly #fit: ChunkFit;
  #buffer = new ArrayBuffer(FIRST_BYTES);
  /** The read that nobody has taken yet. */
  #read: Promise<Read> | undefined;

  constructor(reader: ReadableStreamBYOBReader, fit: ChunkFit) {
    this.#reader = reader;
    this.#fit = fit;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    await this.#soon();
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
    if (result === undefined) this.#fit.foundNothing();
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

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
