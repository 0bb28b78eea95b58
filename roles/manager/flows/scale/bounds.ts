/**
 * How many instances of a service there are, and how many there may and shall be.
 *
 * @module
 */

import { type InstanceBounds, INSTANCES_DEFAULTS } from "../../../../protocol/manifest.ts";
import { type Instance, manifestOf } from "../../memory/registry.ts";
import type { Moment, Turn } from "../../turn.ts";
import { isAround } from "../instances/placement.ts";

/** How many instances of a service there may and shall be. */
export function boundsOf(turn: Turn, service: string): InstanceBounds {
  return manifestOf(turn.state.registry, service)?.instances ?? INSTANCES_DEFAULTS;
}

/** Whether another instance takes over from one that leaves: the two count as one. */
function hasSuccessor({ state }: Moment, { service, serviceID, leaving }: Instance): boolean {
  if (leaving === "none") return false;
  const { replacements, registry } = state;
  const successor = replacements.get(service)?.get(serviceID)?.successor ?? 0;
  const next = registry.instances.get(successor)?.state;
  return next !== undefined && next !== "closing";
}

/**
 * The instances of a service that count: they run or start where the manager can reach them, and
 * take connections. A gateway may call itself what it likes, and serves nobody by that.
 */
export function countLive(moment: Moment, service: string): number {
  const { registry } = moment.state;
  let count = 0;
  for (const serviceID of registry.services.get(service)?.instances ?? []) {
    const instance = registry.instances.get(serviceID);
    if (instance === undefined || instance.state === "closing") continue;
    if (instance.plugs.in === null) continue;
    if (isAround(moment, instance.agent) && !hasSuccessor(moment, instance)) count += 1;
  }
  return count;
}

/** The instances of a service that are on their way, where the manager can reach them. */
export function countStarting(turn: Turn, service: string): number {
  const { registry } = turn.state;
  let count = 0;
  for (const serviceID of registry.services.get(service)?.instances ?? []) {
    const instance = registry.instances.get(serviceID);
    if (instance?.state === "starting" && isAround(turn, instance.agent)) count += 1;
  }
  return count;
}

/** Whether a service has as many instances as it shall have without one of them. */
export function isSurplus(turn: Turn, service: string): boolean {
  const { min } = boundsOf(turn, service);
  return min === 0 || countLive(turn, service) > min;
}

/** Whether an instance of a service is closing: the next one that is idle waits for its end. */
export function isShrinking(turn: Turn, service: string): boolean {
  const { registry } = turn.state;
  for (const serviceID of registry.services.get(service)?.instances ?? []) {
    if (registry.instances.get(serviceID)?.state === "closing") return true;
  }
  return false;
}
