/**
 * Room on full hosts: what nobody is connected to need not wait for the end of its idle time, when
 * requests wait for its place.
 *
 * @module
 */

import { type Instance, isUnconnected, lastUseMsOf } from "../../memory/registry.ts";
import type { Turn } from "../../turn.ts";
import { lookAgain } from "../connections/parking.ts";
import { fullAgents } from "./placement.ts";
import { isSurplus } from "../scale/bounds.ts";
import { shutDownSoftly } from "./shutdowns.ts";

/** Ends what was unused the longest of that whose place a service can take that is waited for. */
export function makeRoom(turn: Turn, service: string): void {
  const { registry } = turn.state;
  let longest: Instance | undefined;
  for (const agent of fullAgents(turn, service)) {
    for (const serviceID of agent.instances) {
      const instance = registry.instances.get(serviceID);
      if (instance === undefined || !instance.launched) continue;
      // A place will be free soon, and then it is looked whether that is enough.
      if (instance.state === "closing") return;
      if (!isSpare(turn, instance)) continue;
      if (longest === undefined || lastUseMsOf(instance) < lastUseMsOf(longest)) longest = instance;
    }
  }
  if (longest !== undefined) shutDownSoftly(turn, longest, `${service} needs its place`);
}

function isSpare(turn: Turn, instance: Instance): boolean {
  if (instance.state !== "running" || !isUnconnected(instance)) return false;
  if (!isSurplus(turn, instance.service)) return false;
  for (const { successor } of turn.state.replacements.get(instance.service)?.values() ?? []) {
    if (successor === instance.serviceID) return false;
  }
  return true;
}

/** Somebody has let go of an instance: its place may be what others wait for. */
export function offerPlace(turn: Turn, instance: Instance): void {
  const { registry, parked } = turn.state;
  if (parked.size === 0 || registry.agents.get(instance.agent)?.capacity === undefined) return;
  if (instance.launched && isSpare(turn, instance)) lookAgain(turn);
}
