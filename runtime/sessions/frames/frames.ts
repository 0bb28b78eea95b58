/**
 * The frames of a session, pure: bytes to frames and frames to bytes, no socket and no state of an
 * exchange.
 *
 * A frame is a header of 10 bytes, big endian, and a payload:
 *
 *     length of the payload u32 | type u8 | flags u8 (1 = its body ends) | exchange u32 | payload
 *
 * The dialling end numbers its exchanges upwards from 1; a frame about the whole session has 0. The
 * first frame is a hello, answered by a welcome, or by a close that says why not.
 *
 * @module
 */

import { SESSION_LIMITS } from "../session.ts";

/** The types of frames, by their number on the wire. */
export const FRAME = {
  /** "SMMP", version u8, serviceID u64, sourcePlug u32, destServiceID u64, a ticket. */
  hello: 1,
  /** "SMMP", version u8. */
  welcome: 2,
  /** Method, URL, then names and values of headers, joined by NUL. */
  request: 3,
  /** Status, then names and values of headers, joined by NUL. */
  response: 4,
  /** A piece of a body. */
  data: 5,
  /** The receiver of a body has room for so many bytes more, u32. */
  credit: 6,
  /** The receiver wants no more of this body; the exchange goes on. */
  stop: 7,
  /** The exchange is over at once: code u8, reason. */
  reset: 8,
  /** Asks for a sign of life. */
  ping: 9,
  /** The sign of life. */
  pong: 10,
  /** Nothing new; when both ends have said so and nothing is in flight, the socket closes. */
  goAway: 11,
  /** The session is over at once: reason. */
  close: 12,
  /** A whole response: length of its head u32, the head as in a response, the body. */
  answer: 13,
} as const;

/** The number of a type of frames. */
export type FrameType = typeof FRAME[keyof typeof FRAME];

/** Why an exchange was reset. */
export const RESET = {
  /** The requester no longer wants it. */
  cancelled: 1,
  /** It was not handled at all. */
  refused: 2,
  /** The source of a body failed. */
  failed: 3,
} as const;

/** The version in hello and welcome. */
export const SESSION_VERSION = 2;

/** One frame as it arrived. */
export interface Frame {
  /** What it is. */
  readonly type: FrameType;
  /** Whether the body of its sender ends with it. */
  readonly end: boolean;
  /** The number of the exchange; 0 for the session. */
  readonly exchange: number;
  /** A view that is valid until more is read. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** The one error that bytes from a peer cause in this file; the session cannot go on. */
export class FrameError extends Error {
  /** The name of the class. */
  override readonly name = "FrameError";
}

/** The header of every frame. */
export const HEADER_BYTES = 10;

/** The payload of a hello, without its ticket. */
export const HELLO_BYTES = 25;

/** The longest ticket, as encoded. */
export const TICKET_BYTES_MAX = 128;

/** "SMMP", with which hello and welcome begin. */
export const MAGIC: readonly number[] = [0x53, 0x4d, 0x4d, 0x50];

const { headBytes, dataBytes, reasonBytes } = SESSION_LIMITS;

/** Per type: least and most bytes of the payload, is it about an exchange, may it end a body. */
const RULES: readonly (readonly [FrameType, number, number, boolean, boolean] | undefined)[] = [
  undefined,
  [FRAME.hello, HELLO_BYTES, HELLO_BYTES + TICKET_BYTES_MAX, false, false],
  [FRAME.welcome, 5, 5, false, false],
  [FRAME.request, 3, headBytes, true, true],
  [FRAME.response, 3, headBytes, true, true],
  [FRAME.data, 0, dataBytes, true, true],
  [FRAME.credit, 4, 4, true, false],
  [FRAME.stop, 0, 0, true, false],
  [FRAME.reset, 1, 1 + reasonBytes, true, false],
  [FRAME.ping, 0, 0, false, false],
  [FRAME.pong, 0, 0, false, false],
  [FRAME.goAway, 0, reasonBytes, false, false],
  [FRAME.close, 0, reasonBytes, false, false],
  [FRAME.answer, 7, 4 + headBytes + dataBytes, true, false],
];

/** A connection that has said nothing is given little memory. */
const FIRST_BYTES = 256;
/** What one read takes then, unless the rest of a frame is larger. */
const READ_BYTES = 131_072;
/** The same once a read has taken that much: what a peer writes at once is read at once. */
const LARGE_READ_BYTES = 524_288;

/**
 * Puts frames together from bytes that arrive in pieces of any size. They are read into its own
 * buffer, where a frame that has not arrived whole waits for its rest, so nothing is copied twice.
 */
export class FrameDecoder {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** Where the next frame begins. */
  #at = 0;
  /** How many bytes the buffer should hold: at least the frame that has begun to arrive. */
  #needed = FIRST_BYTES;

