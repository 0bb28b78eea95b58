/**
 * What arrives on a connection, as heads, lines and pieces of HTTP/1.1.
 *
 * @module
 */

/** Most bytes of a head, or of a line by itself; as many as a session carries. */
export const HEAD_BYTES_MAX = 65_536;
/** What is read at first; a head of more makes the buffer grow. Bytes. */
const BUFFER_BYTES = 16_384;
/** What is read of a body in one go. Bytes. */
const PIECE_BYTES = 65_536;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** The other end does not speak HTTP/1.1 as it must. */
export class HttpError extends Error {
  /** The name of the class. */
  override readonly name = "HttpError";
}

/** Where bytes come from. */
export interface ByteSource {
  /** Reads some bytes; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
}

/** Reads a connection. One reader at a time; only {@linkcode ByteReader.fill} may be shared. */
export class ByteReader {
  readonly #source: ByteSource;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(BUFFER_BYTES);
  #from = 0;
  #to = 0;
  #filling: Promise<boolean> | undefined;

  /** Reads nothing yet. */
  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Bytes that have arrived and were not taken yet. */
  get buffered(): number {
    return this.#to - this.#from;
  }

  /** Waits until more has arrived; false at the end. */
  fill(): Promise<boolean> {
    return this.#filling ??= this.#fill();
  }

  /**
   * The next head, with its end; undefined when there is none any more.
   *
   * @throws {HttpError} it is too large, or ends in its middle.
   */
  async head(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (let looked = 0;;) {
      const size = headSize(this.#buffer.subarray(this.#from, this.#to), looked);
      if (size > HEAD_BYTES_MAX || (size < 0 && this.buffered > HEAD_BYTES_MAX)) {
        throw new HttpError(`a head is over ${HEAD_BYTES_MAX} bytes`);
      }
      if (size >= 0) return this.#take(size);
      looked = Math.max(0, this.buffered - 2);
      if (await this.fill()) continue;
      if (this.buffered === 0) return undefined;
      throw new HttpError("the connection ended in the middle of a head");
    }
  }

  /**
   * The next line, without its end.
   *
   * @throws {HttpError} it is too long, or the connection ends in it.
   */
  async line(): Promise<string> {
    for (let looked = 0;;) {
      const view = this.#buffer.subarray(this.#from, this.#to);
      const end = view.indexOf(LINE_FEED, looked);
      if (end >= 0) {
        const line = this.#take(end + 1);
        return latinOf(line.subarray(0, line[end - 1] === CARRIAGE_RETURN ? end - 1 : end));
      }
      if (view.length > HEAD_BYTES_MAX) throw new HttpError("a line is too long");
      looked = view.length;
      if (!await this.fill()) throw new HttpError("the connection ended in the middle of a line");
    }
  }

  /** The next bytes, as many as have arrived and no more than asked for; undefined at the end. */
  async some(bytesMax = PIECE_BYTES): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.buffered > 0) return this.#take(Math.min(bytesMax, this.buffered));
    if (this.#filling !== undefined) {
      return await this.#filling ? this.#take(Math.min(bytesMax, this.buffered)) : undefined;
    }
    const piece = new Uint8Array(Math.min(bytesMax, PIECE_BYTES));
    const count = await this.#source.read(piece);
    return count === null ? undefined : piece.subarray(0, count);
  }

  /**
   * Exactly so many bytes.
   *
   * @throws {HttpError} the connection ends before.
   */
  async exactly(bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.buffered >= bytes) return this.#take(bytes);
    const whole = new Uint8Array(bytes);
    for (let at = 0; at < bytes;) {
      const piece = await this.some(bytes - at);
      if (piece === undefined) throw new HttpError("the connection ended too soon");
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  async #fill(): Promise<boolean> {
    try {
      this.#makeRoom();
      const count = await this.#source.read(this.#buffer.subarray(this.#to));
      this.#to += count ?? 0;
      return count !== null;
    } finally {
      this.#filling = undefined;
    }
  }

  #makeRoom(): void {
    if (this.#from === this.#to) this.#from = this.#to = 0;
    if (this.#to < this.#buffer.length) return;
    const bytes = this.#buffer.subarray(this.#from, this.#to);
    const isFull = bytes.length > this.#buffer.length / 2;
    const next = new Uint8Array(isFull ? 2 * this.#buffer.length : this.#buffer.length);
    next.set(bytes);
    this.#buffer = next;
    this.#from = 0;
    this.#to = bytes.length;
  }

  /** A copy, since the buffer is used again. */
  #take(bytes: number): Uint8Array<ArrayBuffer> {
    const taken = this.#buffer.slice(this.#from, this.#from + bytes);
    this.#from += bytes;
    return taken;
  }
}

/** How long the head is with the empty line behind it, or -1 when that has not arrived. */
function headSize(view: Uint8Array, looked: number): number {
  for (let at = view.indexOf(LINE_FEED, looked); at >= 0; at = view.indexOf(LINE_FEED, at + 1)) {
    if (view[at + 1] === LINE_FEED) return at + 2;
    if (view[at + 1] === CARRIAGE_RETURN && view[at + 2] === LINE_FEED) return at + 3;
  }
  return -1;
}

/** Characters that are made of bytes in one go. */
const CHARACTERS = 8_192;

/** Bytes as the characters of the same numbers. */
export function latinOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHARACTERS) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHARACTERS));
  }
  return text;
}

/** Characters as the bytes of the same numbers; of one that is no byte, its lowest eight bits. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}
