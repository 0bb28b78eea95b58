import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { formatPath, JsonTextError, parseJsonText } from "../../../runtime/config/json_text.ts";

/** The mistake in a text, as an editor would show it. */
function mistakeIn(text: string): string {
  const error = assertThrows(() => parseJsonText(text), JsonTextError);
  return `${error.position.line}:${error.position.column} ${error.message}`;
}

Deno.test("parseJsonText() reads what JSON.parse() reads", () => {
  fc.assert(fc.property(fc.json({ maxDepth: 6 }), (text) => {
    if (text.includes('"__proto__"')) return;
    assertEquals(parseJsonText(text).value, JSON.parse(text));
    const indented = JSON.stringify(JSON.parse(text), null, 2);
    assertEquals(parseJsonText(`\uFEFF${indented}\r\n`).value, JSON.parse(text));
  }));
});

Deno.test("parseJsonText() refuses what JSON.parse() refuses, with its own error", () => {
  const almostJson = fc.stringMatching(/^[[\]{}",:\\0-9eEtrufalsn .+-]*$/);
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), almostJson), (text) => {
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        assertThrows(() => parseJsonText(text), JsonTextError);
        return;
      }
      assertEquals(parseJsonText(text).value, expected);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("parseJsonText() says where a mistake is and what was expected", () => {
  assertEquals(mistakeIn(""), "1:1 expected a value, found the end of the document");
  assertEquals(mistakeIn('{\n  "a": tru\n}'), '2:8 expected a value, found "tru"');
  assertEquals(mistakeIn('{\n  "a" 1 }'), '2:7 expected ":" after the key "a", found "1"');
  assertEquals(mistakeIn('{"a": 1 "b": 2}'), '1:9 expected "," or "}", found "\\""');
  assertEquals(mistakeIn("{a: 1}"), '1:2 expected a key in double quotes, found "a"');
  assertEquals(mistakeIn("[1] []"), '1:5 expected the end of the document, found "["');
  assertEquals(mistakeIn('["a\nb"]'), '1:2 expected the closing " of a text on the same line');
});

Deno.test("parseJsonText() names the usual slips", () => {
  assertEquals(mistakeIn('{"a": 1,\n}'), '2:1 the comma before "}" is one too many');
  assertEquals(mistakeIn("[1, ]"), '1:5 the comma before "]" is one too many');
  assertEquals(mistakeIn("{ // hello\n}"), "1:3 comments are not allowed in JSON");
  assertEquals(
    mistakeIn('["C:\\data"]'),
    '1:5 unknown escape after "\\" in a text, did you mean "\\\\"',
  );
  assertEquals(mistakeIn('{"__proto__": 1}'), '1:2 the key "__proto__" is not allowed');
});

Deno.test("parseJsonText() refuses a document that is nested too deep, however deep", () => {
  assertEquals(mistakeIn("[".repeat(100_000)).endsWith("nested deeper than 32 levels"), true);
});

Deno.test("parseJsonText() remembers positions and keys that stand twice", () => {
  const { positions, repeated } = parseJsonText('{\n  "a": [1,\n 2],\n  "a": {"b": 3}\n}');
  assertEquals(positions.get("a[1]"), { line: 3, column: 2 });
  assertEquals(positions.get("a.b"), { line: 4, column: 9 });
  assertEquals(repeated, [{ path: ["a"], position: { line: 4, column: 3 } }]);
});

Deno.test("formatPath() writes a path as JavaScript would", () => {
  assertEquals(formatPath([]), "");
  assertEquals(formatPath(["services", "greeter", "plugs", 0]), "services.greeter.plugs[0]");
  assertEquals(formatPath(["routes", "/api", "service"]), 'routes["/api"].service');
});
