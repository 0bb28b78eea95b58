/**
 * Checks that each request has the outcome that it must have.
 *
 * @module
 */

import { INSTANCES_DEFAULTS } from "../../../protocol/manifest.ts";
import type { Call } from "../traffic/caller.ts";
import { countListening } from "./scale.ts";
import { NOWHERE, type World } from "../world.ts";

/** What an answer to a request may be: undefined is anything. */
function expectedStatus(world: World, from: string, call: Call): number {
  const source = world.options.services.find(({ name }) => name === from);
  const edges = source === undefined ? "*" : source.manifest.plugs;
  if (edges !== "*" && !edges.includes(call.service)) return 403;
  return call.service === NOWHERE ? 404 : 200;
}

/** Whether a service has all instances that it may have, so who waits may do so in vain. */
function isFull(world: World, service: string): boolean {
  const { manifest } = world.options.services.find(({ name }) => name === service) ?? {};
  const { concurrency, instances = INSTANCES_DEFAULTS } = manifest ?? {};
  return concurrency !== undefined && countListening(world, service) >= instances.max;
}

/** A request is over. Once the mesh had time to recover, there is no excuse. */
export function judgeOutcome(
  world: World,
  outcome: { from: string; call: Call; status: number },
): void {
  const { from, call, status } = outcome;
  world.count(`answers ${status}`);
  const expected = expectedStatus(world, from, call);
  const isWrong = expected === 200 ? status === 403 : status === 200;
  const mustSucceed = call.sinceMs >= world.strictFromMs && status !== 499;
  if (!isWrong && (!mustSucceed || status === expected)) return;
  const isBound = (world.options.isTight || isFull(world, call.service)) &&
    [429, 503, 504].includes(status);
  if (isBound && !isWrong) return;
  const text = `request ${call.requestID} from ${from} to ${call.service} since ` +
    `${call.sinceMs} got ${status} instead of ${expected}`;
  world.violations.report("outcomes", text);
}
