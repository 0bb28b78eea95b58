/**
 * Checks that everything that waits has a deadline, and that no deadline is past.
 *
 * @module
 */

import { type Deadlines, hasDeadline, nextDeadlineMs } from "../../../roles/deadlines.ts";
import type { ManagerState } from "../../../roles/manager/state.ts";
import type { AgentState } from "../../../roles/agent/state.ts";
import type { SourceState } from "../../../roles/source/state.ts";
import type { World } from "../world.ts";

/** How late a tick may be. */
const SLACK_MS = 50;
/** How long a host may take to close a link. */
const HOST_MS = 2;

function judge<Key extends string | number>(
  world: World,
  name: string,
  waits: { deadlines: Deadlines<Key>; keys: Iterable<Key>; steppedMs: number },
): void {
  const { deadlines, keys, steppedMs } = waits;
  const nextMs = nextDeadlineMs(deadlines) ?? Infinity;
  // A step may set a deadline that is past already: then it is due at once.
  if (Math.max(nextMs, steppedMs) + SLACK_MS < world.timeline.nowMs) {
    world.violations.report("waits", `${name} has a deadline that is past: ${nextMs}`);
  }
  // What was stepped just now may wait for what its host does next.
  if (steppedMs + HOST_MS > world.timeline.nowMs) return;
  for (const key of keys) {
    if (hasDeadline(deadlines, key)) continue;
    world.violations.report("waits", `${name} waits without a deadline: ${key}`);
  }
}

function* managerWaits({ registry, parked, linkOfAgent, closeRequests }: ManagerState) {
  for (const [service, waiting] of parked) {
    for (const key of waiting.keys()) yield `parked:${service}/${key}`;
  }
  for (const { serviceID, state, launched, outgoing, incoming } of registry.instances.values()) {
    if (state === "starting") yield `start:${serviceID}`;
    else if (state === "closing") yield `phase:${serviceID}`;
    else if (launched && outgoing.length + incoming.length === 0) yield `instance:${serviceID}`;
  }
  yield* registry.connections.keys();
  for (const agent of registry.agents.keys()) {
    yield linkOfAgent.has(agent) ? `health:${agent}` : `lost:${agent}`;
  }
  for (const messageID of closeRequests.keys()) yield `asked:${messageID}`;
}

function* agentWaits({ relays, instances, links, deadlines, spares }: AgentState) {
  for (const id of relays.keys()) yield `relay:${id}`;
  for (const { spareID, phase } of spares.all.values()) {
    if (phase === "loading") yield `spare:${spareID}`;
  }
  for (const { serviceID, phase, link } of instances.values()) {
    if (hasDeadline(deadlines, `kill:${serviceID}`)) continue;
    if (phase === "launching") yield `start:${serviceID}`;
    else if (phase === "running" && link === undefined) yield `orphan:${serviceID}`;
  }
  const registering = new Set([...relays.values()].map(({ link }) => link));
  // A spare waits for as long as nobody needs it.
  for (const { link } of spares.all.values()) if (link !== undefined) registering.add(link);
  for (const [link, { serviceID }] of links) {
    if (serviceID === undefined && !registering.has(link)) yield `hello:${link}`;
  }
}

function* sourceWaits({ waiting, connections, connectionsTo, agentLink, serviceID }: SourceState) {
  for (const [service, requests] of waiting) {
    for (const requestID of requests.keys()) yield `wait:${requestID}`;
    // Who waits is asked for, or will be soon.
    const isNamed = agentLink !== undefined && serviceID !== undefined;
    if (isNamed && !connectionsTo.has(service)) yield `retry:${service}`;
  }
  for (const { state, sourcePlug } of connections.values()) {
    if (state === "asking") yield `ask:${sourcePlug}`;
  }
}

/** Looks at every role. */
export function judgeWaits(world: World): void {
  const manager = world.manager.run?.host;
  if (manager !== undefined) {
    const { state: { deadlines }, steppedMs } = manager;
    judge(world, "manager", { deadlines, keys: managerWaits(manager.state), steppedMs });
  }
  for (const { run, name } of world.agents) {
    if (run === undefined) continue;
    const { state, steppedMs } = run.host;
    judge(world, name, { deadlines: state.deadlines, keys: agentWaits(state), steppedMs });
  }
  const callers = [...world.processes, ...world.gateways.map(({ run }) => run)];
  for (const { host: { state: { source }, steppedMs }, name } of callers) {
    judge(world, name, { deadlines: source.deadlines, keys: sourceWaits(source), steppedMs });
  }
}
