/**
 * The codec of rich values, over superjson; for links between roles, not for strangers.
 *
 * @module
 */

import { SuperJSON } from "superjson";
import { type Codec, CodecError, NESTING_MAX, parseDocument, textOf } from "./codec.ts";

/**
 * How deep a value may nest: a level of a Map takes two levels of its document and two of the
 * annotations, and the reader of the document has a bound.
 */
const VALUE_NESTING_MAX = NESTING_MAX / 4;

/**
 * The annotations that a document may have. The others that superjson knows let a short text ask
 * for a typed array of any size, a pattern that takes for ever to match, or a class.
 */
const ANNOTATIONS: ReadonlySet<unknown> = new Set(
  ["Date", "Error", "URL", "bigint", "map", "number", "set", "undefined"],
);

// An instance of its own, so that nobody else's registrations in the thread reach it.
const superjson = new SuperJSON();
superjson.allowErrorProps("stack");

/**
 * Encodes plain JSON values as they are, and anything with a Date, Map, Set, Error, bigint, URL,
 * `undefined`, `NaN`, an infinity or `-0` in it as the document `{ json, meta }` of superjson.
 * Decodes both.
 *
 * Values travel as trees: an object that occurs twice arrives as two, and one that contains itself
 * is refused, like functions, typed arrays and instances of other classes. An error arrives as
 * `Error` with its name, message, stack and cause.
 *
 * @example Encode and decode
 * ```ts
 * import { superjsonCodec } from "./superjson_codec.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(superjsonCodec.encode({ load: 3 }), '{"load":3}');
 * const rich = { since: new Date(0), plugs: new Map([[20003, "in"]]) };
 * assertEquals(superjsonCodec.decode(superjsonCodec.encode(rich)), rich);
 * ```
 */
export const superjsonCodec: Codec = {
  encode(value) {
    if (isPlain(value, 0) && !isEnvelope(value)) return JSON.stringify(value);
    try {
      const { json, meta } = superjson.serialize(value);
      // Without the list of objects that are the same: the document holds a copy at each place.
      return JSON.stringify(
        meta?.values ? { json, meta: { values: meta.values, v: 1 } } : { json },
      );
    } catch (cause) {
      throw new CodecError(`Cannot encode a value: ${textOf(cause)}`, { cause });
    }
  },

  decode(text) {
    const document = parseDocument(text);
    if (!isEnvelope(document)) return document;
    const { json, meta } = document;
    if (meta === undefined) return json;
    const values = isRecord(meta) ? meta.values : undefined;
    if (!isRecord(meta) || (meta.v !== undefined && meta.v !== 1)) refuse("its meta is unknown");
    if (values === undefined) return json;
    checkAnnotations(values, json);
    try {
      // Called by reflection because its types ask for a JSON type, which no guard can establish.
      return Reflect.apply(superjson.deserialize, superjson, [
        { json, meta: { values, v: 1 } },
        { inPlace: true },
      ]);
    } catch (cause) {
      throw new CodecError(`Cannot decode a document: ${textOf(cause)}`, { cause });
    }
  },
};

/**
 * Tells whether JSON alone carries the value.
 *
 * @throws {CodecError} when superjson would not carry it either.
 */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "bigint":
    case "undefined":
      return false;
    case "object":
      return value === null || isPlainObject(value, depth + 1);
    default:
      throw new CodecError(`Cannot encode a value: it has a ${typeof value} in it`);
  }
}

function isPlainObject(value: object, depth: number): boolean {
  if (depth > VALUE_NESTING_MAX) {
    throw new CodecError(`Cannot encode a value: it nests deeper than ${VALUE_NESTING_MAX}`);
  }
  let plain = true;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      if (!(index in value)) throw new CodecError("Cannot encode a value: an array has holes");
      if (!isPlain(value[index], depth)) plain = false;
    }
    return plain;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    checkRich(value, depth);
    return false;
  }
  if (Object.hasOwn(value, "__proto__")) {
    throw new CodecError('Cannot encode a value: it has a key "__proto__"');
  }
  for (const item of Object.values(value)) {
    if (!isPlain(item, depth)) plain = false;
  }
  return plain;
}

/** Refuses what superjson would carry wrong or not at all. */
function checkRich(value: object, depth: number): void {
  if (value instanceof Map) {
    for (const [key, item] of value) {
      isPlain(key, depth);
      isPlain(item, depth);
    }
  } else if (value instanceof Set) {
    for (const item of value) isPlain(item, depth);
  } else if (value instanceof Error) {
    isPlain(value.cause, depth);
  } else if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) {
      throw new CodecError("Cannot encode a value: it has an invalid Date in it");
    }
  } else if (!(value instanceof URL)) {
    throw new CodecError(`Cannot encode a value: it has a ${value.constructor?.name} in it`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A plain value that looks like a document of superjson must become one, to come back as it is. */
function isEnvelope(value: unknown): value is { json: unknown; meta?: unknown } {
  if (!isRecord(value) || !Object.hasOwn(value, "json")) return false;
  return Object.keys(value).every((key) => key === "json" || key === "meta");
}

function refuse(why: string): never {
  throw new CodecError(`Cannot decode a document: ${why}`);
}

/**
 * Refuses annotations that are not in the list above or point nowhere: superjson would make an
 * array of any length for them. A node is `[annotation, children?]`, or only its children.
 */
function checkAnnotations(tree: unknown, json: unknown): void {
  let children = tree;
  if (Array.isArray(tree)) {
    if (!ANNOTATIONS.has(tree[0])) refuse(`an annotation is unknown: ${textOf(String(tree[0]))}`);
    children = tree[1];
    if (children === undefined) return;
  }
  if (!isRecord(children)) refuse("its annotations have another form");
  for (const [path, child] of Object.entries(children)) {
    checkAnnotations(child, find(json, path));
  }
}

function find(json: unknown, path: string): unknown {
  let found = json;
  for (const step of stepsOf(path)) {
    const item: unknown = Array.isArray(found) && /^(0|[1-9][0-9]*)$/.test(step)
      ? found[Number(step)]
      : isRecord(found) && Object.hasOwn(found, step)
      ? found[step]
      : undefined;
    // JSON has no undefined, so this is a place that the document does not have.
    if (item === undefined) refuse(`it annotates what it does not have: ${textOf(path)}`);
    found = item;
  }
  return found;
}

/** Splits a path of superjson: a dot separates, a backslash escapes a dot or itself. */
function stepsOf(path: string): string[] {
  if (!path.includes("\\")) return path.split(".");
  const steps: string[] = [];
  let step = "";
  for (let index = 0; index < path.length; index++) {
    if (path[index] === ".") {
      steps.push(step);
      step = "";
      continue;
    }
    if (path[index] === "\\") {
      index += 1;
      if (path[index] !== "." && path[index] !== "\\") {
        refuse(`a path has another form: ${textOf(path)}`);
      }
    }
    step += path[index];
  }
  return [...steps, step];
}
