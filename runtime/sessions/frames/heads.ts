/**
 * What the payloads of frames mean, in both directions. What reads a payload throws nothing but a
 * {@linkcode FrameError}, whatever the peer sent.
 *
 * @module
 */

import { FrameError, HELLO_BYTES, MAGIC, SESSION_VERSION } from "./frames.ts";
import { areWellFormed } from "../parts/parts.ts";
import { type RequestParts, SESSION_LIMITS, type SessionHello } from "../session.ts";

/** The head of a request as it arrived; the method and the URL are unchecked texts. */
export interface RequestHead {
  /** The method, as the peer wrote it. */
  readonly method: string;
  /** The URL, as the peer wrote it. */
  readonly url: string;
  /** Names and values, unchecked, in their order, names repeated. */
  readonly headers: [string, string][];
}

/** The head of a response as it arrived. */
export interface ResponseHead {
  /** 200 to 599. */
  readonly status: number;
  /** Names in lower case and values that the platform takes, in their order, names repeated. */
  readonly headers: [string, string][];
}

/** Statuses whose responses cannot have a body. */
export const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const looseDecoder = new TextDecoder();

/** Throws a RangeError when a hello holds what is not a whole number of its size. */
export function checkHello({ serviceID, sourcePlug, destServiceID }: SessionHello): void {
  const whole = [serviceID, sourcePlug, destServiceID].every((n) => Number.isSafeInteger(n));
  if (!whole || serviceID < 0 || destServiceID < 0 || sourcePlug !== sourcePlug >>> 0) {
    const name = `${serviceID}:${sourcePlug} -> ${destServiceID}`;
    throw new RangeError(`Cannot say hello as "${name}": these are not ids and a plug`);
  }
}

/** Checks the magic and the version of a hello or a welcome. */
export function checkGreeting(payload: Uint8Array): void {
  if (MAGIC.some((byte, index) => payload[index] !== byte)) throw new FrameError("no SMMP session");
  if (payload[4] !== SESSION_VERSION) {
    throw new FrameError(`version ${payload[4]} of sessions, this end speaks ${SESSION_VERSION}`);
  }
}

/** Reads the payload of a hello, and the ticket that comes with it; empty if there is none. */
export function readHello(payload: Uint8Array): { hello: SessionHello; ticket: string } {
  checkGreeting(payload);
  const view = viewOf(payload);
  const serviceID = Number(view.getBigUint64(5));
  const destServiceID = Number(view.getBigUint64(17));
  if (!Number.isSafeInteger(serviceID) || !Number.isSafeInteger(destServiceID)) {
    throw new FrameError("a serviceID is too large");
  }
  const hello = { serviceID, sourcePlug: view.getUint32(13), destServiceID };
  return { hello, ticket: looseDecoder.decode(payload.subarray(HELLO_BYTES)) };
}

/** Reads the payload of a request. */
export function readRequest(payload: Uint8Array): RequestHead {
  const parts = readParts(payload);
  const [method, url] = parts;
  if (method === undefined || url === undefined) throw new FrameError("a request has no URL");
  return { method, url, headers: readHeaders(parts, 2) };
}

/** Reads the payload of a response. */
export function readResponse(payload: Uint8Array): ResponseHead {
  const parts = readParts(payload);
  const status = parts[0] ?? "";
  if (!/^[2-5]\d\d$/.test(status)) throw new FrameError("a response has no status");
  const headers = readHeaders(parts, 1);
  // Others may write them as they like, and who passes them on looks for some of them.
  for (const header of headers) header[0] = header[0].toLowerCase();
  if (!areWellFormed(headers)) throw new FrameError("a response has malformed headers");
  return { status: Number(status), headers };
}

/** The largest head that is remembered, in bytes. */
const REMEMBERED_BYTES_MAX = 1_024;

/**
 * Reads the answers of one session. A service says the same head again and again, so one that is
 * like the one before it, byte by byte, is not read anew.
 */
export class AnswerReader {
  #bytes = new Uint8Array(0);
  #head: ResponseHead | undefined;

  /** Reads the payload of an answer; the body is a view into it, the head is shared. */
  read(
    payload: Uint8Array<ArrayBuffer>,
  ): { head: ResponseHead; body: Uint8Array<ArrayBuffer> } {
    const end = 4 + viewOf(payload).getUint32(0);
    if (end > payload.length) throw new FrameError("an answer is shorter than its head");
    const body = payload.subarray(end);
    if (this.#head !== undefined && this.#isSame(payload, end)) return { head: this.#head, body };
    const bytes = payload.subarray(4, end);
    const head = readResponse(bytes);
    if (bytes.length <= REMEMBERED_BYTES_MAX) {
      this.#bytes = bytes.slice();
      this.#head = head;
    }
    return { head, body };
  }

  #isSame(payload: Uint8Array, end: number): boolean {
    const known = this.#bytes;
    if (known.length !== end - 4) return false;
    for (let at = 0; at < known.length; at += 1) if (known[at] !== payload[at + 4]) return false;
    return true;
  }
}

/** Reads the payload of a reset. */
export function readReset(payload: Uint8Array): { code: number; reason: string } {
  return { code: payload[0] ?? 0, reason: readReason(payload.subarray(1)) };
}

/** Reads a reason; what could disturb a log is replaced. */
export function readReason(payload: Uint8Array): string {
  return looseDecoder.decode(payload).replace(/\p{Cc}/gu, " ");
}

/** Reads the payload of a credit. */
export function readCredit(payload: Uint8Array): number {
  const bytes = viewOf(payload).getUint32(0);
  if (bytes === 0) throw new FrameError("a credit is empty");
  return bytes;
}

/** The parts of a request's head, for {@linkcode FrameWriter.request}. */
export function requestParts(request: RequestParts): string[] {
  const parts = [request.method, request.url];
  for (const [name, value] of request.headers) parts.push(name, value);
  return parts;
}

/** The parts of a response's head, for {@linkcode FrameWriter.response}. */
export function responseParts(response: Response): string[] {
  const parts = [String(response.status)];
  for (const [name, value] of response.headers) parts.push(name, value);
  return parts;
}

function viewOf(payload: Uint8Array): DataView {
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
}

function readParts(payload: Uint8Array): string[] {
  try {
    return strictDecoder.decode(payload).split("\0");
  } catch (error) {
    throw new FrameError("a head is not UTF-8", { cause: error });
  }
}

function readHeaders(parts: readonly string[], from: number): [string, string][] {
  const count = (parts.length - from) / 2;
  if (!Number.isInteger(count)) throw new FrameError("a header has no value");
  if (count > SESSION_LIMITS.headers) throw new FrameError(`a head has ${count} headers`);
  const headers: [string, string][] = [];
  for (let at = from; at < parts.length; at += 2) {
    headers.push([parts[at] ?? "", parts[at + 1] ?? ""]);
  }
  return headers;
}
