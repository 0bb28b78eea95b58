/**
 * Where a service runs: the choice among running instances, the choice of an agent and a plug for a
 * new one, and the order to start it.
 *
 * @module
 */

import { MANIFEST_DEFAULTS, manifestIn } from "../../../../protocol/manifest.ts";
import { STATUS } from "../../../../protocol/status.ts";
import { setDeadline } from "../../../deadlines.ts";
import { choosePlug } from "../../memory/plugs.ts";
import { type AgentRecord, type Instance, manifestOf } from "../../memory/registry.ts";
import { pauseOf } from "./crashes.ts";
import {
  type Moment,
  newMessageID,
  newServiceID,
  record,
  sendToAgent,
  type Turn,
} from "../../turn.ts";

/** Why nobody can be connected, as an answer says it. */
export interface Failure {
  /** 4xx or 5xx. */
  readonly status: number;
  /** For a person to act on. */
  readonly reason: string;
}

/** What shall be started. */
export interface Placing {
  /** The service. */
  readonly service: string;
  /** An instance that ends when the new one runs: its place counts as free. */
  readonly replaces?: Instance | undefined;
  /** An agent that does not count. */
  readonly without?: string | undefined;
}

/** What became of a start. */
export type Start =
  | { readonly kind: "ordered"; readonly serviceID: number }
  /** No agent can start it now; that may pass. */
  | { readonly kind: "awaited"; readonly reason: string }
  /** It crashed, and is not started before the end of a pause, which is looked at then. */
  | { readonly kind: "paused"; readonly reason: string }
  | ({ readonly kind: "failed" } & Failure);

/** Most agents that a reason names. */
const NAMED_MAX = 5;

/** Whether any agent has a service, connected or not. */
export function isKnown(turn: Turn, service: string): boolean {
  for (const agent of turn.state.registry.agents.values()) {
    if (agent.repository.includes(service)) return true;
  }
  return false;
}

/** What keeps an agent that has a service from starting it now. */
interface Obstacle {
  readonly text: string;
  /** Whether it may pass by itself. */
  readonly passes: boolean;
  /** Whether it is nothing but a lack of room. */
  readonly isFull?: true;
}

function obstacleAt(turn: Turn, agent: AgentRecord, placing: Placing): Obstacle | undefined {
  const { linkOfAgent, registry } = turn.state;
  const { agent: name, labels = {}, capacity = Infinity } = agent;
  const wanted = manifestIn(agent.manifests, placing.service)?.labels ?? {};
  for (const [label, value] of Object.entries(wanted)) {
    if (Object.hasOwn(labels, label) && labels[label] === value) continue;
    return { text: `agent ${name} has no label ${label}=${value}`, passes: false };
  }
  if (!linkOfAgent.has(name)) return { text: `agent ${name} is away`, passes: true };
  if (registry.draining.has(name)) return { text: `agent ${name} drains`, passes: true };
  const freed = placing.replaces?.agent === name ? 1 : 0;
  if (agent.launched - freed < capacity) return undefined;
  const text = `agent ${name} is full (${agent.launched} of ${capacity})`;
  return { text, passes: true, isFull: true };
}

/** The agents that can start a service now, and what keeps the others that have it from it. */
function sortAgents(turn: Turn, placing: Placing): { fits: AgentRecord[]; obstacles: Obstacle[] } {
  const fits: AgentRecord[] = [];
  const obstacles: Obstacle[] = [];
  for (const agent of turn.state.registry.agents.values()) {
    if (agent.agent === placing.without || !agent.repository.includes(placing.service)) continue;
    const obstacle = obstacleAt(turn, agent, placing);
    if (obstacle === undefined) fits.push(agent);
    else obstacles.push(obstacle);
  }
  return { fits, obstacles };
}

/** The agents that could start a service now if they had room. */
export function fullAgents(turn: Turn, service: string): AgentRecord[] {
  return [...turn.state.registry.agents.values()].filter((agent) =>
    agent.repository.includes(service) && obstacleAt(turn, agent, { service })?.isFull === true
  );
}

/** Why no agent can start a service now; undefined when one can. */
export function obstacleTo(turn: Turn, placing: Placing): string | undefined {
  const { fits, obstacles } = sortAgents(turn, placing);
  return fits.length > 0 ? undefined : tellObstacles(placing, obstacles);
}

function tellObstacles({ service, without }: Placing, obstacles: readonly Obstacle[]): string {
  const more = obstacles.length - NAMED_MAX;
  const named = obstacles.slice(0, NAMED_MAX).map(({ text }) => text).join(", ");
  const nobody = without === undefined ? "no agent has it" : "no other agent has it";
  const why = obstacles.length === 0 ? nobody : named;
  return `Cannot start "${service}": ${why}${more > 0 ? `, and ${more} more` : ""}`;
}

/**
 * The best agent for a service: by default the one with the most room for its size, of equal ones
 * the one whose turn is longest ago; or the fullest one that has room, so that others may sleep.
 */
export function chooseAgent(turn: Turn, placing: Placing): AgentRecord | undefined {
  return bestOf(turn, placing, sortAgents(turn, placing).fits);
}

