import {
  assert,
  assertEquals,
  assertExists,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
  unreachable,
} from "@std/assert";

Deno.test("the assertion shim lets through what holds", async () => {
  const maybe: { text?: string } = { text: "ab" };
  assert(maybe.text !== undefined);
  assertEquals(maybe.text.length, 2);
  assertExists(maybe.text);
  assertNotEquals([1], [2]);
  assertStrictEquals(maybe, maybe);
  assertInstanceOf(new TypeError("a"), Error);
  assertMatch("ab", /^a/);
  assertStringIncludes("abc", "bc");
  assertGreater(2, 1);
  assertGreaterOrEqual(2, 2);
  assertLess(1, 2);
  assertLessOrEqual(2, 2);
  const thrown = assertThrows(() => JSON.parse("{"), SyntaxError);
  assertEquals(thrown.name, "SyntaxError");
  const rejected = await assertRejects(
    () => Promise.reject(new RangeError("far")),
    RangeError,
    "f",
  );
  assertEquals(rejected.message, "far");
});

Deno.test("the assertion shim throws AssertionError for what does not hold", async () => {
  const failures: (() => void)[] = [
    () => assert(0),
    () => assertEquals({ a: 1 }, { a: 2 }),
    () => assertExists(null),
    () => assertNotEquals(1, 1),
    () => assertStrictEquals({}, {}),
    () => assertInstanceOf(1, Error),
    () => assertMatch("ab", /^b/),
    () => assertStringIncludes("abc", "x"),
    () => assertGreater(1, 1),
    () => assertGreaterOrEqual(0, 1),
    () => assertLess(1, 1),
    () => assertLessOrEqual(2, 1),
    () => assertThrows(() => 1),
    () => fail("no"),
    () => unreachable(),
  ];
  for (const failure of failures) assertThrows(failure, AssertionError);
  await assertRejects(() => assertRejects(() => Promise.resolve()), AssertionError);
});
