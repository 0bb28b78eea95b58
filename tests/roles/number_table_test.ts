import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { NumberTable } from "../../roles/number_table.ts";

type Step = readonly ["set" | "delete", number];

Deno.test("NumberTable holds what a Map would hold, whatever is put in and taken out", () => {
  const step: fc.Arbitrary<Step> = fc.tuple(
    fc.constantFrom("set" as const, "delete" as const),
    // Few homes for many numbers, so that they are in each other's way.
    fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 }).map((n) => 16 * n)),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const table = new NumberTable<string>();
    const map = new Map<number, string>();
    for (const [index, [kind, key]] of steps.entries()) {
      if (kind === "delete") assertEquals(table.delete(key), map.delete(key));
      else {
        table.set(key, `${index}`);
        map.set(key, `${index}`);
      }
      assertEquals(table.size, map.size);
      assertEquals(table.get(key), map.get(key));
    }
    assertEquals(new Map(table.entries()), map);
    assertEquals(table.values().sort(), [...map.values()].sort());
    table.clear();
    assertEquals([table.size, table.entries()], [0, []]);
  }));
});

Deno.test("NumberTable takes numbers beyond 32 bits, and rising ones without growing", () => {
  const table = new NumberTable<number>();
  for (let key = 2 ** 31 - 5; key < 2 ** 31 + 5; key += 1) table.set(key, -key);
  for (let key = 2 ** 31 - 5; key < 2 ** 31 + 5; key += 1) assertEquals(table.get(key), -key);
  for (const key of [2 ** 40, 2 ** 53 - 1]) {
    table.set(key, key);
    assertEquals(table.get(key), key);
  }
});
