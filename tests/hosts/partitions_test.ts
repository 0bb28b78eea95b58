import { assert, assertEquals, assertMatch } from "@std/assert";
import type { StateView } from "../../runtime/admin/views/view.ts";
import { untilGone } from "../integration/meshes/processes.ts";
import { DEADLINE_MS } from "./worlds/program.ts";
import { withWorld } from "./worlds/with_hosts.ts";

const LOAD = { perSecond: 100, deadlineMs: 10_000 } as const;

/** Where the instances of a service are, and how far they are. */
function placesOf({ instances }: StateView, service: string): string[] {
  return instances.items.filter((one) => one.service === service)
    .map(({ agent, state, id }) => `${id} on ${agent}, ${state}`).sort();
}

/** Where the running instances of a service are. */
function runningOf(state: StateView, service: string): string[] {
  return placesOf(state, service).filter((one) => one.endsWith(", running"))
    .map((one) => one.replace(", running", ""));
}

/** The process that answered. */
function pidIn(text: string): number {
  return Number(/back (\d+)/.exec(text)?.[1]);
}

Deno.test("hosts: what ran on a host that is lost is started on another one", async () => {
  await withWorld(async (world) => {
    // Both could start it; the one that runs nothing yet does.
    await world.startAll({ a1: { front: { plugs: ["back"] }, back: {} }, a2: { back: {} } });
    const { text } = await world.ask("/front");
    const lostPid = pidIn(text);
    assertMatch(runningOf(await world.state(), "back").join(), /^\d+ on a2$/);

    await world.user.beginLoad({ urls: [world.url("/front")], perSecond: 50, deadlineMs: 30_000 });
    const place = world.manager.place;
    const cutMs = performance.now();
    await world.hosts.cut("a2");
    await world.manager.event("agentDisconnected", { agent: "a2" }, place);
    const noticedMs = performance.now() - cutMs;
    assert(noticedMs < 20_000, `noticed after ${noticedMs} ms`);
    await world.manager.event("connectionClosed", { status: 122, destService: "back" }, place);
    const { text: again } = await world.ask("/front");
    assert(pidIn(again) !== lostPid);
    assertMatch(runningOf(await world.state(), "back").join(), /\d+ on a1/);
    // What the lost one had in hand is lost, or sent again; nobody else notices.
    const during = await world.user.endLoad();
    for (const failure of Object.keys(during.failures)) {
      assertMatch(failure, /^502: .*no sign of life/);
    }
    await world.user.beginLoad({ urls: [world.url("/front")], ...LOAD });
    await world.user.sendMore(50);

    // It is given up: what it has can't be used any more when it comes back.
    await world.manager.event("agentLost", { agent: "a2" }, place);
    assertMatch(runningOf(await world.state(), "back").join(), /^\d+ on a1$/);
    const back = world.manager.place;
    await world.hosts.mend("a2");
    await world.manager.event("agentRegistered", { agent: "a2" }, back);
    await untilGone([lostPid], DEADLINE_MS);
    assertEquals(pidIn((await world.ask("/front")).text), pidIn(again));
    assertMatch(runningOf(await world.state(), "back").join(), /^\d+ on a1$/);
    const { failures, sent, done } = await world.user.endLoad();
    assertEquals([failures, done], [{}, sent]);
  });
});

Deno.test("hosts: requests go on while manager and agents do not hear each other", async () => {
  await withWorld(async (world) => {
    await world.startAll({ a1: { front: { plugs: ["back"] } }, a2: { back: {} } });
    assertEquals((await world.ask("/front")).status, 200);
    const isConnected = ({ connections }: StateView) =>
      connections.items.filter(({ state }) => state === "open").length === 2;
    const before = await world.until("the connections", isConnected);

    await world.user.beginLoad({ urls: [world.url("/front")], ...LOAD });
    const place = world.manager.place;
    for (const agent of ["a1", "a2"] as const) await world.hosts.part("manager", agent);
    for (const agent of ["a1", "a2"]) {
      await world.manager.event("agentDisconnected", { agent }, place);
    }
    await world.user.sendMore(100);
    const healed = world.manager.place;
    for (const agent of ["a1", "a2"] as const) await world.hosts.unite("manager", agent);
    for (const agent of ["a1", "a2"]) {
      await world.manager.event("agentRegistered", { agent }, healed);
    }
    await world.user.sendMore(100);
    const { failures, sent, done } = await world.user.endLoad();
    assertEquals([failures, done], [{}, sent]);

    const after = await world.state();
    for (const service of ["front", "back", "gateway"]) {
      assertEquals(placesOf(after, service), placesOf(before, service));
    }
    const idsOf = ({ connections }: StateView) => connections.items.map(({ id }) => id).sort();
    assertEquals(idsOf(after), idsOf(before));
  });
});

Deno.test("hosts: a killed gateway leaves nothing behind, and another one serves", async () => {
  await withWorld(async (world) => {
    await world.startAll({ a1: { front: { plugs: ["back"] } }, a2: { back: {} } });
    for (const gateway of ["g1", "g2"] as const) {
      assertEquals((await world.ask("/front", gateway)).status, 200);
    }
    const before = await world.until(
      "three open connections",
      ({ connections }) => connections.items.filter(({ state }) => state === "open").length === 3,
    );
    await world.user.beginLoad({ urls: [world.url("/front", "g2")], ...LOAD });
    const place = world.manager.place;
    await world.program("g1").end("SIGKILL");
    await world.manager.event("instanceEnded", { service: "gateway" }, place);
    const after = await world.until(
      "two connections",
      ({ connections }) => connections.total === 2,
    );
    assertEquals(after.instances.total, before.instances.total - 1);
    await world.user.sendMore(100);
    const { failures, sent, done } = await world.user.endLoad();
    assertEquals([failures, done], [{}, sent]);
    // One that is started again is used again.
    await world.startGateway("g1");
    assertEquals((await world.ask("/front", "g1")).status, 200);
  });
});