function bestOf(
  turn: Turn,
  { service }: Placing,
  fits: readonly AgentRecord[],
): AgentRecord | undefined {
  const { registry, placed } = turn.state;
  const isPacked = manifestOf(registry, service)?.placement === "pack";
  // An agent without bound counts as the largest of those that have one.
  let largest = 1;
  for (const { capacity = 1 } of fits) largest = Math.max(largest, capacity);
  let best: AgentRecord | undefined;
  let bestLoad = 0;
  for (const agent of fits) {
    const load = agent.launched / (agent.capacity ?? largest);
    const isBetter = best === undefined || (isPacked ? load > bestLoad : load < bestLoad ||
      (load === bestLoad && (placed.get(agent.agent) ?? 0) < (placed.get(best.agent) ?? 0)));
    if (!isBetter) continue;
    best = agent;
    bestLoad = load;
  }
  return best;
}

/** Whether an instance hangs: what is in flight there hardly ends, and nobody else is served. */
export function hangs({ state: { healths } }: Turn, serviceID: number): boolean {
  return healths.get(serviceID)?.isStuck === true;
}

/**
 * A running instance whose agent is connected: of the next two in turn, the one with fewer
 * connections. Costs the same for any number of instances. One that is about to be replaced is
 * chosen when there is no other, unless it hangs.
 */
export function chooseInstance(
  turn: Turn,
  service: string,
  avoid: readonly number[] = [],
): Instance | undefined {
  const { registry, turns, linkOfAgent } = turn.state;
  const ready = registry.services.get(service)?.ready ?? [];
  const start = (turns.get(service) ?? 0) % Math.max(1, ready.length);
  let chosen: Instance | undefined;
  let leaving: Instance | undefined;
  for (let offset = 0; offset < ready.length; offset += 1) {
    const instance = ready[(start + offset) % ready.length];
    if (instance === undefined || !linkOfAgent.has(instance.agent)) continue;
    if (avoid.includes(instance.serviceID)) continue;
    if (instance.leaving !== "none") {
      if (!hangs(turn, instance.serviceID)) leaving ??= instance;
      continue;
    }
    if (chosen !== undefined) {
      if (instance.incoming.length < chosen.incoming.length) chosen = instance;
      break;
    }
    chosen = instance;
  }
  if (ready.length > 1) turns.set(service, start + 1);
  if (chosen !== undefined || leaving?.leaving !== "removed") return chosen ?? leaving;
  // What no agent has any more is unknown, though the last of it still ends.
  return isKnown(turn, service) ? leaving : undefined;
}

/** Whether an agent is connected, or went away so recently that it is waited for. */
export function isAround({ state, nowMs }: Moment, agent: string): boolean {
  const { linkOfAgent, absences, options } = state;
  if (linkOfAgent.has(agent)) return true;
  return (absences.get(agent) ?? -Infinity) + options.recoveryGraceMs > nowMs;
}

/** Whether an instance of a service is on its way, at an agent that is there to tell. */
export function isStarting(turn: Turn, service: string): boolean {
  const { registry, absences } = turn.state;
  const known = registry.services.get(service);
  if (known === undefined || known.starting === 0) return false;
  if (absences.size === 0) return true;
  for (const serviceID of known.instances) {
    const instance = registry.instances.get(serviceID);
    if (instance?.state === "starting" && isAround(turn, instance.agent)) return true;
  }
  return false;
}

/** Whether the manager was away just now, and an agent with such an instance may come back. */
export function isAwaited(turn: Turn, service: string): boolean {
  const { registry, linkOfAgent, awaitedUntilMs } = turn.state;
  if (turn.nowMs >= awaitedUntilMs) return false;
  for (const serviceID of registry.services.get(service)?.instances ?? []) {
    const instance = registry.instances.get(serviceID);
    if (instance?.state === "running" && !linkOfAgent.has(instance.agent)) return true;
  }
  return false;
}

/**
 * Starts an instance on the best agent. When none can start it, and that may pass, nothing is
 * started and nobody fails: those who wait have a deadline.
 */
export function startInstance(turn: Turn, placing: Placing, reason: string): Start {
  const { registry, deadlines, options, placed } = turn.state;
  const { service } = placing;
  if (isAwaited(turn, service)) return { kind: "awaited", reason: "an agent may come back" };
  const pause = pauseOf(turn, service);
  if (pause !== undefined) return pause;
  const { fits, obstacles } = sortAgents(turn, placing);
  const agent = bestOf(turn, placing, fits);
  if (agent === undefined) {
    const why = tellObstacles(placing, obstacles);
    if (obstacles.some(({ passes }) => passes)) return { kind: "awaited", reason: why };
    return { kind: "failed", status: STATUS.unavailable, reason: why };
  }
  const { network } = agent;
  const plug = choosePlug(registry, { network, nowMs: turn.nowMs, first: options.plugFirst });
  if (plug === undefined) {
    const why = `Cannot start "${service}": every plug of ${network} is used or rests`;
    return { kind: "failed", status: STATUS.unavailable, reason: why };
  }
  const manifest = manifestIn(agent.manifests, service) ?? MANIFEST_DEFAULTS;
  const serviceID = newServiceID(turn);
  const plugs = { in: plug, out: manifest.plugs };
  record(turn, { kind: "instanceStarting", serviceID, service, agent: agent.agent, plugs, reason });
  placed.set(agent.agent, serviceID);
  turn.ordered.add(service);
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
  const dueAtMs = turn.nowMs + manifest.startTimeoutMs + options.parkedMarginMs / 2;
  setDeadline(deadlines, `start:${serviceID}`, dueAtMs);
  return { kind: "ordered", serviceID };
}
