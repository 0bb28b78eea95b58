import { assert, assertEquals } from "@std/assert";
import { Random } from "./random.ts";
import { simulate } from "./simulation.ts";
import { Timeline } from "./timeline.ts";
import { findDifference } from "./checkers/difference.ts";

Deno.test("simulate() repeats a run from its seed", () => {
  const trace = (lines: string[]) => ({
    trace: (...transition: unknown[]) => void lines.push(JSON.stringify(transition)),
  });
  const first: string[] = [];
  const second: string[] = [];
  const reports = [simulate(7, trace(first)), simulate(7, trace(second))];
  assertEquals(reports[0], reports[1]);
  assertEquals(first, second);
  assert(first.length > 1_000);
});

Deno.test("Timeline.runUntil() lets things happen in the order of their time", () => {
  const timeline = new Timeline();
  const random = new Random(1);
  const expected: number[] = [];
  const seen: number[] = [];
  for (let index = 0; index < 200; index += 1) {
    const delayMs = random.whole(0, 50);
    expected.push(delayMs * 1_000 + index);
    timeline.after(delayMs, () => seen.push(delayMs * 1_000 + index));
  }
  timeline.runUntil(100, () => false);
  assertEquals(seen, expected.sort((left, right) => left - right));
  assertEquals(timeline.nowMs, 100);
});

Deno.test("Random gives the same numbers for the same seed, and others for another", () => {
  const draw = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 50 }, () => random.whole(0, 1_000));
  };
  assertEquals(draw(4), draw(4));
  assert(findDifference(draw(4), draw(5)) !== undefined);
});

Deno.test("findDifference() names the first place that differs", () => {
  const value = (last: number) => new Map([["a", { list: [1, 2, last], set: new Set([last]) }]]);
  assertEquals(findDifference(value(3), value(3)), undefined);
  assertEquals(findDifference(value(3), value(4)), ".a.list.2: 3 is not 4");
  assertEquals(
    findDifference(new Set([1]), new Set([1, 2])),
    ": has 1 entries where the other has 2",
  );
  assertEquals(findDifference({ a: 1, b: undefined }, { a: 1 }), undefined);
});
