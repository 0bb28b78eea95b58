/**
 * Where a service runs: the choice among running instances, the choice of an agent and a plug for a
 * new one, and the order to start it.
 *
 * @module
 */

import { MANIFEST_DEFAULTS, manifestIn } from "../../../protocol/manifest.ts";
import { STATUS } from "../../../protocol/status.ts";
import { setDeadline } from "../../deadlines.ts";
import { choosePlug } from "../memory/plugs.ts";
import { type AgentRecord, type Instance } from "../memory/registry.ts";
import { newMessageID, record, sendToAgent, type Turn } from "../turn.ts";

/** Why nobody can be connected, as an answer says it. */
export interface Failure {
  /** 4xx or 5xx. */
  readonly status: number;
  /** For a person to act on. */
  readonly reason: string;
}

/** Whether any agent has a service, connected or not. */
export function isKnown(turn: Turn, service: string): boolean {
  for (const agent of turn.state.registry.agents.values()) {
    if (agent.repository.includes(service)) return true;
  }
  return false;
}

/** The connected agent with the fewest instances among those that can start a service. */
export function chooseAgent(turn: Turn, service: string): AgentRecord | undefined {
  let chosen: AgentRecord | undefined;
  for (const agent of turn.state.registry.agents.values()) {
    if (!turn.state.linkOfAgent.has(agent.agent) || !agent.repository.includes(service)) continue;
    if (chosen === undefined || agent.instances.size < chosen.instances.size) chosen = agent;
  }
  return chosen;
}

/**
 * A running instance whose agent is connected: of the next two in turn, the one with fewer
 * connections. Costs the same for any number of instances.
 */
export function chooseInstance(turn: Turn, service: string): Instance | undefined {
  const { registry, turns, linkOfAgent } = turn.state;
  const ready = registry.services.get(service)?.ready ?? [];
  const start = (turns.get(service) ?? 0) % Math.max(1, ready.length);
  let chosen: Instance | undefined;
  for (let offset = 0; offset < ready.length; offset += 1) {
    const instance = ready[(start + offset) % ready.length];
    if (instance === undefined || !linkOfAgent.has(instance.agent)) continue;
    if (chosen !== undefined) {
      if (instance.incoming.length < chosen.incoming.length) chosen = instance;
      break;
    }
    chosen = instance;
  }
  if (ready.length > 1) turns.set(service, start + 1);
  return chosen;
}

/** Whether an instance of a service is on its way. */
export function isStarting(turn: Turn, service: string): boolean {
  return (turn.state.registry.services.get(service)?.starting ?? 0) > 0;
}

/**
 * Starts an instance on the best agent. With no agent connected it starts nothing and does not fail
 * either: the agent may come back before those who wait run out of time.
 */
export function startInstance(turn: Turn, service: string, reason: string): Failure | undefined {
  const { registry, deadlines, options } = turn.state;
  const agent = chooseAgent(turn, service);
  if (agent === undefined) return undefined;
  const { network } = agent;
  const plug = choosePlug(registry, { network, nowMs: turn.nowMs, first: options.plugFirst });
  if (plug === undefined) {
    return {
      status: STATUS.unavailable,
      reason: `Cannot start "${service}": every plug of ${network} is used or rests`,
    };
  }
  const manifest = manifestIn(agent.manifests, service) ?? MANIFEST_DEFAULTS;
  const serviceID = registry.lastServiceID + 1;
  const plugs = { in: plug, out: manifest.plugs };
  record(turn, { kind: "instanceStarting", serviceID, service, agent: agent.agent, plugs, reason });
  sendToAgent(turn, agent.agent, {
    type: "startServiceRequest",
    messageID: newMessageID(turn),
    agentNetwork: agent.network,
    agentPort: agent.port,
    serviceName: service,
    serviceID,
    plugConfiguration: plugs,
    startTimeoutMs: manifest.startTimeoutMs,
  });
  // The agent answers first when the start takes too long: it has the last lines of stderr.
  const dueAtMs = turn.nowMs + manifest.startTimeoutMs + turn.state.options.parkedMarginMs / 2;
  setDeadline(deadlines, `start:${serviceID}`, dueAtMs);
  return undefined;
}
