import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  DURATION_MAX_MS,
  formatDuration,
  parseDuration,
} from "../../../../runtime/config/schema/durations.ts";

Deno.test("parseDuration() reads every unit and sums them", () => {
  assertEquals(parseDuration("500ms"), 500);
  assertEquals(parseDuration("30s"), 30_000);
  assertEquals(parseDuration("1m30s"), 90_000);
  assertEquals(parseDuration(" 2h "), 7_200_000);
  assertEquals(parseDuration("1d 2h 3m 4s 5ms"), 93_784_005);
  assertEquals(parseDuration("0s"), 0);
});

Deno.test("parseDuration() asks for a unit and proposes one", () => {
  assertThrows(() => parseDuration("30"), SyntaxError, 'did you mean "30s"');
});

Deno.test("parseDuration() says what a duration looks like when it gets something else", () => {
  for (const text of ["", "soon", "-5s", "1e3s", "5 s", "s", "1w", "1s,2ms"]) {
    assertThrows(() => parseDuration(text), SyntaxError, 'such as "500ms"');
  }
  assertThrows(() => parseDuration("30s1m"), SyntaxError, "largest to the smallest");
  assertThrows(() => parseDuration("1s1s"), SyntaxError, "each once");
  assertThrows(() => parseDuration("1s".repeat(100)), SyntaxError, "at most 64");
});

Deno.test("parseDuration() refuses a duration outside its bounds, which it names", () => {
  const bounds = { minMs: 1_000, maxMs: 60_000 };
  assertEquals(parseDuration("1s", bounds), 1_000);
  assertEquals(parseDuration("1m", bounds), 60_000);
  assertThrows(() => parseDuration("999ms", bounds), RangeError, "between 1s and 1m");
  assertThrows(() => parseDuration("61s", bounds), RangeError, "between 1s and 1m");
  assertEquals(parseDuration("365d"), DURATION_MAX_MS);
  assertThrows(() => parseDuration("366d"), RangeError);
});

Deno.test("parseDuration() returns a bounded whole number or throws one of its two errors", () => {
  const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[\d.smhd ]*$/));
  fc.assert(fc.property(anyText, (text) => {
    try {
      const durationMs = parseDuration(text);
      return Number.isInteger(durationMs) && durationMs >= 0 && durationMs <= DURATION_MAX_MS;
    } catch (error) {
      return error instanceof SyntaxError || error instanceof RangeError;
    }
  }));
});

Deno.test("formatDuration() chooses the units that a person would", () => {
  assertEquals(formatDuration(0), "0ms");
  assertEquals(formatDuration(12.7), "12ms");
  assertEquals(formatDuration(1_000), "1s");
  assertEquals(formatDuration(59_999), "59.9s");
  assertEquals(formatDuration(60_000), "1m");
  assertEquals(formatDuration(185_000), "3m 5s");
  assertEquals(formatDuration(7_200_000), "2h");
  assertEquals(formatDuration(93_784_005), "1d 2h");
});

Deno.test("formatDuration() shows odd numbers without failing", () => {
  assertEquals(formatDuration(-1_500), "-1.5s");
  assertEquals(formatDuration(-0.2), "0ms");
  assertEquals(formatDuration(Infinity), "unknown");
  assertEquals(formatDuration(NaN), "unknown");
});

Deno.test("formatDuration() writes what parseDuration() reads, never longer than it was", () => {
  fc.assert(fc.property(fc.nat({ max: DURATION_MAX_MS }), (durationMs) => {
    const back = parseDuration(formatDuration(durationMs));
    return back <= durationMs && back > durationMs * 0.9 - 1;
  }));
});
