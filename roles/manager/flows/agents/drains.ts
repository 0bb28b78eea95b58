/**
 * Agents that are drained: they get nothing new, and what runs there is moved elsewhere. Whatever
 * could run nowhere else is a reason not to begin.
 *
 * A drain ends on command, or when the agent was restarted, for which most drains are.
 *
 * @module
 */

import { STATUS } from "../../../../protocol/status.ts";
import type { AgentRecord } from "../../memory/registry.ts";
import { finishCommands, record, type Turn } from "../../turn.ts";
import { obstacleTo } from "../instances/placement.ts";
import { lookAgain } from "../connections/parking.ts";
import { beginMove, keepInstance, replaceInstance } from "../instances/replacements.ts";

/** Most agents that drain at a time, known or lost. */
const DRAINING_MAX = 1_000;

/** Most services that a refusal names. */
const NAMED_MAX = 20;

/** Why a command about an agent can't be carried out, or undefined. */
export interface Refusal {
  /** 4xx. */
  readonly status: number;
  /** For a person to act on. */
  readonly reason: string;
}

/** Drains an agent, for a command that waits until everything has moved. */
export function drainAgent(turn: Turn, name: string, commandID: number): Refusal | undefined {
  const { registry } = turn.state;
  const agent = registry.agents.get(name);
  const wasDraining = registry.draining.has(name);
  if (agent === undefined) return unknownAgent(turn, name);
  if (!wasDraining && registry.draining.size >= DRAINING_MAX) {
    const reason = `Cannot drain "${name}": ${DRAINING_MAX} agents drain already`;
    return { status: STATUS.tooMany, reason };
  }
  const stuck = agent.repository.map((service) => obstacleTo(turn, { service, without: name }))
    .filter((obstacle) => obstacle !== undefined);
  if (stuck.length > 0 && !wasDraining) {
    const more = stuck.length > NAMED_MAX ? `; and ${stuck.length - NAMED_MAX} more` : "";
    const reason = `Cannot drain "${name}": ${stuck.slice(0, NAMED_MAX).join("; ")}${more}`;
    return { status: STATUS.conflict, reason };
  }
  if (!wasDraining) setDraining(turn, agent, { draining: true, reason: "drained by command" });
  const launched = [...agent.instances].filter((serviceID) =>
    registry.instances.get(serviceID)?.launched
  );
  beginMove(turn, `drain:${name}`, { commandID, waiting: launched });
  leaveAgent(turn, agent);
  return undefined;
}

/** Ends the drain of an agent: what has not begun to close stays. */
export function undrainAgent(turn: Turn, name: string): Refusal | { readonly reason: string } {
  const { registry } = turn.state;
  if (!registry.draining.has(name)) {
    if (!registry.agents.has(name)) return unknownAgent(turn, name);
    return { reason: `agent ${name} was not drained` };
  }
  endDrain(turn, name, "ended by command");
  return { reason: `agent ${name} takes new instances` };
}

function unknownAgent(turn: Turn, name: string): Refusal {
  const known = [...turn.state.registry.agents.keys()].slice(0, NAMED_MAX).join(", ");
  const reason = `Cannot find agent "${name}": there is ${known === "" ? "none" : `only ${known}`}`;
  return { status: STATUS.notFound, reason };
}

function setDraining(
  turn: Turn,
  { agent }: { agent: string },
  change: { draining: boolean; reason: string },
): void {
  record(turn, { kind: "agentDraining", agent, ...change });
}

/** Begins to move everything that an agent runs. */
export function leaveAgent(turn: Turn, agent: AgentRecord): void {
  for (const serviceID of [...agent.instances]) {
    const instance = turn.state.registry.instances.get(serviceID);
    if (instance === undefined) continue;
    replaceInstance(turn, instance, { cause: "drain", reason: `agent ${agent.agent} drains` });
  }
}

/** An agent is drained no more. Whoever waits for its drain hears why. */
export function endDrain(turn: Turn, name: string, reason: string): void {
  const { registry, moves } = turn.state;
  setDraining(turn, { agent: name }, { draining: false, reason });
  moves.delete(`drain:${name}`);
  finishCommands(turn, `drain:${name}`, { status: STATUS.conflict, reason: `the drain ${reason}` });
  for (const serviceID of [...registry.agents.get(name)?.instances ?? []]) {
    const instance = registry.instances.get(serviceID);
    if (instance?.leaving !== "drain" || instance.state === "closing") continue;
    keepInstance(turn, instance, `the drain of agent ${name} ${reason}`);
  }
  lookAgain(turn);
}
