import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { LineReader, type LineReaderOptions } from "../../transports/lines.ts";

const encoder = new TextEncoder();

class Reading {
  readonly values: unknown[] = [];
  readonly malformed: string[] = [];
  readonly refused: string[] = [];
  readonly reader: LineReader;

  constructor(options: LineReaderOptions = {}) {
    this.reader = new LineReader(options, {
      received: (value) => this.values.push(value),
      malformed: (reason) => this.malformed.push(reason),
      refused: (reason) => this.refused.push(reason),
    });
  }

  push(...parts: (string | number[])[]): this {
    for (const part of parts) {
      this.reader.push(typeof part === "string" ? encoder.encode(part) : new Uint8Array(part));
    }
    return this;
  }
}

/** Pushes the bytes in chunks of the given sizes, in one buffer that is reused as a socket does. */
function pushChunked(reading: Reading, bytes: Uint8Array, sizes: number[]): void {
  const buffer = new Uint8Array(Math.max(1, ...sizes, bytes.length));
  let start = 0;
  for (const size of [...sizes, bytes.length]) {
    const part = bytes.subarray(start, start + size);
    buffer.set(part);
    reading.reader.push(buffer.subarray(0, part.length));
    start += part.length;
  }
}

const chunkSizes = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 200 });

Deno.test("LineReader gives the same values however its input is cut", () => {
  const document = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("__proto__"));
  const end = fc.constantFrom("\n", "\r\n", "\n\n");
  fc.assert(fc.property(fc.array(fc.tuple(document, end)), chunkSizes, (lines, sizes) => {
    const texts = lines.map(([value]) => JSON.stringify(value));
    const input = lines.map(([, lineEnd], index) => `${texts[index]}${lineEnd}`).join("");
    const reading = new Reading();
    pushChunked(reading, encoder.encode(input), sizes);
    reading.reader.end();
    assertEquals(reading.values, texts.map((text): unknown => JSON.parse(text)));
    assertEquals([...reading.malformed, ...reading.refused], []);
  }));
});

Deno.test("LineReader says the same of garbage however it is cut, and never throws", () => {
  const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(10, 13, 34, 91, 0xef));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 300 }), chunkSizes, (garbage, sizes) => {
      const bytes = new Uint8Array(garbage);
      const [whole, cut] = [new Reading({ lineBytesMax: 16 }), new Reading({ lineBytesMax: 16 })];
      pushChunked(whole, bytes, []);
      pushChunked(cut, bytes, sizes);
      assertEquals(cut.values, whole.values);
      assertEquals(cut.malformed, whole.malformed);
      assertEquals(cut.refused, whole.refused);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("LineReader refuses a line of 100 MB without end and keeps its memory bounded", () => {
  const reading = new Reading();
  const chunk = new Uint8Array(64 * 1024).fill(0x61);
  const before = Deno.memoryUsage();
  for (let sent = 0; sent < 100 * 1024 * 1024; sent += chunk.length) reading.reader.push(chunk);
  const after = Deno.memoryUsage();
  assertEquals(reading.refused, ["a line is longer than 1048576 bytes"]);
  assertLess(after.external + after.heapUsed - before.external - before.heapUsed, 32 * 1024 * 1024);
  reading.push("\n1\n").reader.end();
  assertEquals([reading.values, reading.malformed], [[], []]);
});

Deno.test("LineReader takes a line of exactly the bound and refuses one byte more", () => {
  const fits = new Reading({ lineBytesMax: 10 }).push('"12345678"\n"12345678"\n');
  assertEquals(fits.values.length, 2);
  assertEquals(fits.refused.length, 0);
  const pieces = new Reading({ lineBytesMax: 10 }).push('"1234', '5678"', "\n");
  assertEquals(pieces.values, ["12345678"]);
  const long = new Reading({ lineBytesMax: 10 }).push('1\n"123456789"\n2\n');
  assertEquals(long.values, [1]);
  assertEquals(long.refused.length, 1);
  const bytes = new Reading({ lineBytesMax: 10 }).push('"ääääé"\n');
  assertEquals(bytes.refused.length, 1, "the bound counts bytes, not characters");
});

Deno.test("LineReader drops a line that is not UTF-8 and goes on", () => {
  const reading = new Reading().push("1\n", [0x22, 0xff, 0x22, 0x0a], "2\n", [0xc3], "\n3\n");
  assertEquals(reading.values, [1, 2, 3]);
  assertEquals(reading.malformed.length, 2);
  assertStringIncludes(reading.malformed[0] ?? "", "not UTF-8");
  const together = new Reading().push([0x31, 10, 0xff, 10, 0x32, 10, 0xc0, 0x80, 10, 0x33, 10]);
  assertEquals(together.values, [1, 2, 3]);
  assertEquals(together.malformed.length, 2);
});

Deno.test("LineReader drops a line that is not JSON and goes on", () => {
  const reading = new Reading().push('{"a":1}\n{a\n[1,\n{"b":2}\n\ufeff1\n   \n');
  assertEquals(reading.values, [{ a: 1 }, { b: 2 }]);
  assertEquals(reading.malformed.length, 4);
  const first = new Reading().push("\ufeff1\n");
  assertEquals([first.values, first.malformed.length], [[], 1], "no byte order mark vanishes");
});

Deno.test("LineReader refuses a nesting of 100,000 but not brackets in a string", () => {
  const reading = new Reading();
  reading.push("[".repeat(100_000) + "]".repeat(100_000) + "\n");
  reading.push('{"a":'.repeat(100_000) + "1" + "}".repeat(100_000) + "\n");
  assertEquals(reading.malformed.length, 2);
  assertStringIncludes(reading.malformed[0] ?? "", "nests deeper");
  const brackets = '\\"'.repeat(9) + "[{".repeat(5000);
  reading.push(JSON.stringify([brackets, brackets]) + "\n", "[" + "[],".repeat(5000) + "0]\n");
  assertEquals(reading.malformed.length, 2);
  assertEquals(reading.values.length, 2);
});

Deno.test("LineReader says that its input ended inside a line", () => {
  const reading = new Reading().push('1\n{"a"');
  reading.reader.end();
  assertEquals(reading.values, [1]);
  assertEquals(reading.malformed, ["the input ended inside a line, after 4 bytes of it"]);
});

Deno.test("LineReader says nothing more once it is stopped, even inside a chunk", () => {
  const values: unknown[] = [];
  const reader = new LineReader({}, {
    received: (value) => {
      values.push(value);
      if (value === 2) reader.stop();
    },
    malformed: () => assert(false),
    refused: () => assert(false),
  });
  reader.push(encoder.encode("1\n2\n3\n{\n4"));
  reader.push(encoder.encode("\n5\n"));
  reader.end();
  assertEquals(values, [1, 2]);
});
