import { assertEquals, assertThrows } from "@std/assert";
import { invariant, InvariantError } from "../../protocol/errors.ts";
import { LIMITS, PLUG_RANGE } from "../../protocol/limits.ts";
import { isName, MANIFEST_DEFAULTS, manifestIn } from "../../protocol/manifest.ts";
import { isDone, STATUS } from "../../protocol/status.ts";

Deno.test("MANIFEST_DEFAULTS closes a connection after 30 s and an instance after 60 s", () => {
  assertEquals(MANIFEST_DEFAULTS.connectionIdleMs, 30_000);
  assertEquals(MANIFEST_DEFAULTS.serviceIdleMs, 60_000);
});

Deno.test("manifestIn() finds what a repository has, and nothing that is inherited", () => {
  assertEquals(manifestIn({ greeter: MANIFEST_DEFAULTS }, "greeter"), MANIFEST_DEFAULTS);
  assertEquals(manifestIn({ greeter: MANIFEST_DEFAULTS }, "counter"), undefined);
  assertEquals(manifestIn({}, "constructor"), undefined);
});

Deno.test("isName() takes lower-case letters, digits and dashes, up to the limit", () => {
  for (const name of ["a", "greeter-2", "x".repeat(LIMITS.nameCharacters)]) {
    assertEquals(isName(name), true, name);
  }
  for (const name of ["", "A", "2a", "-a", "a.b", "a/b", "ä", "a\n", " a", 1, null, undefined]) {
    assertEquals(isName(name), false, String(name));
  }
});

Deno.test("PLUG_RANGE stays below the ephemeral ports of every system", () => {
  assertEquals(PLUG_RANGE.first > 1_023, true);
  assertEquals(PLUG_RANGE.last < 32_768, true);
});

Deno.test("isDone() is true for 2xx alone", () => {
  assertEquals([199, 200, 299, 300].map(isDone), [false, true, true, false]);
  const done = Object.values(STATUS).filter(isDone);
  assertEquals(done, [STATUS.done]);
});

Deno.test("invariant() stops with an InvariantError that says what was impossible", () => {
  invariant(true, "not said");
  const error = assertThrows(() => invariant(false, "Cannot be"), InvariantError, "Cannot be");
  assertEquals(error.name, "InvariantError");
});
