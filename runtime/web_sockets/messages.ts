/**
 * The messages of a WebSocket in the bodies of its exchange, pure: messages to bytes and bytes to
 * messages.
 *
 * A WebSocket travels as one exchange of a session. Its request has the method
 * {@linkcode WEB_SOCKET_METHOD}, its response, when the service accepts, has the header
 * {@linkcode ACCEPTED_HEADER}. Each body then carries the messages of one direction:
 *
 *     kind u8 (1 text, 2 binary, 8 close) | length u32, big endian | payload
 *
 * The payload of a close is its code, u16, and its reason. The last message of each direction is a
 * close; both bodies end when both closes have been said.
 *
 * @module
 */

import { joined } from "../joined_bytes.ts";

/** The method of an exchange that carries a WebSocket. Nothing from outside may use it. */
export const WEB_SOCKET_METHOD = "SMMP-WEBSOCKET";

/** The header of a response that accepts a WebSocket; its value is the subprotocol, or nothing. */
export const ACCEPTED_HEADER = "smmp-websocket-accepted";

/** The bounds of a WebSocket. */
export const WEB_SOCKET_LIMITS = {
  /** One message. */
  messageBytes: 16_777_216,
  /** What waits to be sent, before one message more: above that the WebSocket is closed. */
  queuedBytes: 16_777_216,
  /** The reason of a close, as UTF-8. */
  reasonBytes: 123,
  /** How long one end waits for the other's close after its own. */
  closeMs: 3_000,
} as const;

/** Codes of closes (RFC 6455, 7.4.1, and its registry). */
export const CLOSE = {
  /** The server goes away. */
  goingAway: 1001,
  /** The close had no code; is never sent as one. */
  none: 1005,
  /** There was no close, the connection was lost; is never sent as one outside the mesh. */
  lost: 1006,
  /** A message was too large. */
  tooLarge: 1009,
  /** The server failed. */
  failed: 1011,
  /** The service restarts: connect again. */
  restart: 1012,
} as const;

/** How a WebSocket ends. */
export interface Close {
  /** Why, as a number. */
  readonly code: number;
  /** Why, as a text; may be empty. */
  readonly reason: string;
}

/** One message as it arrived. */
export type SocketMessage =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "binary"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "close" } & Close;

const TEXT = 1;
const BINARY = 2;
const CLOSING = 8;

/** What every message has in front of its payload. */
export const MESSAGE_HEADER_BYTES = 5;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of a text message. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return encode(TEXT, encoder.encode(text));
}

/** The bytes of a binary message; copies. */
export function encodeBinary(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return encode(BINARY, bytes);
}

/** The bytes of a close. A reason that is too long is cut between two characters. */
export function encodeClose({ code, reason }: Close): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(2 + WEB_SOCKET_LIMITS.reasonBytes);
  new DataView(payload.buffer).setUint16(0, code);
  const { written } = encoder.encodeInto(reason, payload.subarray(2));
  return encode(CLOSING, payload.subarray(0, 2 + written));
}

function encode(kind: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(MESSAGE_HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, kind);
  view.setUint32(1, payload.length);
  bytes.set(payload, MESSAGE_HEADER_BYTES);
  return bytes;
}

/** The close that may be said to a peer outside of the mesh; a code of its own stays. */
export function speakable({ code, reason }: Close): Close {
  const isSpeakable = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
    (code >= 3000 && code <= 4999) || code === CLOSE.none;
  const bytes = new Uint8Array(WEB_SOCKET_LIMITS.reasonBytes);
  const { read } = encoder.encodeInto(reason, bytes);
  return { code: isSpeakable ? code : CLOSE.failed, reason: reason.slice(0, read) };
}

/** The one error that bytes from a peer cause in this file. */
export class MessageError extends Error {
  /** The name of the class. */
  override readonly name = "MessageError";
}

/** Puts messages together from bytes that arrive in pieces of any size. */
export class MessageDecoder {
  readonly #header = new Uint8Array(MESSAGE_HEADER_BYTES);
  #headerBytes = 0;
  #pieces: Uint8Array[] = [];
  #length = 0;
  #missing = 0;

  /**
   * The messages that are whole now. Pieces must not change afterwards.
   *
   * @throws {MessageError} the bytes are no messages, or one is too large.
   */
  push(bytes: Uint8Array): SocketMessage[] {
    const messages: SocketMessage[] = [];
    for (let rest = bytes;;) {
      if (this.#headerBytes < MESSAGE_HEADER_BYTES) {
        rest = this.#takeHeader(rest);
        if (this.#headerBytes < MESSAGE_HEADER_BYTES) return messages;
      }
      const piece = rest.subarray(0, this.#missing);
      if (piece.length > 0) this.#pieces.push(piece);
      this.#missing -= piece.length;
      if (this.#missing > 0) return messages;
      messages.push(this.#message());
      rest = rest.subarray(piece.length);
    }
  }

  #takeHeader(bytes: Uint8Array): Uint8Array {
    const taken = bytes.subarray(0, MESSAGE_HEADER_BYTES - this.#headerBytes);
    this.#header.set(taken, this.#headerBytes);
    this.#headerBytes += taken.length;
    if (this.#headerBytes === MESSAGE_HEADER_BYTES) {
      this.#length = new DataView(this.#header.buffer).getUint32(1);
      this.#missing = this.#length;
      if (this.#length > WEB_SOCKET_LIMITS.messageBytes) {
        throw new MessageError(`a message has ${this.#length} bytes`);
      }
    }
    return bytes.subarray(taken.length);
  }

  #message(): SocketMessage {
    const payload = joined(this.#pieces, this.#length);
    this.#pieces = [];
    this.#headerBytes = 0;
    switch (this.#header[0]) {
      case TEXT:
        return { kind: "text", text: decode(payload) };
      case BINARY:
        return { kind: "binary", bytes: payload };
      case CLOSING: {
        if (payload.length < 2) throw new MessageError("a close has no code");
        const code = new DataView(payload.buffer).getUint16(0);
        return { kind: "close", code, reason: decode(payload.subarray(2)) };
      }
      default:
        throw new MessageError(`there is no kind ${this.#header[0]} of messages`);
    }
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new MessageError("a text is not UTF-8", { cause: error });
  }
}
