import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { CodecError } from "../../transports/codec.ts";
import { superjsonCodec } from "../../transports/superjson_codec.ts";

function roundTrip(value: unknown): unknown {
  return superjsonCodec.decode(superjsonCodec.encode(value));
}

function decodeOrRefuse(text: string): void {
  try {
    superjsonCodec.decode(text);
  } catch (error) {
    assertInstanceOf(error, CodecError);
  }
}

Deno.test("superjsonCodec carries rich values both ways", () => {
  const rich = {
    since: new Date("2026-11-24T20:00:00Z"),
    plugs: new Map<unknown, unknown>([[20003, { lastUsed: new Date(5) }], ["a.b\\c", 1n]]),
    names: new Set<unknown>(["greeter", 3n, new Set([new Date(1)])]),
    count: 2n ** 80n,
    nothing: undefined,
    numbers: [NaN, Infinity, -Infinity, -0, 0.5],
    home: new URL("http://counter.mesh/visits"),
    "dots.and\\slashes.": { "": new Date(7) },
  };
  assertEquals(roundTrip(rich), rich);
  for (const value of [undefined, 7n, new Date(0), new Map([[1, new Map([[2, 3n]])]])]) {
    assertEquals(roundTrip(value), value);
  }
});

Deno.test("superjsonCodec carries the name, message, stack and cause of an error", () => {
  const error = new RangeError("Cannot assign a plug", { cause: new Error("none left") });
  const copy = roundTrip({ error });
  assert(typeof copy === "object" && copy !== null && "error" in copy);
  assertInstanceOf(copy.error, Error);
  assertEquals(copy.error.name, "RangeError");
  assertEquals(copy.error.message, "Cannot assign a plug");
  assertEquals(copy.error.stack, error.stack);
  assertInstanceOf(copy.error.cause, Error);
  assertEquals(copy.error.cause.message, "none left");
});

Deno.test("superjsonCodec encodes plain JSON as it is", () => {
  // Stringified twice over, because JSON has a text "-0" but no value that gives it.
  const plain = fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)));
  fc.assert(fc.property(plain, (value) => {
    fc.pre(!JSON.stringify(value).includes("__proto__"));
    const text = superjsonCodec.encode(value);
    if (!isEnvelope(value)) assertEquals(text, JSON.stringify(value));
    assertEquals(superjsonCodec.decode(text), value);
  }));
});

function isEnvelope(value: unknown): boolean {
  return typeof value === "object" && value !== null && "json" in value;
}

Deno.test("superjsonCodec brings back a plain value that looks like its own document", () => {
  for (const value of [{ json: 1 }, { json: { json: 2 }, meta: { values: ["Date"] } }]) {
    assertEquals(roundTrip(value), value);
  }
});

Deno.test("superjsonCodec decodes what other programs write with superjson or JSON", () => {
  const text = '{"json":{"at":"1970-01-01T00:00:00.000Z"},"meta":{"values":{"at":["Date"]}}}';
  assertEquals(superjsonCodec.decode(text), { at: new Date(0) });
  assertEquals(superjsonCodec.decode('{"json":[1]}'), [1]);
  assertEquals(
    superjsonCodec.decode('{"json":[{},{}],"meta":{"referentialEqualities":{"0":["1"]}}}'),
    [
      {},
      {},
    ],
  );
  assertEquals(superjsonCodec.decode(' {"type":"x", "json":1} '), { type: "x", json: 1 });
});

Deno.test("superjsonCodec copies an object that occurs twice", () => {
  const shared = { since: new Date(3) };
  assertEquals(roundTrip({ a: shared, b: shared }), { a: shared, b: shared });
});

Deno.test("superjsonCodec refuses to encode what would arrive changed", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = { cycle };
  class Plug {}
  const sparse = [1];
  sparse[2] = 3;
  const refused = [
    cycle,
    new Map([[1, cycle]]),
    () => 1,
    Symbol("a"),
    { deep: [{ f: () => 1 }] },
    new Plug(),
    new Uint8Array(2),
    /a/,
    new Date(NaN),
    sparse,
    JSON.parse('{"__proto__":1}'),
    { constructor: 1n },
    JSON.parse("[".repeat(200) + "]".repeat(200)),
  ];
  for (const value of refused) assertThrows(() => superjsonCodec.encode(value), CodecError);
});

Deno.test("superjsonCodec gives a value or a CodecError for any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), decodeOrRefuse));
  fc.assert(fc.property(fc.json(), decodeOrRefuse));
});

Deno.test("superjsonCodec gives a value or a CodecError for any annotations", () => {
  const type = fc.constantFrom("Date", "map", "set", "bigint", "Error", "URL", "number", "x");
  const path = fc.constantFrom(
    "a",
    "0",
    "a.0",
    "0.1",
    "length",
    "9".repeat(10),
    "__proto__",
    "a\\",
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.tuple(type),
      fc.jsonValue(),
      fc.tuple(type, tie("tree")),
      fc.dictionary(path, tie("tree"), { maxKeys: 3 }),
    ),
  }));
  const json = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(path, fc.jsonValue()),
    fc.array(fc.tuple(fc.jsonValue(), fc.jsonValue())),
  );
  fc.assert(
    fc.property(json, tree, (json, values) => {
      decodeOrRefuse(JSON.stringify({ json, meta: { values, v: 1 } }));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("superjsonCodec refuses annotations that ask for much or point nowhere", () => {
  const documents = [
    '{"json":1000000000,"meta":{"values":[["typed-array","Float64Array"]]}}',
    '{"json":"/(a+)+$/","meta":{"values":["regexp"]}}',
    '{"json":[],"meta":{"values":{"4294967294":["undefined"]}}}',
    '{"json":[],"meta":{"values":{"length":["number"]}}}',
    '{"json":{},"meta":{"values":{"constructor.prototype.polluted":["Date"]}}}',
    '{"json":{},"meta":{"values":["constructor"]}}',
    '{"json":{},"meta":{"values":7}}',
    '{"json":{},"meta":{"v":2}}',
    '{"json":{},"meta":[]}',
  ];
  for (const text of documents) assertThrows(() => superjsonCodec.decode(text), CodecError);
});

Deno.test("superjsonCodec refuses a key __proto__, however it is written", () => {
  for (const key of ["__proto__", "\\u005f_proto__", "_\\u005Fproto__"]) {
    assertThrows(() => superjsonCodec.decode(`{"a":[{"${key}":{"polluted":1}}]}`), CodecError);
    assertThrows(() => superjsonCodec.decode(`{"json":{"${key}":{"x":1}}}`), CodecError);
  }
  assertEquals(superjsonCodec.decode('["__proto__"]'), ["__proto__"]);
  assertStrictEquals(Reflect.get({}, "polluted"), undefined);
});

Deno.test("superjsonCodec refuses a nesting of 100,000", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  assertThrows(() => superjsonCodec.decode(deep), CodecError, "nests deeper");
  assertThrows(() => superjsonCodec.decode(`{"json":${deep}}`), CodecError, "nests deeper");
});
