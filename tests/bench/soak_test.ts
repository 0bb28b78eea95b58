import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { patternOf, patternStream, readPattern } from "../../bench/soak/pattern.ts";
import { Tally } from "../../bench/soak/tally.ts";
import { chooseWork, WORKS } from "../../bench/soak/works.ts";

Deno.test("readPattern() tells a pattern from everything else", async () => {
  const sizes = { bytes: 10_000, pieceBytes: 999 };
  assertEquals(await readPattern(7, patternStream(7, sizes)), { bytes: 10_000, isRight: true });
  assert(!(await readPattern(8, patternStream(7, sizes))).isRight);
  const wrong = patternOf(7, { from: 0, bytes: 10_000 });
  wrong[9_999] = 1 + (wrong[9_999] ?? 0);
  assert(!(await readPattern(7, new Blob([wrong]).stream())).isRight);
  const short = patternOf(7, { from: 0, bytes: 5_000 });
  assertEquals((await readPattern(7, new Blob([short]).stream())).bytes, 5_000);
});

Deno.test("chooseWork() chooses every kind of work", () => {
  const chosen = new Set(Array.from({ length: 5_000 }, () => chooseWork()?.name));
  assertEquals(chosen, new Set(WORKS.map(({ name }) => name)));
});

Deno.test("Tally counts outcomes by work, and keeps the first wrong answers", () => {
  const tally = new Tally();
  tally.add("GET", "right", 10);
  tally.add("GET", "right", 20);
  tally.add("POST", "refused", 5);
  for (let at = 0; at < 100; at += 1) tally.addWrong("GET", `answer ${at}`);
  assertEquals([tally.count("GET", "right"), tally.count("POST", "refused")], [2, 1]);
  assertEquals([tally.wrongCount, tally.wrong[0], tally.wrong.length], [100, "GET: answer 0", 20]);
  assertStringIncludes(tally.table(), "GET   2      0        0       15.0 ms");
});
