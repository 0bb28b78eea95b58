/**
 * Frames to bytes: what this end says, in the layout that `frames.ts` describes.
 *
 * @module
 */

import {
  FRAME,
  type FrameType,
  HEADER_BYTES,
  HELLO_BYTES,
  MAGIC,
  SESSION_VERSION,
  TICKET_BYTES_MAX,
} from "./frames.ts";
import { SESSION_LIMITS, type SessionHello } from "../session.ts";

const { headBytes, reasonBytes } = SESSION_LIMITS;
const encoder = new TextEncoder();

/** Collects frames in one growing buffer, so that they can leave in one write. */
export class FrameWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4_096);
  #spare: Uint8Array<ArrayBuffer> = new Uint8Array(4_096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Bytes collected since the last {@linkcode FrameWriter.take}. */
  get length(): number {
    return this.#length;
  }

  /** The frames collected so far, as a view that is valid until the next call of this method. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, this.#length);
    // A buffer that one burst made large is not kept for ever.
    const isLarge = this.#spare.length > 2 * SESSION_LIMITS.writeBytes;
    const next = isLarge ? new Uint8Array(4_096) : this.#spare;
    this.#spare = this.#bytes;
    this.#use(next);
    this.#length = 0;
    return taken;
  }

  /**
   * Says who dials, in numbers that `checkHello` has passed.
   *
   * @param options The ticket, by default none, and the version, by default this one.
   */
  hello(hello: SessionHello, options: { ticket?: string; version?: number } = {}): void {
    const { serviceID, sourcePlug, destServiceID } = hello;
    const ticket = encoder.encode(options.ticket ?? "").subarray(0, TICKET_BYTES_MAX);
    const at = this.#frame(FRAME.hello, 0, HELLO_BYTES + ticket.length);
    this.#greeting(at, options.version ?? SESSION_VERSION);
    this.#bytes.set(ticket, at + HELLO_BYTES);
    this.#view.setBigUint64(at + 5, BigInt(serviceID));
    this.#view.setUint32(at + 13, sourcePlug);
    this.#view.setBigUint64(at + 17, BigInt(destServiceID));
  }

  /** Accepts the hello. */
  welcome(): void {
    this.#greeting(this.#frame(FRAME.welcome, 0, 5), SESSION_VERSION);
  }

  /** Opens an exchange. Writes nothing and returns false when the head is over the limits. */
  request(exchange: number, head: readonly string[], end: boolean): boolean {
    return head.length <= 2 + 2 * SESSION_LIMITS.headers &&
      this.#head(FRAME.request, exchange, head.join("\0"), end);
  }

  /** Answers an exchange. Writes nothing and returns false when the head is over the limits. */
  response(exchange: number, head: readonly string[], end: boolean): boolean {
    return head.length <= 1 + 2 * SESSION_LIMITS.headers &&
      this.#head(FRAME.response, exchange, head.join("\0"), end);
  }

  /** Answers an exchange whole. Head and body must be sure to fit. */
  answer(exchange: number, head: string, body: Uint8Array | string): void {
    const before = this.#length;
    const bodyMax = typeof body === "string" ? 3 * body.length : body.length;
    const at = this.#frame(FRAME.answer, exchange, 4 + 3 * head.length + bodyMax);
    const { written } = encoder.encodeInto(head, this.#bytes.subarray(at + 4));
    const bodyAt = at + 4 + written;
    this.#length = bodyAt + this.#put(body, bodyAt);
    this.#view.setUint32(before, this.#length - at);
    this.#view.setUint32(at, written);
  }

  /** A piece of a body, at most as long as the limit. */
  data(exchange: number, payload: Uint8Array, end: boolean): void {
    const at = this.#frame(FRAME.data, exchange, payload.length, end);
    this.#bytes.set(payload, at);
  }

  /** Room for so many bytes more. */
  credit(exchange: number, bytes: number): void {
    const at = this.#frame(FRAME.credit, exchange, 4);
    this.#view.setUint32(at, bytes);
  }

  /** No more of this body. */
  stop(exchange: number): void {
    this.#frame(FRAME.stop, exchange, 0);
  }

  /** Ends an exchange at once; the code is one of {@linkcode RESET}. */
  reset(exchange: number, code: number, reason: string): void {
    const text = encodeReason(reason);
    const at = this.#frame(FRAME.reset, exchange, 1 + text.length);
    this.#view.setUint8(at, code);
    this.#bytes.set(text, at + 1);
  }

  /** Asks for a sign of life. */
  ping(): void {
    this.#frame(FRAME.ping, 0, 0);
  }

  /** Gives the sign of life. */
  pong(): void {
    this.#frame(FRAME.pong, 0, 0);
  }

  /** Nothing new from here. */
  goAway(reason: string): void {
    this.#text(FRAME.goAway, reason);
  }

  /** Over, at once. */
  close(reason: string): void {
    this.#text(FRAME.close, reason);
  }

  /** Returns how many bytes it takes. */
  #put(body: Uint8Array | string, at: number): number {
    if (typeof body === "string") {
      return encoder.encodeInto(body, this.#bytes.subarray(at)).written;
    }
    this.#bytes.set(body, at);
    return body.length;
  }

  #text(type: FrameType, reason: string): void {
    const text = encodeReason(reason);
    const at = this.#frame(type, 0, text.length);
    this.#bytes.set(text, at);
  }

  #greeting(at: number, version: number): void {
    this.#bytes.set(MAGIC, at);
    this.#view.setUint8(at + 4, version);
  }

  #head(type: FrameType, exchange: number, text: string, end: boolean): boolean {
    if (text.length > headBytes) return false;
    const before = this.#length;
    const at = this.#frame(type, exchange, Math.min(3 * text.length, headBytes), end);
    const { read, written } = encoder.encodeInto(text, this.#bytes.subarray(at, this.#length));
    const whole = read === text.length;
    this.#length = whole ? at + written : before;
    if (whole) this.#view.setUint32(before, written);
    return whole;
  }

  /** Writes a header, reserves the payload, returns its start; may replace the buffer. */
  #frame(type: FrameType, exchange: number, length: number, end = false): number {
    const at = this.#length;
    const after = at + HEADER_BYTES + length;
    if (after > this.#bytes.length) this.#grow(after);
    this.#view.setUint32(at, length);
    this.#view.setUint8(at + 4, type);
    this.#view.setUint8(at + 5, end ? 1 : 0);
    this.#view.setUint32(at + 6, exchange);
    this.#length = after;
    return at + HEADER_BYTES;
  }

  #grow(least: number): void {
    let length = this.#bytes.length;
    while (length < least) length *= 2;
    const larger = new Uint8Array(length);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#use(larger);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function encodeReason(reason: string): Uint8Array {
  const bytes = new Uint8Array(reasonBytes);
  return bytes.subarray(0, encoder.encodeInto(reason, bytes).written);
}
