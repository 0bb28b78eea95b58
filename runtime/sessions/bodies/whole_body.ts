/**
 * A body that is put together in memory of its own, for who wants it whole: each piece is copied
 * once, to where it belongs. By a stream it would be copied into memory of its own first, and all
 * of them together once more, in six microtasks a piece.
 *
 * @module
 */

/** What is taken for a body at first, however long it is said to be. */
const FIRST_BYTES_MAX = 1_048_576;

/** What is taken for a body of which nobody says how long it is. */
const FIRST_BYTES = 16_384;

/** A body that is being put together. */
export class WholeBody {
  /** All of it, once it is whole, as the only bytes of their buffer. Rejects when it breaks. */
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>;
  readonly #resolve: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly #reject: (error: unknown) => void;
  readonly #expected: number | undefined;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;

  /** Nothing has come yet. Who says that much will come gets memory only as it does come. */
  constructor(expectedBytes?: number) {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    this.bytes = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#expected = expectedBytes;
  }

  /** Copies a piece to its place. */
  push(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    const bytes = this.#room(length);
    bytes.set(piece, this.#length);
    this.#length = length;
  }

  /** It is whole. */
  end(): void {
    const bytes = this.#bytes ?? new Uint8Array(0);
    this.#bytes = undefined;
    this.#resolve(bytes.length === this.#length ? bytes : bytes.slice(0, this.#length));
  }

  /** It breaks. */
  fail(error: unknown): void {
    this.#bytes = undefined;
    this.#reject(error);
  }

  /** Memory for so many bytes, with what was put into it so far. */
  #room(least: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes;
    if (bytes !== undefined && bytes.length >= least) return bytes;
    const expected = this.#expected ?? FIRST_BYTES;
    const wanted = bytes === undefined
      ? Math.min(expected, FIRST_BYTES_MAX)
      : Math.min(2 * bytes.length, Math.max(least, this.#expected ?? Infinity));
    const larger = new Uint8Array(Math.max(least, wanted));
    if (bytes !== undefined) larger.set(bytes.subarray(0, this.#length));
    return this.#bytes = larger;
  }
}
