import { assert, assertEquals, assertMatch } from "@std/assert";
import { withWorld } from "./with_hosts.ts";

Deno.test("hosts: a request goes from host to host, and to the next", async () => {
  await withWorld(async (world) => {
    await world.startAll({ a1: { front: { plugs: ["back"] } }, a2: { back: {} } });
    const answer = await world.ask("/front");
    assertMatch(answer.text, /^front \d+, back \d+$/);
    assertEquals(answer.status, 200);
    const { instances } = await world.state();
    const places = instances.items.map(({ service, agent }) => `${service} on ${agent}`);
    assertEquals(places.filter((place) => !place.startsWith("gateway")).sort(), [
      "back on a2",
      "front on a1",
    ]);
    assert(places.includes("gateway on a1") && places.includes("gateway on a2"), String(places));
  });
});
