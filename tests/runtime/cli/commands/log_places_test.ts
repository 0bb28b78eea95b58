import { assertEquals } from "@std/assert";
import { LogPlaces } from "../../../../runtime/cli/commands/look/log_places.ts";

/** The times of those lines of an instance that are shown. */
function shown(places: LogPlaces, instance: number, times: readonly number[]): number[] {
  return times.filter((atMs) => places.take({ instance, atMs }));
}

Deno.test("LogPlaces shows each line once, though they come again", () => {
  const places = new LogPlaces(1_000);
  assertEquals(shown(places, 1, [1_010, 1_020, 1_020]), [1_010, 1_020, 1_020]);
  assertEquals(shown(places, 2, [1_015]), [1_015]);
  assertEquals(places.resume(), 1_015);
  // The third line of that time was written while nobody was told.
  assertEquals(shown(places, 1, [1_010, 1_020, 1_020, 1_020, 1_030]), [1_020, 1_030]);
  assertEquals(shown(places, 2, [1_015, 1_040]), [1_040]);
  assertEquals(shown(places, 3, [1_016]), [1_016]);
});

Deno.test("LogPlaces shows what is new whatever the clock of an agent does", () => {
  const places = new LogPlaces(1_000);
  assertEquals(shown(places, 1, [1_020, 1_010, 1_010]), [1_020, 1_010, 1_010]);
  assertEquals(places.resume(), 1_010);
  assertEquals(shown(places, 1, [1_010, 1_010, 1_011, 1_005]), [1_011, 1_005]);
});

Deno.test("LogPlaces misses nothing from its start on when nothing was shown", () => {
  assertEquals(new LogPlaces(1_000).resume(), 1_000);
});

Deno.test("LogPlaces forgets who was silent for longest", () => {
  const places = new LogPlaces(0);
  for (let instance = 1; instance <= 1_001; instance += 1) shown(places, instance, [instance]);
  assertEquals(places.resume(), 2);
});
