/**
 * What people do to a simulated mesh: stop, close, drain, restart, edit.
 *
 * @module
 */

import type { ManagerCommand } from "../../../roles/manager/state.ts";
import type { ServiceProcess } from "../processes/service_process.ts";
import type { World } from "../world.ts";

/** The number of something that there is, or sometimes of nothing. */
function pickID(world: World, ids: Iterable<number>): number {
  return world.faults.pick([...ids, 999_999]) ?? 999_999;
}

function drawCommand(world: World, mode: "soft" | "hard"): ManagerCommand | undefined {
  const { faults, manager, agents, options } = world;
  const registry = manager.run?.host.state.registry;
  if (registry === undefined) return undefined;
  const agent = faults.pick(agents)?.name ?? "nobody";
  const service = faults.pick(options.services)?.name ?? "nothing";
  switch (faults.whole(0, 9)) {
    case 0:
    case 1:
      return { kind: "drainAgent", agent };
    case 2:
      return { kind: "undrainAgent", agent };
    case 3:
      return { kind: "restartService", service };
    case 4:
    case 5:
    case 6:
      return { kind: "closeConnection", connectionID: pickID(world, registry.connections.keys()) };
    default:
      return { kind: "stopInstance", serviceID: pickID(world, registry.instances.keys()), mode };
  }
}

/** Somebody gives a command, however rude. */
export function giveCommand(world: World): void {
  const command = drawCommand(world, world.faults.chance(0.5) ? "soft" : "hard");
  if (command !== undefined) world.manager.run?.command(command);
}

/** Somebody edits a service at one of the hosts that have it. */
export function editService(world: World): void {
  const node = world.faults.pick(world.agents);
  const host = node?.run?.host;
  if (node === undefined || host === undefined) return;
  const { manifests } = host.state;
  const edited = Object.keys(manifests).filter(() => world.faults.chance(0.4));
  host.handle({ kind: "repositoryChanged", manifests, edited, warm: world.warmOf(node.index) });
}

/** Some of what runs at a host is in one process, which is given up: those that are to move. */
export function moveInstances(world: World): ServiceProcess[] {
  const { run } = world.faults.pick(world.agents) ?? {};
  const moving = [...run?.processes.values() ?? []].filter(() => world.faults.chance(0.4));
  const serviceIDs = moving.map(({ setup }) => setup.serviceID);
  world.count("moves");
  run?.host.handle({ kind: "instancesMoving", serviceIDs, spareIDs: [] });
  return moving;
}

/** Somebody takes services out of the folder of a host, and puts them back later. */
export function removeServices(world: World): void {
  const { faults, timeline } = world;
  const node = faults.pick(world.agents);
  const host = node?.run?.host;
  if (node === undefined || host === undefined) return;
  const whole = Object.entries(world.repositoryOf(node.index));
  const manifests = Object.fromEntries(whole.filter(() => faults.chance(0.5)));
  const warm = world.warmOf(node.index);
  host.handle({ kind: "repositoryChanged", manifests, edited: [], warm });
  timeline.after(faults.whole(1_000, 20_000), () => restoreServices(world, node.index));
}

/** The folder of a host is whole again. */
function restoreServices(world: World, index: number): void {
  const host = world.agents[index]?.run?.host;
  const manifests = world.repositoryOf(index);
  if (Object.keys(host?.state.manifests ?? manifests).length === Object.keys(manifests).length) {
    return;
  }
  const warm = world.warmOf(index);
  host?.handle({ kind: "repositoryChanged", manifests, edited: [], warm });
}

/** Somebody does all that softly, which no user may notice. */
export function beginCommands(world: World): void {
  const { faults, timeline } = world;
  timeline.after(faults.whole(500, 3_000), () => {
    if (!world.isGentle) return;
    if (faults.chance(0.15)) editService(world);
    else if (faults.chance(0.1)) moveInstances(world);
    else {
      const command = drawCommand(world, "soft");
      if (command !== undefined) {
        world.count(`gentle ${command.kind}`);
        world.manager.run?.command(command);
      }
    }
    beginCommands(world);
  });
}

/** Every agent takes new instances again, of all that it should have. */
export function endDrains(world: World): void {
  for (const { name, index } of world.agents) {
    restoreServices(world, index);
    world.manager.run?.command({ kind: "undrainAgent", agent: name });
  }
}

/** From now on nothing runs that nobody asks for: somebody has edited the manifests. */
export function letSleep(world: World): void {
  world.isQuiet = true;
  for (const { run, index } of world.agents) {
    const manifests = world.repositoryOf(index);
    const warm = world.warmOf(index);
    run?.host.handle({ kind: "repositoryChanged", manifests, edited: [], warm });
  }
}
