/**
 * Lines before a connection is a link: few, short, and from anybody.
 *
 * @module
 */

import { parseDocument } from "../../codec.ts";

const LINE_FEED = 0x0a;
const CHUNK_BYTES = 4 * 1024;

/** A line that cannot be had: the input ended or went over its bound. */
export class LineInputError extends Error {
  /** The name of the class. */
  override readonly name = "LineInputError";
}

/** Reads documents, one per line, from a connection that may send only so much. */
export class LineInput {
  readonly #conn: Deno.Conn;
  readonly #bytesMax: number;
  #bytes = new Uint8Array(0);
  #received = 0;

  /** Reads from `conn`, at most `bytesMax` bytes until {@linkcode LineInput.rest} is taken. */
  constructor(conn: Deno.Conn, bytesMax: number) {
    this.#conn = conn;
    this.#bytesMax = bytesMax;
  }

  /**
   * Reads the document of the next line.
   *
   * @throws {LineInputError} when the input ends, or more bytes come than are allowed.
   * @throws {CodecError} when the line is no document.
   * @throws what the connection throws.
   */
  async next(): Promise<unknown> {
    let searched = 0;
    for (;;) {
      const end = this.#bytes.indexOf(LINE_FEED, searched);
      if (end !== -1) {
        const line = this.#bytes.subarray(0, end);
        this.#bytes = this.#bytes.slice(end + 1);
        // What is not UTF-8 becomes replacement characters, which no document of ours contains.
        return parseDocument(new TextDecoder().decode(line));
      }
      searched = this.#bytes.length;
      await this.#readMore();
    }
  }

  /** What was read after the last line. */
  get rest(): Uint8Array {
    return this.#bytes;
  }

  async #readMore(): Promise<void> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = await this.#conn.read(chunk);
    if (count === null) throw new LineInputError("it closed the connection");
    this.#received += count;
    if (this.#received > this.#bytesMax) {
      throw new LineInputError(`it sent more than ${this.#bytesMax} bytes`);
    }
    const joined = new Uint8Array(this.#bytes.length + count);
    joined.set(this.#bytes);
    joined.set(chunk.subarray(0, count), this.#bytes.length);
    this.#bytes = joined;
  }
}

/** Writes a document as one line. */
export async function writeLine(conn: Deno.Conn, value: unknown): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  let written = 0;
  while (written < bytes.length) written += await conn.write(bytes.subarray(written));
}
