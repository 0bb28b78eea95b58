/**
 * The bodies of HTTP/1.1: how long one is, how it is read, and how it is written.
 *
 * @module
 */

import { BODILESS } from "../../sessions/frames/heads.ts";
import type { HeaderList } from "../../sessions/session.ts";
import { type ByteReader, bytesOf, HttpError } from "./byte_reader.ts";
import { valuesOf } from "./heads.ts";

/** How the end of a body is known: by its length, by chunks, or by the end of the connection. */
export type Framing =
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunks" }
  | { readonly kind: "end" };

/** No body. */
export const NO_BODY: Framing = { kind: "length", bytes: 0 };

/** Whether the response to a method can have a body. */
export function canHaveBody(method: string, status: number): boolean {
  return method !== "HEAD" && !BODILESS.has(status);
}

/**
 * How the body of a request is framed.
 *
 * @throws {HttpError} the headers contradict each other.
 */
export function requestFraming(headers: HeaderList): Framing {
  return framingOf(headers) ?? NO_BODY;
}

/**
 * How the body of the response to a method is framed.
 *
 * @throws {HttpError} the headers contradict each other.
 */
export function responseFraming(
  method: string,
  { status, headers }: { readonly status: number; readonly headers: HeaderList },
): Framing {
  if (!canHaveBody(method, status)) return NO_BODY;
  return framingOf(headers) ?? { kind: "end" };
}

function framingOf(headers: HeaderList): Framing | undefined {
  const codings = valuesOf(headers, "transfer-encoding");
  const lengths = new Set(valuesOf(headers, "content-length"));
  if (codings.length > 0) {
    const isKnown = codings.length === 1 && codings[0]?.toLowerCase() === "chunked";
    if (!isKnown) throw new HttpError(`a body is coded as ${codings.join(", ")}`);
    // Whoever tells both may mean two different bodies.
    if (lengths.size > 0) throw new HttpError("a body has a length and chunks");
    return { kind: "chunks" };
  }
  const [length] = lengths;
  if (length === undefined) return undefined;
  const bytes = /^\d{1,15}$/.test(length) ? Number(length) : undefined;
  if (lengths.size > 1 || bytes === undefined) throw new HttpError("a body has no clear length");
  return { kind: "length", bytes };
}

/** Reads the pieces of one body. */
export class BodyPieces {
  readonly #reader: ByteReader;
  readonly #kind: Framing["kind"];
  /** What is missing of the body, or of its chunk. */
  #missing: number;
  #isInChunk = false;
  #isWhole: boolean;

  /** Reads nothing yet. */
  constructor(reader: ByteReader, framing: Framing) {
    this.#reader = reader;
    this.#kind = framing.kind;
    this.#missing = framing.kind === "length" ? framing.bytes : 0;
    this.#isWhole = framing.kind === "length" && framing.bytes === 0;
  }

  /** Whether all of it has been read. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /**
   * The next piece; undefined behind the last one.
   *
   * @throws {HttpError} it ends too soon, or is malformed.
   */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#isWhole) return undefined;
    if (this.#kind === "end") {
      const piece = await this.#reader.some();
      this.#isWhole = piece === undefined;
      return piece;
    }
    if (this.#kind === "chunks" && !await this.#findChunk()) return undefined;
    const piece = await this.#reader.some(this.#missing);
    if (piece === undefined) throw new HttpError("the connection ended in the middle of a body");
    this.#missing -= piece.length;
    this.#isWhole = this.#kind === "length" && this.#missing === 0;
    return piece;
  }

  /** Whether there is a chunk with something in it; else the body is whole. */
  async #findChunk(): Promise<boolean> {
    if (this.#missing > 0) return true;
    const reader = this.#reader;
    if (this.#isInChunk && await reader.line() !== "") throw new HttpError("a chunk has no end");
    const size = /^([\da-f]{1,12})[ \t]*(?:;.*)?$/i.exec(await reader.line())?.[1];
    if (size === undefined) throw new HttpError("a chunk has no length");
    this.#missing = Number.parseInt(size, 16);
    this.#isInChunk = true;
    if (this.#missing > 0) return true;
    // What is behind the body are headers, which nobody has asked for.
    while (await reader.line() !== "");
    this.#isWhole = true;
    return false;
  }
}

/** Where bytes go. */
export interface ByteSink {
  /** Writes some of the bytes, and tells how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Writes all bytes. */
export async function writeAll(sink: ByteSink, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await sink.write(bytes.subarray(at));
}

const LAST_CHUNK = bytesOf("0\r\n\r\n");

/**
 * Writes a body to its end.
 *
 * @param sink Where it goes.
 * @param pieces Gives the pieces; undefined behind the last.
 * @param framing How its end is told.
 * @throws {HttpError} it is not as long as was told.
 */
export async function writeBody(
  sink: ByteSink,
  pieces: () => Promise<Uint8Array | undefined>,
  framing: Framing,
): Promise<void> {
  let left = framing.kind === "length" ? framing.bytes : Infinity;
  for (let piece = await pieces(); piece !== undefined; piece = await pieces()) {
    if (piece.length === 0) continue;
    left -= piece.length;
    if (left < 0) throw new HttpError("a body is longer than was told");
    await writeAll(sink, framing.kind === "chunks" ? chunkOf(piece) : piece);
  }
  if (framing.kind === "chunks") await writeAll(sink, LAST_CHUNK);
  else if (framing.kind === "length" && left > 0) {
    throw new HttpError("a body is shorter than was told");
  }
}

/** A piece with its length in front and its end behind it. */
function chunkOf(piece: Uint8Array): Uint8Array {
  const front = bytesOf(`${piece.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(front.length + piece.length + 2);
  chunk.set(front);
  chunk.set(piece, front.length);
  chunk.set([13, 10], front.length + piece.length);
  return chunk;
}
