import { assert, assertEquals, assertMatch } from "@std/assert";
import type { StateView } from "../../runtime/admin/views/view.ts";
import { withSmallDisk } from "../runtime/manager/small_disk.ts";
import { killManagers } from "./manager_kills.ts";
import { withWorld } from "./worlds/with_hosts.ts";

const LOAD = { perSecond: 200, deadlineMs: 10_000 } as const;

Deno.test("hosts: no request fails while the manager is killed and started again", async () => {
  await withWorld(async (world) => {
    const report = await killManagers(world, { perSecond: LOAD.perSecond, requestsBetween: 300 });
    assertEquals(report.failures, {});
    assertEquals(report.done, report.sent);
  });
});

Deno.test("hosts: no request fails while agents are killed and started again", async () => {
  await withWorld(async (world) => {
    const services = { a1: { front: { plugs: ["back"] } }, a2: { back: {} } };
    await world.startAll(services);
    const { text } = await world.ask("/front");
    const before = await world.until("connections", ({ connections }) => connections.total === 2);
    await world.user.beginLoad({ urls: [world.url("/front")], ...LOAD });
    for (const name of ["a2", "a1"] as const) {
      await world.user.sendMore(200);
      const place = world.manager.place;
      await world.program(name).end("SIGKILL");
      await world.manager.event("agentDisconnected", { agent: name }, place);
      await world.user.sendMore(200);
      await world.startAgent(name, { services: services[name] });
      await world.user.sendMore(200);
    }
    const { failures, sent, done } = await world.user.endLoad();
    assertEquals([failures, done], [{}, sent]);
    // The very same processes answer, by the very same connections.
    assertEquals((await world.ask("/front")).text, text);
    assertEquals(allIn(await world.state()), allIn(before));
  });
});

function allIn({ instances, connections }: StateView): string[] {
  return [
    ...instances.items.map(({ id, service, state }) => `${service} ${id} is ${state}`),
    ...connections.items.map(({ id, state }) => `connection ${id} is ${state}`),
  ].sort();
}

Deno.test("hosts: a manager whose disk is full refuses what is new, and nothing else", async () => {
  await withSmallDisk(async (disk) => {
    await withWorld(async (world) => {
      await world.startAll({ a1: { front: { plugs: ["back"] } }, a2: { back: {} } }, disk.folder);
      assertEquals((await world.ask("/front")).status, 200);
      await world.user.beginLoad({ urls: [world.url("/front")], ...LOAD });
      const place = world.manager.place;
      await disk.fill();
      await world.manager.event("warning", { reason: /^Cannot record: the disk is full/ }, place);
      // The gateway has no connection to this one.
      const refused = await world.ask("/back");
      assertEquals(refused.status, 503);
      assertMatch(refused.text, /Cannot record: the disk is full/);
      assertEquals((await world.admin("/readyz")).status, 503);
      assertMatch((await world.admin("/healthz")).text, /Cannot record: the disk is full/);
      // For longer than an agent waits for a sign of life.
      await world.user.sendMore(1_500);
      await disk.clear();
      await world.manager.event("warning", { reason: /^It is recorded again/ }, place);
      assertEquals((await world.ask("/back")).status, 200);
      const { failures, sent, done } = await world.user.endLoad();
      assertEquals([failures, done], [{}, sent]);
      const printed = world.manager.printed.slice(place).join("\n");
      assert(!printed.includes("agentDisconnected"), printed);
      // What was not recorded in time is there, and what is there can be read again.
      const before = await world.state();
      await world.manager.end("SIGKILL");
      await world.startManager(disk.folder);
      const after = await world.until(
        "agents",
        ({ agents }) => agents.items.every((a) => a.connected),
      );
      assertEquals(allIn(after), allIn(before));
    });
  });
});
