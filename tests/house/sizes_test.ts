import { assert, assertEquals } from "@std/assert";
import { ANNEXES, readSources, ROOMS } from "./source_files.ts";
import { findOversizes } from "./syntax.ts";

Deno.test("no file, function or line is longer than the rules of the house allow", async () => {
  const files = await readSources([...ROOMS, ...ANNEXES]);
  assert(files.length > 50);
  assertEquals(files.flatMap(findOversizes), []);
});

Deno.test("findOversizes() finds a file that is too long", () => {
  const text = "export {};\n".repeat(300);
  assertEquals(findOversizes({ path: "a.ts", text }), []);
  assertEquals(findOversizes({ path: "a.ts", text: `${text}\n` }), [
    "a.ts:1: the file has 301 lines, at most 300",
  ]);
});

Deno.test("findOversizes() finds every kind of function that is too long", () => {
  const body = (lines: number) => `{\n${"  x();\n".repeat(lines - 2)}}`;
  const kinds = ["function f() ", "const f = function () ", "const f = () => ", "class A { m() "];
  for (const kind of kinds) {
    const end = kind.startsWith("class") ? " }\n" : "\n";
    const text = (lines: number) => `// — é 😀\n${kind}${body(lines)}${end}`;
    assertEquals(findOversizes({ path: "a.ts", text: text(70) }), [], kind);
    assertEquals(findOversizes({ path: "a.ts", text: text(71) }), [
      "a.ts:2: the function has 71 lines, at most 70",
    ], kind);
  }
});

Deno.test("findOversizes() finds a line that is too long, counted in characters", () => {
  assertEquals(findOversizes({ path: "a.ts", text: `// ${"é".repeat(97)}\n` }), []);
  assertEquals(findOversizes({ path: "a.ts", text: `\n// ${"x".repeat(98)}\n` }), [
    "a.ts:2: the line has 101 characters",
  ]);
});
