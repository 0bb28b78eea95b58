/**
 * Checks that nothing is left in the memory of any role when everything is asleep.
 *
 * @module
 */

import type { SourceState } from "../../../roles/source/state.ts";
import type { World } from "../world.ts";

type Sized = { readonly size: number };

function judge(
  world: World,
  name: string,
  rests: Readonly<Record<string, { holds: Sized; most: number }>>,
): void {
  for (const [what, { holds, most }] of Object.entries(rests)) {
    if (holds.size <= most) continue;
    const rest = holds instanceof Map ? JSON.stringify([...holds.keys()].slice(0, 5)) : "";
    world.violations.report(
      "leaks",
      `${name} keeps ${holds.size} ${what} (at most ${most}) ${rest}`,
    );
  }
}

function none(holds: Sized) {
  return { holds, most: 0 };
}

function judgeManager(world: World): void {
  const state = world.manager.run?.host.state;
  if (state === undefined) return world.violations.report("leaks", "there is no manager");
  const gateways = world.gateways.length;
  const agents = world.agents.length;
  judge(world, "manager", {
    parked: none(state.parked),
    closeRequests: none(state.closeRequests),
    registrations: { holds: state.registrations, most: gateways },
    closeEnds: none(state.closeEnds),
    killAttempts: none(state.killAttempts),
    healths: none(state.healths),
    plugRetries: none(state.plugRetries),
    turns: { holds: state.turns, most: world.options.services.length },
    commands: none(state.commands),
    absences: none(state.absences),
    placed: { holds: state.placed, most: agents },
    replacements: none(state.replacements),
    held: none(state.held),
    moves: none(state.moves),
    repositories: { holds: state.repositories, most: agents },
    draining: none(state.registry.draining),
    deadlines: { holds: state.deadlines.entries, most: agents },
    linkOfAgent: { holds: state.linkOfAgent, most: agents },
    agentOfLink: { holds: state.agentOfLink, most: agents },
    unanswered: { holds: state.unanswered, most: agents },
    instances: { holds: state.registry.instances, most: gateways },
    connections: none(state.registry.connections),
    services: { holds: state.registry.services, most: 1 },
  });
  for (const [network, { used }] of state.registry.plugs) {
    judge(world, `manager, host ${network},`, { used: none(used) });
  }
}

function judgeAgents(world: World): void {
  for (const { run, name, index } of world.agents) {
    if (run === undefined) return world.violations.report("leaks", `there is no ${name}`);
    const mine = world.options.agentOfGateway.filter((agent) => agent === index).length;
    const { state } = run.host;
    judge(world, name, {
      instances: { holds: state.instances, most: mine },
      links: { holds: state.links, most: mine },
      relays: none(state.relays),
      relayIDs: none(state.relayIDs),
      downward: none(state.downward),
      deadlines: none(state.deadlines.entries),
      spares: none(state.spares.all),
      "failures of spares": none(state.spares.failures),
    });
    for (const { serviceID, connections } of state.instances.values()) {
      judge(world, `${name}, instance ${serviceID},`, { connections: none(connections) });
    }
  }
}

function judgeSource(world: World, name: string, source: SourceState): void {
  judge(world, name, {
    connections: none(source.connections),
    connectionsTo: none(source.connectionsTo),
    asking: none(source.asking),
    waiting: none(source.waiting),
    requests: none(source.requests),
    retries: none(source.retries),
    vain: none(source.vain),
    health: none(source.health),
    deadlines: none(source.deadlines.entries),
  });
}

/** Everything is asleep: looks at every role. */
export function judgeLeaks(world: World): void {
  judgeManager(world);
  judgeAgents(world);
  for (const { run } of world.gateways) judgeSource(world, run.name, run.host.state.source);
  for (const { name } of world.processes) {
    world.violations.report("leaks", `${name} still runs, though nobody uses it`);
  }
}
