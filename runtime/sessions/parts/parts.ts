/**
 * Requests and responses, taken apart and put together as cheaply as the platform allows.
 *
 * @module
 */

import type { RequestParts, ResponseParts } from "../session.ts";

/** What a request consists of. */
export function partsOf(request: Request): RequestParts {
  const { method, headers, body, signal } = request;
  // A fragment is for whoever asked; it never leaves with a request.
  const [url = ""] = request.url.split("#", 1);
  return { method, url, headers, body, signal };
}

/** The response that has these parts; bytes are copied. */
export function responseOf(parts: ResponseParts): Response {
  const response = new Response(parts.body, initOf(parts));
  const { bodyBytes } = parts;
  if (bodyBytes !== undefined) tellLength(response.headers, bodyBytes);
  return response;
}

/** What a response is made with, besides its body, in the form that costs the least. */
export function initOf({ status, headers }: ResponseParts): ResponseInit {
  const [first] = headers;
  // Deno makes no `Headers` for a response, until somebody asks, when this is all that it has.
  const isShort = headers.length === 1 && first?.[0] === "content-type";
  return { status, headers: isShort ? { "content-type": first[1] } : headers };
}

/** Adds the length of a body that came whole, if the service did not tell it. */
export function tellLength(headers: Headers, length: number): void {
  if (!headers.has("content-length")) headers.set("content-length", String(length));
}

/** What is read as text most of the time, so that it may be passed on as text. */
const TEXT = /^(?:text\/|application\/(?:[\w.-]+\+)?json\b)/i;

/** A text costs a response less than bytes do, as long as it is short. */
const TEXT_BYTES_MAX = 4_096;

/** Bytes that are no UTF-8 are refused and a byte order mark stays: text is the very same bytes. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A body that arrived whole, as text if that is cheaper and right. */
export function wholeBody(
  headers: ResponseParts["headers"],
  view: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> | string {
  if (view.length <= TEXT_BYTES_MAX) {
    const type = headers.find(([name]) => name === "content-type")?.[1];
    if (type !== undefined && TEXT.test(type)) {
      try {
        return decoder.decode(view);
      } catch {
        // It only says that it is text.
      }
    }
  }
  return view;
}

const NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
const BAD_VALUE = /[\0\r\n\u0100-\uffff]/;

/** Whether the platform takes these headers. */
export function areWellFormed(headers: ResponseParts["headers"]): boolean {
  return headers.every(([name, value]) => NAME.test(name) && !BAD_VALUE.test(value));
}
