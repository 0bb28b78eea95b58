/**
 * Checks that no two live instances share a plug on a host, and that a service is started once.
 *
 * @module
 */

import type { ManagerState } from "../../../roles/manager/state.ts";
import type { Registry } from "../../../roles/manager/memory/registry.ts";
import type { ServiceProcess } from "../processes/service_process.ts";
import type { Listener, World } from "../world.ts";

/** The manager must never have assigned a plug twice. */
export function judgePlugs(world: World, registry: Registry): void {
  const taken = new Map<string, number>();
  for (const { serviceID, network, plugs, launched } of registry.instances.values()) {
    if (!launched || plugs.in === null) continue;
    const place = `${network}:${plugs.in}`;
    const other = taken.get(place);
    taken.set(place, serviceID);
    if (other === undefined) continue;
    world.violations.report("plugs", `instances ${other} and ${serviceID} share ${place}`);
  }
}

/** Requests for a service that is starting must share that start. */
export function judgeStarts(world: World, { registry, linkOfAgent }: ManagerState): void {
  if (world.options.forgetsAll) return;
  for (const [service, { starting: all, instances }] of registry.services) {
    if (all < 2) continue;
    let count = 0;
    for (const serviceID of instances) {
      const instance = registry.instances.get(serviceID);
      if (instance?.state !== "starting") continue;
      // A start at an agent that is away may never end, so it is not waited for; it may come back.
      if (!linkOfAgent.has(instance.agent)) world.abandonedStarts.add(serviceID);
      if (!world.abandonedStarts.has(serviceID)) count += 1;
    }
    const { manifest } = world.options.services.find(({ name }) => name === service) ?? {};
    if (count > (manifest?.instances?.max ?? 1)) {
      world.violations.report("starts", `${count} starts of ${service} at once`);
    }
  }
}

/** A process listens: on a plug that another live instance was assigned, it must never. */
export function judgeListener(
  world: World,
  process: ServiceProcess,
  present: Listener | undefined,
): void {
  if (present === undefined || present === "stranger") return;
  world.count("plugsTaken");
  const registry = world.manager.run?.host.state.registry;
  // A manager that forgets all gives the plug of an orphan again, and then has to try another.
  if (registry === undefined || world.options.forgetsAll) return;
  const ids = [process.setup.serviceID, present.setup.serviceID];
  if (!ids.every((serviceID) => registry.instances.has(serviceID))) return;
  world.violations.report("plugs", `${process.name} listens where ${present.name} does`);
}
