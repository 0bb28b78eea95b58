import { assertEquals } from "@std/assert";
import { DRAIN_CASES } from "./cases.ts";

for (const { title, run } of DRAIN_CASES) {
  Deno.test(`no request fails, and nothing in flight is cut: ${title}`, async () => {
    const { sent, done, failures } = await run({ perSecond: 100, requests: 100 });
    assertEquals([failures, done], [{}, sent]);
  });
}
