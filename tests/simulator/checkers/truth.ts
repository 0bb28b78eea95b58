/**
 * Checks that what the manager believes is what really runs. While things change the two may differ
 * for a moment, so a difference counts once it has lasted.
 *
 * @module
 */

import type { World } from "../world.ts";

/** How long a difference may last once nothing fails any more, in milliseconds. */
export const DIFFERENCE_MAX_MS = 75_000;

function* believed(world: World): Iterable<string> {
  const registry = world.manager.run?.host.state.registry;
  if (registry === undefined) return;
  for (const { serviceID, agent, service } of registry.instances.values()) {
    yield `instance ${service}#${serviceID} of ${agent}`;
  }
  for (const { serviceID, sourcePlug, destServiceID } of registry.connections.values()) {
    yield `connection ${serviceID}:${sourcePlug} to ${destServiceID}`;
  }
  for (const { agent, connected } of registry.agents.values()) {
    if (connected) yield `agent ${agent}`;
  }
}

function* real(world: World): Iterable<string> {
  for (const { setup } of world.processes) {
    yield `instance ${setup.service}#${setup.serviceID} of ${setup.node.name}`;
  }
  for (const { run } of world.gateways) {
    const { serviceID } = run.host.state.source;
    if (serviceID !== undefined) yield `instance gateway#${serviceID} of ${run.agent.name}`;
    else yield `instance gateway#? of ${run.agent.name}`;
  }
  for (const { ends } of world.sessions) {
    const { serviceID, sourcePlug, dest } = ends;
    yield `connection ${serviceID}:${sourcePlug} to ${dest.setup.serviceID}`;
  }
  for (const { run, name } of world.agents) if (run !== undefined) yield `agent ${name}`;
}

/** Remembers since when something is believed and not so, or so and not believed. */
export class TruthChecker {
  #since = new Map<string, number>();

  /** A checker that has seen nothing. */
  constructor(readonly world: World) {}

  /** Looks once. With `maxMs` 0 any difference is a violation. */
  look(maxMs: number): void {
    const { timeline, violations } = this.world;
    const beliefs = new Set(believed(this.world));
    const facts = new Set(real(this.world));
    const since = new Map<string, number>();
    const differences = [
      ...[...beliefs].filter((one) => !facts.has(one)).map((one) => `believed, not so: ${one}`),
      ...[...facts].filter((one) => !beliefs.has(one)).map((one) => `so, not believed: ${one}`),
    ];
    for (const difference of differences) {
      const sinceMs = this.#since.get(difference) ?? timeline.nowMs;
      since.set(difference, sinceMs);
      if (timeline.nowMs - sinceMs < maxMs) continue;
      violations.report("truth", `${difference} (since ${sinceMs} ms)`);
      since.delete(difference);
    }
    this.#since = since;
  }
}
