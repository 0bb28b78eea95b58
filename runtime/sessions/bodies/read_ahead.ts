/**
 * What can be known of a body before its head leaves. The platform tells nobody how long the body
 * of a Response is that was made of a text or of bytes, but it hands such a body over in one piece,
 * and its end right after; so reading as far as that takes no waiting tells the length, and a
 * client through a gateway sees the same `content-length` as a client of the service itself.
 *
 * @module
 */

/** The part of a reader of bytes that the sending of a body uses. */
export interface BodyReader {
  /** Whether a piece is overwritten by the next read. @default {false} */
  readonly isReused?: boolean;
  /** Reads the next piece. */
  read(): Promise<ReadableStreamReadResult<Uint8Array>>;
  /** Reads no more, and tells the source why. */
  cancel(reason: unknown): Promise<void>;
}

/** A body, as far as it is known without waiting. */
export interface KnownBody {
  /** The length of the whole, in bytes; undefined when it is not known yet. */
  readonly length: number | undefined;
  /** The whole body, if its length is known. */
  readonly whole?: Uint8Array;
  /** Reads the body from its start. */
  readonly reader: BodyReader;
}

/**
 * Microtasks that each of two reads may take. Bodies of texts and bytes take two; more would only
 * find streams, which are free to send their length or to send none.
 */
const HOPS = 3;

const NOTHING = new Uint8Array(0);

/** Reads two pieces, as far as they are there; what was read is read again from the result. */
export async function readAhead(reader: BodyReader): Promise<KnownBody> {
  const ahead = new AheadReader(reader);
  const first = await ahead.peek();
  if (first === undefined) return { length: undefined, reader: ahead };
  if (first.done) return { length: 0, whole: NOTHING, reader: ahead };
  const second = await ahead.peek();
  const isWhole = second?.done === true && first.value instanceof Uint8Array;
  if (!isWhole) return { length: undefined, reader: ahead };
  return { length: first.value.length, whole: first.value, reader: ahead };
}

class AheadReader implements BodyReader {
  readonly #reader: BodyReader;
  readonly #reads: Promise<ReadableStreamReadResult<Uint8Array>>[] = [];

  constructor(reader: BodyReader) {
    this.#reader = reader;
  }

  /** Reads one piece more, and tells what it is if it is there already. */
  async peek(): Promise<ReadableStreamReadResult<Uint8Array> | undefined> {
    const read = this.#reader.read();
    this.#reads.push(read);
    let result: ReadableStreamReadResult<Uint8Array> | undefined;
    // A body that breaks is told to whoever reads it, from the same promise.
    read.then((one) => result = one, () => {});
    for (let hop = 0; hop < HOPS && result === undefined; hop++) await null;
    return result;
  }

  read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    return this.#reads.shift() ?? this.#reader.read();
  }

  cancel(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }
}
