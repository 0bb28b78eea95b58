import { assert, assertEquals, assertMatch } from "@std/assert";
import type { StateView } from "../../runtime/admin/views/view.ts";
import type { Services } from "./worlds/world.ts";
import { withWorld } from "./worlds/with_hosts.ts";

const LOAD = { perSecond: 100, deadlineMs: 20_000 } as const;

/** How many running instances of a service each agent has. */
function countsOf({ instances }: StateView, service: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { agent, state, service: its } of instances.items) {
    if (its !== service || state !== "running") continue;
    counts[agent] = (counts[agent] ?? 0) + 1;
  }
  return counts;
}

Deno.test("hosts: an agent is drained, and used again, without a failed request", async () => {
  await withWorld(async (world) => {
    const services: Services = { front: { plugs: ["back"] }, back: {} };
    await world.startAll({ a1: services, a2: services });
    await world.ask("/front");
    // The gateway of the other host goes on; each gateway is one of the host that it comes to.
    await world.user.beginLoad({
      urls: [world.url("/front", "g2"), world.url("/back", "g2")],
      ...LOAD,
    });
    await world.user.sendMore(100);
    for (const [full, other] of [["a1", "a2"], ["a2", "a1"]]) {
      const { status, text } = await world.admin(`/v1/agents/${full}/drain`, {});
      assertEquals(status, 200, text);
      const state = await world.state();
      for (const service of ["front", "back"]) {
        const counts = countsOf(state, service);
        assert(counts[`${full}`] === undefined, `${service} ${JSON.stringify(counts)}`);
        assert((counts[`${other}`] ?? 0) > 0, `${service} ${JSON.stringify(counts)}`);
      }
      await world.user.sendMore(100);
      assertEquals((await world.admin(`/v1/agents/${full}/undrain`, {})).status, 200);
    }
    const { failures, sent, done } = await world.user.endLoad();
    assertEquals([failures, done], [{}, sent]);
  });
});

Deno.test("hosts: services go where their labels and their placement say", async () => {
  await withWorld(async (world) => {
    const services: Services = {
      front: { plugs: ["back"], labels: { zone: "north" } },
      back: { labels: { disk: "fast" } },
    };
    await world.startManager();
    await world.startAgent("a1", { services, flags: ["--label", "disk=fast"] });
    await world.startAgent("a2", { services, flags: ["--label", "zone=north"] });
    await world.startGateway("g1");
    assertEquals((await world.ask("/front")).status, 200);
    const state = await world.state();
    assertEquals([countsOf(state, "front"), countsOf(state, "back")], [{ a2: 1 }, { a1: 1 }]);
  });
});

Deno.test("hosts: services are spread over hosts, or packed onto few", async () => {
  await withWorld(async (world) => {
    const places: Record<string, string[]> = {};
    for (const placement of ["spread", "pack"]) {
      const services: Services = {
        front: { plugs: ["back"], placement },
        back: { placement },
      };
      await world.startAll({ a1: services, a2: services });
      assertEquals((await world.ask("/front")).status, 200);
      const { instances } = await world.state();
      const launched = instances.items.filter((one) => one.launched);
      places[placement] = [...new Set(launched.map(({ agent }) => agent))];
      for (const name of ["g1", "g2", "a1", "a2", "manager"]) {
        await world.program(name).end("SIGTERM");
      }
    }
    assertEquals([places.spread?.length, places.pack?.length], [2, 1]);
  });
});

Deno.test("hosts: a service that is edited is replaced without a failed request", async () => {
  await withWorld(async (world) => {
    const entry = `${world.folder}/back.ts`;
    const write = (text: string) =>
      Deno.writeTextFile(entry, `export default { fetch: () => new Response("${text}") };`);
    await write("old");
    await world.startAll({ a1: { front: { plugs: ["back"] } }, a2: { back: { entry } } });
    assertMatch((await world.ask("/front")).text, /old$/);
    await world.user.beginLoad({ urls: [world.url("/front")], ...LOAD });
    await world.user.sendMore(50);
    const place = world.manager.place;
    await write("new");
    await world.manager.event("instanceEnded", { service: "back" }, place);
    assertMatch((await world.ask("/front")).text, /new$/);
    await world.user.sendMore(50);
    const { failures, sent, done } = await world.user.endLoad();
    assertEquals([failures, done], [{}, sent]);
    assertEquals(countsOf(await world.state(), "back"), { a2: 1 });
  });
});
