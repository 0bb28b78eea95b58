import { assertEquals, assertThrows } from "@std/assert";
import { plug } from "../../../runtime/service/calls/plug.ts";

Deno.test("plug() takes deadlines above 0, and says which one is none", () => {
  assertEquals(plug("counter", { connectMs: 1, retry: false }).service, "counter");
  for (const firstByteMs of [0, -1, NaN, Infinity]) {
    assertThrows(
      () => plug("counter", { firstByteMs }),
      TypeError,
      `Cannot plug "counter": firstByteMs must be above 0, found ${firstByteMs}`,
    );
  }
});
