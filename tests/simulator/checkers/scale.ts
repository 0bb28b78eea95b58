/**
 * Checks how many instances there are: never more than may be, and those that shall be, where hosts
 * have room for them.
 *
 * @module
 */

import { type InstanceBounds, INSTANCES_DEFAULTS } from "../../../protocol/manifest.ts";
import type { Fact } from "../../../roles/manager/memory/facts.ts";
import type { Registry } from "../../../roles/manager/memory/registry.ts";
import { ServiceProcess } from "../processes/service_process.ts";
import type { World } from "../world.ts";

/** What is not started but taken over from an agent. */
const TAKEN_OVER = ["adopted from its agent", "its agent came back with it"];

/** Where there is room, what shall run does so again within this. Milliseconds. */
const MISSING_MAX_MS = 20_000;

/** How many instances a service may and shall have now. */
function boundsOf(world: World, service: string): InstanceBounds {
  const known = world.options.services.find(({ name }) => name === service);
  const { min, max } = known?.manifest.instances ?? INSTANCES_DEFAULTS;
  return { min: world.isQuiet ? 0 : min, max };
}

/** Judges a start by the registry before it: it must not make more than there may be. */
export function judgeStart(world: World, fact: Fact, registry: Registry): void {
  if (fact.kind !== "instanceStarting") return;
  if (TAKEN_OVER.some((reason) => fact.reason.startsWith(reason))) return;
  const { max } = boundsOf(world, fact.service);
  let live = 0;
  for (const serviceID of registry.services.get(fact.service)?.instances ?? []) {
    const instance = registry.instances.get(serviceID);
    if (instance === undefined || instance.state === "closing") continue;
    // What is replaced has its successor beside it; what is away may be gone.
    const isThere = registry.agents.get(instance.agent)?.connected === true;
    if (isThere && instance.leaving === "none") live += 1;
  }
  if (live > 0) world.count(`${live + 1} instances`);
  if (live < max) return;
  const text = `instance ${fact.serviceID} of ${fact.service} is started though ${live} of ${max}` +
    ` run: ${fact.reason}`;
  world.violations.report("scale", text);
}

/** Whether some agent that has a service could start one more of it now. */
function hasRoom(world: World, agents: readonly number[]): boolean {
  const { registry, linkOfAgent } = world.manager.run?.host.state ?? {};
  return agents.some((index) => {
    const { name, run } = world.agents[index] ?? {};
    if (run === undefined || name === undefined || registry === undefined) return false;
    return linkOfAgent?.has(name) && !registry.draining.has(name);
  });
}

/** How many instances of a service listen: what there is, whatever the manager believes. */
export function countListening(world: World, service: string): number {
  let count = 0;
  for (const one of world.listeners.values()) {
    if (one instanceof ServiceProcess && one.service === service) count += 1;
  }
  return count;
}

/** Remembers since when services have fewer instances than they shall have. */
export class MinimumChecker {
  readonly #since = new Map<string, number>();

  /** A checker that has seen nothing. */
  constructor(readonly world: World) {}

  /** Looks who listens. */
  look(): void {
    const { world } = this;
    const { nowMs } = world.timeline;
    const isJudged = nowMs >= world.strictFromMs && !world.options.isTight;
    for (const { name, agents } of world.options.services) {
      const { min } = boundsOf(world, name);
      const live = countListening(world, name);
      const isMissing = isJudged && live < min && hasRoom(world, agents);
      if (!isMissing) this.#since.delete(name);
      const sinceMs = this.#since.get(name) ?? nowMs;
      if (isMissing) this.#since.set(name, sinceMs);
      if (nowMs - sinceMs < MISSING_MAX_MS) continue;
      this.#since.delete(name);
      const text = `${live} instances of ${name} run, which shall have ${min}, since ${sinceMs} ms`;
      world.violations.report("minimum", text);
    }
  }
}
