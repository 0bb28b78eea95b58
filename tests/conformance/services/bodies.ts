/**
 * Bodies whose every byte is known.
 *
 * @module
 */

/** What a body was. */
export interface Digest {
  /** How long it is. */
  readonly bytes: number;
  /** A hash of its bytes in their order. */
  readonly hash: number;
}

/** Bytes of every value, in an order that no shift or swap leaves the same. */
export function patternOf(size: number, from = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = ((from + at) * 31 + ((from + at) >> 8)) & 255;
  return bytes;
}

/** The same bytes, piece by piece as they are asked for. */
export function streamOf(size: number, piece: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      const length = Math.min(piece, size - sent);
      if (length > 0) controller.enqueue(patternOf(length, sent));
      sent += length;
      if (sent >= size) controller.close();
    },
  }, { highWaterMark: 0 });
}

/** A body of a kind whose length the platform knows. */
export function bodyOf(size: number, kind: string | null): BodyInit {
  if (kind === "text") return "x".repeat(size);
  const bytes = patternOf(size);
  return kind === "blob" ? new Blob([bytes]) : bytes;
}

/** Adds bytes to a hash (FNV-1a). */
export function hashOf(bytes: Uint8Array, before = 0x811c9dc5): number {
  let hash = before;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Reads a body to its end. */
export async function digestOf(body: ReadableStream<Uint8Array>): Promise<Digest> {
  let bytes = 0;
  let hash = hashOf(new Uint8Array(0));
  for await (const piece of body) {
    bytes += piece.length;
    hash = hashOf(piece, hash);
  }
  return { bytes, hash };
}
