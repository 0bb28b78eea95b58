/**
 * The end of every step: what a change made possible is done now. An instance without connections
 * begins its idle time or ends its drain; a service for which requests wait is started or answered.
 *
 * @module
 */

import { tellRoutes } from "./flows/agents/routes.ts";
import { makeRoom, offerPlace } from "./flows/instances/evictions.ts";
import { watchHealth } from "./flows/instances/health.ts";
import { armInstanceIdle } from "./flows/idle.ts";
import { continueDrain } from "./flows/instances/shutdowns.ts";
import { startIfWanted } from "./flows/connections/parking.ts";
import { continueReplacements, finishMoves } from "./flows/instances/replacements.ts";
import { startAhead } from "./flows/scale/ahead.ts";
import { keepMinimum } from "./flows/scale/minimum.ts";
import type { Turn } from "./turn.ts";

/** Looks at everything that the step touched, until nothing is left to look at. */
export function settle(turn: Turn): void {
  const { replacements, moves } = turn.state;
  while (turn.touched.size > 0 || turn.wanted.size > 0) {
    const touched = [...turn.touched];
    const wanted = [...turn.wanted];
    turn.touched.clear();
    turn.wanted.clear();
    for (const serviceID of touched) {
      const instance = turn.state.registry.instances.get(serviceID);
      if (instance === undefined) continue;
      armInstanceIdle(turn, instance);
      watchHealth(turn, instance);
      continueDrain(turn, instance);
      offerPlace(turn, instance);
      if (replacements.size > 0) continueReplacements(turn, instance.service);
    }
    for (const service of wanted) {
      startIfWanted(turn, service, "requests wait for it");
      keepMinimum(turn, service);
      if (replacements.size > 0) continueReplacements(turn, service);
    }
  }
  if (turn.ordered.size > 0) startAhead(turn);
  for (const service of turn.crowded) makeRoom(turn, service);
  if (moves.size > 0) finishMoves(turn);
  if (turn.hasNewRoutes || turn.arrived.size > 0) tellRoutes(turn);
}
