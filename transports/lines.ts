/**
 * Bytes to values: one document per line, whatever the chunks in which they arrive.
 *
 * @module
 */

import { type Codec, CodecError, plainCodec } from "./codec.ts";

/** How many bytes a line may have on a link between roles. */
export const ROLE_LINE_BYTES_MAX = 1024 * 1024;
/** How many bytes a line may have on a link to a service process, which nobody trusts. */
export const SERVICE_LINE_BYTES_MAX = 64 * 1024;

const LINE_FEED = 0x0a;
const TAIL_BYTES_MIN = 1024;
const TAIL_BYTES_KEPT = 64 * 1024;

/** How to read lines. */
export interface LineReaderOptions {
  /**
   * How many bytes a line may have, its line break not counted.
   *
   * @default {ROLE_LINE_BYTES_MAX}
   */
  lineBytesMax?: number;
  /**
   * What a line holds.
   *
   * @default {plainCodec}
   */
  codec?: Codec;
}

/** What a {@linkcode LineReader} finds in its input. */
export interface LineEvents {
  /** The value of one line. */
  received(value: unknown): void;
  /** A line that is not UTF-8 or not a document; reading goes on with the next line. */
  malformed(reason: string): void;
  /** A line is longer than the bound. The reader takes nothing more: its link must be closed. */
  refused(reason: string): void;
}

/**
 * Reads documents, one per line, from chunks of bytes that may break anywhere.
 *
 * It keeps at most one line that is not complete, so its memory is bounded by `lineBytesMax`.
 * A line ends with LF or CR LF; an empty line is skipped. The events fire inside `push`.
 *
 * @example Read two documents from three chunks
 * ```ts
 * import { LineReader } from "./lines.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const values: unknown[] = [];
 * const reader = new LineReader({}, {
 *   received: (value) => values.push(value),
 *   malformed: (reason) => console.log(reason),
 *   refused: (reason) => console.log(reason),
 * });
 * for (const text of ['{"a":1}\n{"a"', ":2}", "\r\n"]) reader.push(new TextEncoder().encode(text));
 * assertEquals(values, [{ a: 1 }, { a: 2 }]);
 * ```
 */
export class LineReader {
  readonly #lineBytesMax: number;
  readonly #codec: Codec;
  readonly #events: LineEvents;
  // A byte order mark must not vanish at the start of a chunk only, so it never does.
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #tail = new Uint8Array(0);
  #tailBytes = 0;
  #stopped = false;

  /** Makes a reader that tells `events` what it finds. */
  constructor(options: LineReaderOptions, events: LineEvents) {
    this.#lineBytesMax = options.lineBytesMax ?? ROLE_LINE_BYTES_MAX;
    this.#codec = options.codec ?? plainCodec;
    this.#events = events;
  }

  /** Takes the next chunk; the caller may reuse its memory afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#stopped) return;
    const last = chunk.lastIndexOf(LINE_FEED);
    if (last === -1) {
      this.#keep(chunk);
      return;
    }
    let start = 0;
    if (this.#tailBytes > 0) {
      start = chunk.indexOf(LINE_FEED) + 1;
      if (!this.#keep(chunk.subarray(0, start - 1))) return;
      this.#readLines(this.#takeTail());
    }
    this.#readBlock(chunk.subarray(start, last));
    if (!this.#stopped) this.#keep(chunk.subarray(last + 1));
  }

  /** Takes the end of the input: a line that is not complete is malformed. */
  end(): void {
    if (this.#stopped || this.#tailBytes === 0) return;
    const bytes = this.#tailBytes;
    this.stop();
    this.#events.malformed(`the input ended inside a line, after ${bytes} bytes of it`);
  }

  /** Drops all that is and will be pushed; no event follows, not even from a running `push`. */
  stop(): void {
    this.#stopped = true;
    this.#tail = new Uint8Array(0);
    this.#tailBytes = 0;
  }

  /** Adds the start of a line to what is kept, or refuses the line. */
  #keep(part: Uint8Array): boolean {
    const bytes = this.#tailBytes + part.length;
    if (bytes > this.#lineBytesMax) {
      this.#refuse();
      return false;
    }
    if (bytes > this.#tail.length) {
      const grown = new Uint8Array(Math.max(TAIL_BYTES_MIN, bytes, this.#tail.length * 2));
      grown.set(this.#tail.subarray(0, this.#tailBytes));
      this.#tail = grown;
    }
    this.#tail.set(part, this.#tailBytes);
    this.#tailBytes = bytes;
    return true;
  }

  /** Returns the kept line; a large buffer goes with it, as most lines of most links are short. */
  #takeTail(): Uint8Array {
    const line = this.#tail.subarray(0, this.#tailBytes);
    this.#tailBytes = 0;
    if (this.#tail.length > TAIL_BYTES_KEPT) this.#tail = new Uint8Array(0);
    return line;
  }

  #refuse(): void {
    this.stop();
    this.#events.refused(`a line is longer than ${this.#lineBytesMax} bytes`);
  }

  /** Reads a block of complete lines; only one that is larger than a line can hold a long one. */
  #readBlock(block: Uint8Array): void {
    if (block.length <= this.#lineBytesMax) {
      this.#readLines(block);
      return;
    }
    let start = 0;
    while (start < block.length && !this.#stopped) {
      const found = block.indexOf(LINE_FEED, start);
      const end = found === -1 ? block.length : found;
      if (end - start > this.#lineBytesMax) this.#refuse();
      else this.#readLines(block.subarray(start, end));
      start = end + 1;
    }
  }

  /** Decodes many lines at once, which is much faster than one by one. */
  #readLines(block: Uint8Array): void {
    if (this.#stopped || block.length === 0) return;
    let text: string;
    try {
      text = this.#decoder.decode(block);
    } catch {
      // Not UTF-8, and the decoder says no more than that: find out which of the lines it is.
      this.#readBadLines(block);
      return;
    }
    let start = 0;
    while (start <= text.length && !this.#stopped) {
      const found = text.indexOf("\n", start);
      const end = found === -1 ? text.length : found;
      this.#readLine(text.slice(start, end));
      start = end + 1;
    }
  }

  #readBadLines(block: Uint8Array): void {
    const end = block.indexOf(LINE_FEED);
    if (end === -1) {
      this.#events.malformed(`a line of ${block.length} bytes is not UTF-8`);
      return;
    }
    let start = 0;
    while (start <= block.length && !this.#stopped) {
      const found = block.indexOf(LINE_FEED, start);
      const lineEnd = found === -1 ? block.length : found;
      this.#readLines(block.subarray(start, lineEnd));
      start = lineEnd + 1;
    }
  }

  #readLine(line: string): void {
    if (line === "" || line === "\r") return;
    let value: unknown;
    try {
      value = this.#codec.decode(line);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#events.malformed(error.message);
      return;
    }
    this.#events.received(value);
  }
}
