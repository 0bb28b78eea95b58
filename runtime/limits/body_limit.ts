/**
 * Bodies of requests that may only be so large.
 *
 * @module
 */

/** The body of a request is larger than its route takes. */
export class BodyTooLargeError extends Error {
  /** The name of the class. */
  override readonly name = "BodyTooLargeError";

  /** Says how much may be. */
  constructor(bytesMax: number) {
    super(`Cannot take the body: it has more than ${bytesMax} bytes`);
  }
}

/** Whether a request says of itself that its body is too large; nothing of it need be read. */
export function saysTooMuch({ headers }: Request, bytesMax: number): boolean {
  const length = headers.get("content-length");
  return length !== null && Number(length) > bytesMax;
}

/**
 * The same body, which breaks with a {@linkcode BodyTooLargeError} where it becomes too large: one
 * that comes in chunks does not say before how large it is.
 */
export function limitedBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  bytesMax: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  return body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(piece, controller) {
        bytes += piece.length;
        if (bytes > bytesMax) controller.error(new BodyTooLargeError(bytesMax));
        else controller.enqueue(piece);
      },
    }),
  );
}