  /** Bytes of a frame that has not arrived whole; at most one frame's. */
  get bufferedBytes(): number {
    return this.#length - this.#at;
  }

  /** Where to read to, once there is no {@linkcode FrameDecoder.next} frame. */
  room(): Uint8Array<ArrayBuffer> {
    if (this.#at > 0) {
      this.#bytes.copyWithin(0, this.#at, this.#length);
      this.#length -= this.#at;
      this.#at = 0;
    }
    if (this.#bytes.length < this.#needed) {
      const larger = new Uint8Array(this.#needed);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return this.#bytes.subarray(this.#length);
  }

  /** So many bytes were read to the room. */
  arrived(count: number): void {
    this.#length += count;
    const isFull = this.#length === this.#bytes.length;
    if (isFull && this.#length >= READ_BYTES) this.#needed = LARGE_READ_BYTES;
  }

  /**
   * The next frame that is whole, if there is one. It is valid until the next call of
   * {@linkcode FrameDecoder.room}.
   *
   * @throws {FrameError} the bytes are no frames.
   */
  next(): Frame | undefined {
    const left = this.#length - this.#at;
    if (left < HEADER_BYTES) return undefined;
    const size = this.#view.getUint32(this.#at);
    const frame = readHeader(this.#view, this.#at, size);
    const whole = HEADER_BYTES + size;
    this.#needed = Math.max(this.#needed, left < whole ? whole : READ_BYTES);
    if (left < whole) return undefined;
    const start = this.#at + HEADER_BYTES;
    this.#at += whole;
    return { ...frame, payload: this.#bytes.subarray(start, this.#at) };
  }

  /** The same for bytes that have been read to somewhere else. */
  push(bytes: Uint8Array, received: (frame: Frame) => void): void {
    for (let at = 0; at < bytes.length;) {
      const room = this.room();
      const piece = bytes.subarray(at, at + room.length);
      room.set(piece);
      at += piece.length;
      this.arrived(piece.length);
      for (let frame = this.next(); frame !== undefined; frame = this.next()) received(frame);
    }
  }
}

function readHeader(view: DataView, at: number, length: number): Omit<Frame, "payload"> {
  const rule = RULES[view.getUint8(at + 4)];
  if (rule === undefined) throw new FrameError(`there is no frame type ${view.getUint8(at + 4)}`);
  const [type, least, most, aboutExchange, mayEnd] = rule;
  if (length < least || length > most) {
    throw new FrameError(`a frame of type ${type} cannot have ${length} bytes`);
  }
  const flags = view.getUint8(at + 5);
  if (flags > (mayEnd ? 1 : 0)) throw new FrameError(`a frame of type ${type} has flags ${flags}`);
  const exchange = view.getUint32(at + 6);
  if ((exchange !== 0) !== aboutExchange) {
    throw new FrameError(`a frame of type ${type} cannot be about exchange ${exchange}`);
  }
  if (type === FRAME.data && length === 0 && flags === 0) throw new FrameError("a piece is empty");
  return { type, end: flags === 1, exchange };
}
