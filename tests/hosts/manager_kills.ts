/**
 * The manager of a mesh is killed three times while users ask; the short form is a test, the long
 * one a measurement.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { LoadReport } from "./users/load.ts";
import type { World } from "./worlds/world.ts";

/** How hard it is. */
export interface KillOptions {
  /** How many requests are sent a second. */
  readonly perSecond: number;
  /** How many are sent while there is no manager, and again once there is one. */
  readonly requestsBetween: number;
}

const KILLS = 3;

/** Kills the manager again and again, and checks that the mesh is the same in the end. */
export async function killManagers(world: World, options: KillOptions): Promise<LoadReport> {
  const { perSecond, requestsBetween } = options;
  await world.startAll({ a1: { front: { plugs: ["back"] } }, a2: { back: {} } });
  for (const gateway of ["g1", "g2"] as const) {
    assertEquals((await world.ask("/front", gateway)).status, 200);
  }
  const before = await world.until("connections", ({ connections }) => connections.total >= 3);
  const urls = [world.url("/front", "g1"), world.url("/front", "g2")];
  await world.user.beginLoad({ urls, perSecond, deadlineMs: 10_000 });
  for (let kill = 0; kill < KILLS; kill += 1) {
    await world.user.sendMore(requestsBetween);
    await world.manager.end("SIGKILL");
    // Who wants what is not connected yet waits for the next manager.
    const wanted = world.ask("/back", kill === 0 ? "g1" : "g2");
    await world.user.sendMore(requestsBetween);
    await world.startManager();
    assertEquals((await wanted).status, 200);
    for (const agent of ["a1", "a2"]) await world.manager.event("agentRegistered", { agent });
  }
  await world.user.sendMore(requestsBetween);
  const report = await world.user.endLoad();
  const after = await world.until(
    "that agents are back",
    ({ agents }) => agents.items.every(({ connected }) => connected),
  );
  const ids = ({ instances }: typeof after) => instances.items.map(({ id }) => id).sort();
  assertEquals(ids(after), ids(before));
  return report;
}
