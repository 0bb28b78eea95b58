/**
 * Reads JSON and remembers where everything stood.
 *
 * `JSON.parse` does not always say where a mistake is, never where a value was, and silently
 * drops a key that is written twice; a person who edits a configuration needs all three.
 *
 * @module
 */

/** The deepest nesting that is read. */
export const JSON_DEPTH_MAX = 32;

/** A place in a text, as editors count: both from 1. */
export interface TextPosition {
  /** The line. */
  readonly line: number;
  /** The column, in UTF-16 units. */
  readonly column: number;
}

/** The steps from the top of a document to a value: keys and indexes. */
export type DocumentPath = readonly (string | number)[];

/** A document that was read. */
export interface JsonText {
  /** The value, as `JSON.parse` would return it. */
  readonly value: unknown;
  /** Where each key of an object and each element of an array starts, by {@linkcode formatPath}. */
  readonly positions: ReadonlyMap<string, TextPosition>;
  /** The keys that stand in the same object again; the value has the last one. */
  readonly repeated: readonly { path: DocumentPath; position: TextPosition }[];
}

/** The text is not JSON. The message says what was expected and what stands there instead. */
export class JsonTextError extends Error {
  /** The name of the class. */
  override name = "JsonTextError";
  /** Where the mistake is. */
  readonly position: TextPosition;

  /** Makes the error for one place of a text. */
  constructor(message: string, position: TextPosition) {
    super(message);
    this.position = position;
  }
}

/**
 * Writes a path the way JavaScript would: `services.greeter.plugs[0]`, `routes["/api"]`.
 *
 * @param path The steps from the top of the document.
 * @returns The text, empty for the document itself.
 */
export function formatPath(path: DocumentPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (!/^[A-Za-z_$][\w$-]*$/.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/**
 * Reads a JSON text (RFC 8259).
 *
 * @param text The text; a byte order mark at its start is skipped.
 * @returns The value and where its parts stood.
 * @throws {JsonTextError} If the text is not JSON, is nested deeper than
 * {@linkcode JSON_DEPTH_MAX}, or has a key `__proto__`.
 */
export function parseJsonText(text: string): JsonText {
  return new JsonReader(text).readDocument();
}

/** The cursor over one text. */
class JsonReader {
  readonly #text: string;
  readonly #lineStarts: number[] = [0];
  readonly #positions = new Map<string, TextPosition>();
  readonly #repeated: { path: DocumentPath; position: TextPosition }[] = [];
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
    if (text.startsWith("\uFEFF")) this.#offset = 1;
  }

  readDocument(): JsonText {
    const value = this.#readValue([]);
    this.#skipBlanks();
    if (this.#offset < this.#text.length) throw this.#unexpected("the end of the document");
    return { value, positions: this.#positions, repeated: this.#repeated };
  }

  #readValue(path: DocumentPath): unknown {
    this.#skipBlanks();
    if (path.length > JSON_DEPTH_MAX) {
      throw this.#error(`the document is nested deeper than ${JSON_DEPTH_MAX} levels`);
    }
    const start = this.#text[this.#offset];
    if (start === "{") return this.#readObject(path);
    if (start === "[") return this.#readArray(path);
    if (start === '"') return this.#readString();
    return this.#readScalar();
  }

  #readObject(path: DocumentPath): unknown {
    const object: Record<string, unknown> = {};
    this.#offset++;
    if (this.#skips("}")) return object;
    do {
      this.#skipBlanks();
      const start = this.#offset;
      if (this.#text[start] !== '"') throw this.#unexpected("a key in double quotes");
      const key = this.#readString();
      const keyPath = [...path, key];
      if (key === "__proto__") throw this.#error('the key "__proto__" is not allowed', start);
      if (Object.hasOwn(object, key)) {
        this.#repeated.push({ path: keyPath, position: this.#positionOf(start) });
      }
      this.#positions.set(formatPath(keyPath), this.#positionOf(start));
      if (!this.#skips(":")) throw this.#unexpected(`":" after the key "${key}"`);
      object[key] = this.#readValue(keyPath);
    } while (this.#skips(","));
    if (!this.#skips("}")) throw this.#unexpected('"," or "}"');
    return object;
  }

  #readArray(path: DocumentPath): unknown[] {
    const array: unknown[] = [];
    this.#offset++;
    if (this.#skips("]")) return array;
    do {
      this.#skipBlanks();
      const elementPath = [...path, array.length];
      this.#positions.set(formatPath(elementPath), this.#positionOf(this.#offset));
      array.push(this.#readValue(elementPath));
    } while (this.#skips(","));
    if (!this.#skips("]")) throw this.#unexpected('"," or "]"');
    return array;
  }

  #readString(): string {
    const start = this.#offset;
    for (let end = start + 1; end < this.#text.length; end++) {
      const character = this.#text.charAt(end);
      if (character === "\\") end++;
      else if (character < " ") {
        throw this.#error('expected the closing " of a text on the same line', start);
      } else if (character === '"') {
        this.#offset = end + 1;
        return this.#unescape(start, end + 1);
      }
    }
    throw this.#error('expected the closing " of a text, found the end of the document', start);
  }

  #unescape(start: number, end: number): string {
    const quoted = this.#text.slice(start, end);
    const escapes = quoted.matchAll(/\\(u[\da-fA-F]{4}|["\\/bfnrt])?/g);
    for (const { 1: known, index } of escapes) {
      if (known === undefined) {
        throw this.#error(
          'unknown escape after "\\" in a text, did you mean "\\\\"',
          start + index,
        );
      }
    }
    // What is left is the grammar of a JSON string, so this cannot throw.
    return String(JSON.parse(quoted));
  }

  #readScalar(): unknown {
    const pattern = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
    pattern.lastIndex = this.#offset;
    const word = pattern.exec(this.#text)?.[0];
    if (word === undefined) throw this.#unexpected("a value");
    this.#offset += word.length;
    return JSON.parse(word);
  }

  /** Moves over blanks and then over the character, if it is there. */
  #skips(character: string): boolean {
    this.#skipBlanks();
    if (this.#text[this.#offset] !== character) return false;
    this.#offset++;
    return true;
  }

  #skipBlanks(): void {
    while (/^[ \t\r\n]$/.test(this.#text.charAt(this.#offset))) this.#offset++;
  }

  #unexpected(expected: string): JsonTextError {
    const rest = this.#text.slice(this.#offset);
    if (/^\/[/*]/.test(rest)) return this.#error("comments are not allowed in JSON");
    if (/^[}\]]/.test(rest) && /,\s*$/.test(this.#text.slice(0, this.#offset))) {
      return this.#error(`the comma before "${rest.charAt(0)}" is one too many`);
    }
    const word = /^[\w.+-]{1,20}|^./u.exec(rest)?.[0];
    const found = word === undefined ? "the end of the document" : JSON.stringify(word);
    return this.#error(`expected ${expected}, found ${found}`);
  }

  #error(message: string, offset = this.#offset): JsonTextError {
    return new JsonTextError(message, this.#positionOf(offset));
  }

  #positionOf(offset: number): TextPosition {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }
}
