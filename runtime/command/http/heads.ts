/**
 * The heads of HTTP/1.1, pure: bytes to first lines and headers, and back.
 *
 * @module
 */

import type { HeaderList } from "../../sessions/session.ts";
import { bytesOf, HttpError, latinOf } from "./byte_reader.ts";

/** Most headers of one head; as many as a session carries. */
const HEADERS_MAX = 256;

const NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** The head of a request. */
export interface RequestHead {
  /** The method, as it was written. */
  readonly method: string;
  /** The target, as it was written: a path, a URL, or a host with its port. */
  readonly target: string;
  /** Whether it is of HTTP/1.0. */
  readonly isOld: boolean;
  /** Names in lower case, and values. */
  readonly headers: HeaderList;
}

/** The head of a response. */
export interface ResponseHead {
  /** 100 to 999. */
  readonly status: number;
  /** Whether it is of HTTP/1.0. */
  readonly isOld: boolean;
  /** Names in lower case, and values. */
  readonly headers: HeaderList;
}

/**
 * Reads the head of a request.
 *
 * @throws {HttpError} it is none.
 */
export function parseRequestHead(bytes: Uint8Array): RequestHead {
  const { first, headers } = parseHead(bytes);
  const match = /^([!#$%&'*+\-.^_`|~\w]+) (\S+) HTTP\/1\.([01])$/.exec(first);
  if (match === null) throw new HttpError("the first line of a request is none of HTTP/1.1");
  const [, method = "", target = "", minor] = match;
  return { method, target, isOld: minor === "0", headers };
}

/**
 * Reads the head of a response.
 *
 * @throws {HttpError} it is none.
 */
export function parseResponseHead(bytes: Uint8Array): ResponseHead {
  const { first, headers } = parseHead(bytes);
  const match = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(first);
  if (match === null) throw new HttpError("the first line of a response is none of HTTP/1.1");
  return { status: Number(match[2]), isOld: match[1] === "0", headers };
}

function parseHead(bytes: Uint8Array): { first: string; headers: HeaderList } {
  const [first = "", ...lines] = latinOf(bytes).split(/\r?\n/);
  const headers: HeaderList = [];
  for (const line of lines) {
    if (line === "") break;
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    // Also a line that goes on in the next one, which HTTP has given up, is none.
    if (!NAME.test(name)) throw new HttpError("a line of a head is no header");
    headers.push([name.toLowerCase(), line.slice(colon + 1).trim()]);
    if (headers.length > HEADERS_MAX) throw new HttpError(`more than ${HEADERS_MAX} headers`);
  }
  return { first, headers };
}

/**
 * Writes a head.
 *
 * @param first Its first line.
 * @param headers Names and values.
 * @throws {HttpError} when a name or a value would be more than that.
 */
export function encodeHead(first: string, headers: HeaderList): Uint8Array<ArrayBuffer> {
  let text = `${first}\r\n`;
  for (const [name, value] of headers) {
    if (!NAME.test(name) || /[\r\n\0]/.test(value)) throw new HttpError(`no header: "${name}"`);
    text += `${name}: ${value}\r\n`;
  }
  return bytesOf(`${text}\r\n`);
}

/** The values of a header, apart. */
export function valuesOf(headers: HeaderList, wanted: string): string[] {
  return headers.filter(([name]) => name === wanted)
    .flatMap(([, value]) => value.split(",").map((one) => one.trim()))
    .filter((value) => value !== "");
}

/** Whether a header has a value among others, in any case. */
export function hasValue(headers: HeaderList, wanted: string, value: string): boolean {
  return valuesOf(headers, wanted).some((one) => one.toLowerCase() === value);
}
