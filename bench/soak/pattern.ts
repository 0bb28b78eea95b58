/**
 * Bytes that follow from a number, so that whoever gets them can tell whether they are right.
 *
 * @module
 */

/** The byte at a place of the pattern of a seed. */
function byteAt(seed: number, at: number): number {
  return (Math.imul(seed + at, 0x9e37_79b1) >>> 24) & 0xff;
}

/** A part of the pattern of a seed. */
export function patternOf(
  seed: number,
  { from, bytes }: { from: number; bytes: number },
): Uint8Array<ArrayBuffer> {
  const part = new Uint8Array(bytes);
  for (let index = 0; index < bytes; index += 1) part[index] = byteAt(seed, from + index);
  return part;
}

/** The pattern of a seed as a stream of pieces. */
export function patternStream(
  seed: number,
  { bytes, pieceBytes }: { bytes: number; pieceBytes: number },
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes) return controller.close();
      const length = Math.min(pieceBytes, bytes - at);
      controller.enqueue(patternOf(seed, { from: at, bytes: length }));
      at += length;
    },
  }, { highWaterMark: 0 });
}

/** Reads a body that should be the pattern of a seed; how many bytes of it were right. */
export async function readPattern(
  seed: number,
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
): Promise<{ bytes: number; isRight: boolean }> {
  let bytes = 0;
  for await (const piece of body ?? []) {
    for (let index = 0; index < piece.length; index += 1) {
      if (piece[index] !== byteAt(seed, bytes + index)) return { bytes, isRight: false };
    }
    bytes += piece.length;
  }
  return { bytes, isRight: true };
}
