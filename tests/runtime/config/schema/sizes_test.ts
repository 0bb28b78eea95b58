import { assertEquals, assertThrows } from "@std/assert";
import { parseSize } from "../../../../runtime/config/schema/sizes.ts";

Deno.test("parseSize() reads a number with a unit, in thousands or in powers of two", () => {
  const sizes = { "0B": 0, "1 kB": 1_000, "64KiB": 65_536, "1.5MiB": 1_572_864, " 2 GB ": 2e9 };
  for (const [text, bytes] of Object.entries(sizes)) assertEquals(parseSize(text), bytes, text);
});

Deno.test("parseSize() refuses everything else, and says what was expected", () => {
  for (const text of ["", "10", "10 mb", "-1B", "1e3B", "10MiBs", "MB", `${"9".repeat(99)}GiB`]) {
    assertThrows(() => parseSize(text), SyntaxError, "64KiB");
  }
});
