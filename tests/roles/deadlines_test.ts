import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  clearDeadline,
  emptyDeadlines,
  hasDeadline,
  nextDeadlineMs,
  setDeadline,
  takeDue,
} from "../../roles/deadlines.ts";

Deno.test("takeDue() gives keys in the order of their times, and none before its time", () => {
  const deadlines = emptyDeadlines<string>();
  setDeadline(deadlines, "b", 20);
  setDeadline(deadlines, "a", 10);
  setDeadline(deadlines, "c", 30);
  assertEquals(nextDeadlineMs(deadlines), 10);
  assertEquals(takeDue(deadlines, 9), undefined);
  assertEquals([takeDue(deadlines, 20), takeDue(deadlines, 20)], ["a", "b"]);
  assertEquals(takeDue(deadlines, 20), undefined);
  assertEquals(nextDeadlineMs(deadlines), 30);
});

Deno.test("setDeadline() moves the deadline that a key has, in both directions", () => {
  const deadlines = emptyDeadlines<string>();
  setDeadline(deadlines, "a", 10);
  setDeadline(deadlines, "b", 20);
  setDeadline(deadlines, "a", 30);
  assertEquals(nextDeadlineMs(deadlines), 20);
  setDeadline(deadlines, "a", 5);
  assertEquals(nextDeadlineMs(deadlines), 5);
  assertEquals(deadlines.heap.length, 2);
});

Deno.test("clearDeadline() takes a key away once, and minds no key that is not there", () => {
  const deadlines = emptyDeadlines<string>();
  setDeadline(deadlines, "a", 10);
  clearDeadline(deadlines, "b");
  assertEquals(hasDeadline(deadlines, "a"), true);
  clearDeadline(deadlines, "a");
  clearDeadline(deadlines, "a");
  assertEquals(hasDeadline(deadlines, "a"), false);
  assertEquals(nextDeadlineMs(deadlines), undefined);
});

const operation = fc.oneof(
  fc.record({ kind: fc.constant("set"), key: fc.nat(20), timeMs: fc.nat(50) }),
  fc.record({ kind: fc.constant("clear"), key: fc.nat(20), timeMs: fc.constant(0) }),
  fc.record({ kind: fc.constant("take"), key: fc.constant(0), timeMs: fc.nat(50) }),
);

Deno.test("deadlines do what a sorted list would do, in any order of calls", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const deadlines = emptyDeadlines<number>();
      const model = new Map<number, number>();
      for (const { kind, key, timeMs } of operations) {
        if (kind === "set") {
          setDeadline(deadlines, key, timeMs);
          model.set(key, timeMs);
        } else if (kind === "clear") {
          clearDeadline(deadlines, key);
          model.delete(key);
        } else {
          const soonestMs = Math.min(...model.values());
          const taken = takeDue(deadlines, timeMs);
          assertEquals(taken !== undefined, soonestMs <= timeMs);
          if (taken === undefined) continue;
          assertEquals(model.get(taken), soonestMs);
          model.delete(taken);
        }
        const soonestMs = model.size === 0 ? undefined : Math.min(...model.values());
        assertEquals(nextDeadlineMs(deadlines), soonestMs);
        assertEquals(deadlines.heap.length, model.size);
        for (const one of model.keys()) assertEquals(hasDeadline(deadlines, one), true);
      }
    }),
    { numRuns: 300 },
  );
});
