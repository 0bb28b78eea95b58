import { reasonOf } from "../protocol/errors.ts";

/**
 * How a value becomes one line of text and back.
 *
 * @module
 */

/**
 * How deep arrays and objects may nest in a document. `JSON.parse` itself bears more, but the
 * recursive code that a document meets later does not.
 */
export const NESTING_MAX = 256;

/** A value that cannot be encoded, or a text that cannot be decoded. */
export class CodecError extends Error {
  /** Makes an error with the given text; `options.cause` is what the codec stumbled over. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CodecError";
  }
}

/** Turns a value into one line of text and back. */
export interface Codec {
  /**
   * Returns the text of a value, without a line break in it.
   *
   * @throws {CodecError} when the value has no text.
   */
  encode(value: unknown): string;
  /**
   * Returns the value of a text that may have been written by anybody.
   *
   * @throws {CodecError} when the text is not a document of this codec; nothing else is thrown.
   */
  decode(text: string): unknown;
}

/**
 * The codec of plain JSON documents. It imports nothing, so it costs a service process nothing.
 *
 * @example Encode and decode
 * ```ts
 * import { plainCodec } from "./codec.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(plainCodec.decode(plainCodec.encode({ load: 3 })), { load: 3 });
 * ```
 */
export const plainCodec: Codec = {
  encode(value) {
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch (cause) {
      throw new CodecError(`Cannot encode a value: ${textOf(cause)}`, { cause });
    }
    // The types of JSON.stringify hide that it gives undefined for a function or a symbol.
    if (text === undefined) {
      throw new CodecError(`Cannot encode a value: ${typeof value} has no JSON`);
    }
    return text;
  },
  decode: parseDocument,
};

/**
 * Parses a JSON document that may have been written by anybody.
 *
 * @throws {CodecError} when it is not JSON, nests deeper than {@linkcode NESTING_MAX}, or has a
 * key `__proto__` (harmless in itself, but not in code that copies the document key by key).
 */
export function parseDocument(text: string): unknown {
  if (nestsTooDeep(text)) {
    throw new CodecError(`Cannot decode a document: it nests deeper than ${NESTING_MAX}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CodecError(`Cannot decode a document: ${textOf(cause)}`, { cause });
  }
  if (mayHaveProto(text) && hasProto(value)) {
    throw new CodecError('Cannot decode a document: it has a key "__proto__"');
  }
  return value;
}

/** Returns the message of what was thrown, shortened: a parser may quote its whole input. */
export function textOf(thrown: unknown): string {
  // Inside TLS an end is said, unless the process or the host of the other end is gone.
  if (thrown instanceof Deno.errors.UnexpectedEof) return "it closed the connection without a word";
  const text = reasonOf(thrown);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** Tells whether arrays and objects nest too deep, which only a text with many openings can. */
function nestsTooDeep(text: string): boolean {
  if (text.length <= NESTING_MAX) return false;
  if (countUpTo(text, "{", NESTING_MAX) + countUpTo(text, "[", NESTING_MAX) <= NESTING_MAX) {
    return false;
  }
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case 0x22: // A quote: brackets inside a string are not openings.
        index = endOfString(text, index);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        if (depth > NESTING_MAX) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
    }
  }
  return false;
}

function countUpTo(text: string, character: string, max: number): number {
  let count = 0;
  let index = text.indexOf(character);
  while (index !== -1 && count <= max) {
    count += 1;
    index = text.indexOf(character, index + 1);
  }
  return count;
}

/** Returns where the string that opens at `start` closes, or the end of the text. */
function endOfString(text: string, start: number): number {
  let end = start;
  while (true) {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
}

/** An underscore can also be written as an escape, which is rare enough to walk the document. */
function mayHaveProto(text: string): boolean {
  return text.includes("__proto__") || /\\u005f/i.test(text);
}

/** Recursion is safe here because the nesting is bounded. */
function hasProto(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some(hasProto);
}
