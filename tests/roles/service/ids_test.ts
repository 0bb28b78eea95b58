import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { emptyRegistry } from "../../../roles/manager/memory/registry.ts";
import { isUnheardID, noteServiceID } from "../../../roles/manager/memory/service_ids.ts";

Deno.test("isUnheardID() says of every number whether noteServiceID() had it", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), (ids) => {
    const registry = emptyRegistry();
    for (const id of ids) noteServiceID(registry, id);
    assertEquals(registry.lastServiceID, Math.max(0, ...ids));
    for (let id = 1; id <= 45; id += 1) assertEquals(isUnheardID(registry, id), !ids.includes(id));
  }));
});

Deno.test("isUnheardID() takes a number that is far ahead for an invention", () => {
  const registry = emptyRegistry();
  noteServiceID(registry, 7);
  assertEquals(isUnheardID(registry, 1_000_000_000_007), true);
  assertEquals(isUnheardID(registry, 1_000_000_000_008), false);
  assertEquals(isUnheardID(registry, Number.MAX_SAFE_INTEGER), false);
});

Deno.test("noteServiceID() remembers the newest ranges, and counts on from the highest", () => {
  const registry = emptyRegistry();
  for (let id = 2; id <= 30_000; id += 2) noteServiceID(registry, id);
  assertEquals(registry.unheardIDs.length, 10_000);
  assertEquals([isUnheardID(registry, 1), isUnheardID(registry, 29_999)], [false, true]);
  assertEquals(registry.lastServiceID, 30_000);
});
