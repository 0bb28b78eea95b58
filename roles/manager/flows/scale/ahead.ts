/**
 * Starts ahead of need: what a service is about to use is started together with it, so that a chain
 * of services takes little longer to start than its first one.
 *
 * @module
 */

import { manifestOf } from "../../memory/registry.ts";
import type { Turn } from "../../turn.ts";
import { startInstance } from "../instances/placement.ts";
import { countLive } from "./bounds.ts";

/** Most instances that one step starts ahead; what is beyond is started when it is asked for. */
const AHEAD_MAX = 32;

/**
 * Starts what the services that were ordered in this step will need, and what that will need. Each
 * service is started once, as one that starts already needs nobody to start it.
 */
export function startAhead(turn: Turn): void {
  const { registry, stopping } = turn.state;
  let left = stopping ? 0 : AHEAD_MAX;
  // What is ordered meanwhile is added to the set, and gone through too.
  for (const service of turn.ordered) {
    const { plugs = [], eager = [] } = manifestOf(registry, service) ?? {};
    for (const dest of eager) {
      const isEdge = plugs === "*" || plugs.includes(dest);
      if (left === 0 || !isEdge || countLive(turn, dest) > 0) continue;
      // When it can't be started now, whoever needs it will ask for it, and hear why.
      startInstance(turn, { service: dest }, `${service} starts, and will need it`);
      left -= 1;
    }
  }
  turn.ordered.clear();
}
