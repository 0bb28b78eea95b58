/**
 * Flow 4, the start of an instance, and the requests that wait for it. All requests for a service
 * that is starting share that one start; each waits with a deadline, and each deadline answers.
 *
 * @module
 */

import { MANIFEST_DEFAULTS, manifestIn } from "../../../protocol/manifest.ts";
import type { MessageOf } from "../../../protocol/messages.ts";
import { cutReason } from "../../../protocol/parse_message.ts";
import { isDone, STATUS } from "../../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../../deadlines.ts";
import type { LinkID } from "../../step.ts";
import { offerConnection } from "./offers.ts";
import { choosePlug } from "../memory/plugs.ts";
import { agentOf, type AgentRecord, type Instance, manifestOf } from "../memory/registry.ts";
import { endInstance, unpark } from "./endings.ts";
import type { Parked } from "../state.ts";
import { newMessageID, record, refuse, send, sendToAgent, type Turn } from "../turn.ts";

/** Why nobody can be connected, as an answer says it. */
export interface Failure {
  /** 4xx or 5xx. */
  readonly status: number;
  /** For a person to act on. */
  readonly reason: string;
}

function parkedKey(parked: Parked): string {
  return `${parked.serviceID}/${parked.sourcePlug}`;
}

function isKnown(turn: Turn, service: string): boolean {
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
    const instance = registry.instances.get(ready[(start + offset) % ready.length] ?? 0);
    if (instance === undefined || !linkOfAgent.has(instance.agent)) continue;
    if (chosen !== undefined) {
      if (instance.incoming.size < chosen.incoming.size) chosen = instance;
      break;
    }
    chosen = instance;
  }
  if (ready.length > 1) turns.set(service, start + 1);
  return chosen;
}

/** Whether an instance of a service is on its way. */
function isStarting(turn: Turn, service: string): boolean {
  return (turn.state.registry.services.get(service)?.starting ?? 0) > 0;
}

/** Lets a request wait for a service, which is started unless it is starting already. */
export function parkRequest(turn: Turn, service: string, parked: Parked): Failure | undefined {
  const { state, nowMs } = turn;
  if (state.stopping) {
    return {
      status: STATUS.unavailable,
      reason: `Cannot start "${service}": the mesh is stopping`,
    };
  }
  if (!isKnown(turn, service)) {
    return {
      status: STATUS.notFound,
      reason: `Cannot connect to "${service}": no agent has a service of that name`,
    };
  }
  const waiting = state.parked.get(service) ?? new Map<string, Parked>();
  const key = parkedKey(parked);
  if (!waiting.has(key) && waiting.size >= state.options.parkedMax) {
    return {
      status: STATUS.tooMany,
      reason: `Cannot wait for "${service}": ${waiting.size} requests wait already`,
    };
  }
  if (!isStarting(turn, service)) {
    const failure = startInstance(turn, service, `instance ${parked.serviceID} asked for it`);
    if (failure !== undefined) return failure;
  }
  const repeated = waiting.has(key);
  waiting.set(key, parked);
  state.parked.set(service, waiting);
  if (repeated) return undefined;
  const timeoutMs = manifestOf(state.registry, service)?.startTimeoutMs ??
    MANIFEST_DEFAULTS.startTimeoutMs;
  const dueAtMs = nowMs + timeoutMs + state.options.parkedMarginMs;
  setDeadline(state.deadlines, `parked:${service}/${key}`, dueAtMs);
  return undefined;
}

/**
 * Starts an instance on the best agent. With no agent connected it starts nothing and does not fail
 * either: the agent may come back before those who wait run out of time.
 */
function startInstance(turn: Turn, service: string, reason: string): Failure | undefined {
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

/** Answers everybody who waits for a service with a connection to an instance of it. */
export function answerParked(turn: Turn, service: string): void {
  const waiting = turn.state.parked.get(service);
  if (waiting === undefined) return;
  for (const [key, parked] of waiting) {
    const instance = chooseInstance(turn, service);
    if (instance === undefined) return;
    unpark(turn, service, key);
    offerConnection(turn, instance, parked);
  }
}

/** Tells one who waits that there will be no connection. */
export function failRequest(
  turn: Turn,
  parked: Parked,
  failed: Failure & { destService: string },
): void {
  const { status, destService } = failed;
  const reason = cutReason(failed.reason);
  const service = turn.state.registry.instances.get(parked.serviceID)?.service;
  if (service !== undefined) {
    record(turn, {
      kind: "requestFailed",
      serviceID: parked.serviceID,
      service,
      destService,
      status,
      reason,
    });
  }
  const { messageID } = parked;
  send(turn, parked.link, { type: "connectionResponse", messageID, status, reason });
}

/** Tells everybody who waits for a service that it could not be started. */
export function failParked(turn: Turn, service: string, failure: Failure): void {
  const waiting = turn.state.parked.get(service);
  if (waiting === undefined) return;
  for (const [key, parked] of waiting) {
    unpark(turn, service, key);
    failRequest(turn, parked, { ...failure, destService: service });
  }
}

/** The deadline of one who waits: it is answered now, with the reason that is known. */
export function onParkedDue(turn: Turn, identity: string): void {
  const [service = "", ...rest] = identity.split("/");
  const key = rest.join("/");
  const parked = turn.state.parked.get(service)?.get(key);
  if (parked === undefined) return;
  unpark(turn, service, key);
  const connected = chooseAgent(turn, service) !== undefined;
  failRequest(turn, parked, {
    status: connected ? STATUS.deadline : STATUS.unavailable,
    reason: connected
      ? `Cannot connect to "${service}": it did not start in time`
      : `Cannot start "${service}": no agent that has it is connected`,
    destService: service,
  });
}

/** Starts a service again when somebody waits for it and nothing is on its way. */
export function startIfWanted(turn: Turn, service: string, reason: string): void {
  if (!turn.state.parked.has(service)) return;
  if (chooseInstance(turn, service) !== undefined) return answerParked(turn, service);
  if (isStarting(turn, service)) return;
  const failure = startInstance(turn, service, reason);
  if (failure !== undefined) failParked(turn, service, failure);
}

/** An instance confirmed its start, or its agent says why there was none. */
export function onStartServiceResponse(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"startServiceResponse">,
): void {
  const { state } = turn;
  const instance = state.registry.instances.get(message.serviceID);
  if (instance === undefined || instance.agent !== state.agentOfLink.get(link)) {
    const reason =
      `Cannot confirm start of "${message.serviceID}": this agent has no such instance`;
    refuse(turn, { link, type: message.type }, { status: STATUS.notFound, reason });
    if (!isDone(message.status)) return;
    // It runs, though nobody wants it: an order to start it came twice, or too late.
    const { serviceID } = message;
    const messageID = newMessageID(turn);
    return send(turn, link, { type: "hardShutdownRequest", messageID, serviceID, reason });
  }
  if (instance.state === "closing" && !isDone(message.status)) {
    const { status, reason = "its start failed" } = message;
    return endInstance(turn, instance, { status, reason });
  }
  if (instance.state !== "starting") {
    const reason = `Cannot confirm start of "${message.serviceID}": it is ${instance.state}`;
    return refuse(turn, { link, type: message.type }, { status: STATUS.conflict, reason });
  }
  clearDeadline(state.deadlines, `start:${instance.serviceID}`);
  if (!isDone(message.status)) {
    return onStartFailed(turn, instance, {
      status: message.status,
      reason: message.reason ?? "no reason was given",
    });
  }
  markStarted(turn, instance);
}

/** An instance runs: those who wait are answered, and its idle time begins. */
export function markStarted(turn: Turn, instance: Instance): void {
  const { serviceID, service } = instance;
  record(turn, { kind: "instanceStarted", serviceID, service });
  turn.state.plugRetries.delete(service);
  answerParked(turn, service);
  turn.touched.add(serviceID);
}

/** A start failed: on another plug it may succeed; otherwise everybody who waits hears why. */
export function onStartFailed(turn: Turn, instance: Instance, failure: Failure): void {
  const { service } = instance;
  const { state } = turn;
  endInstance(turn, instance, failure);
  const retries = state.plugRetries.get(service) ?? 0;
  const isPlugTaken = failure.status === STATUS.conflict && state.parked.has(service);
  if (isPlugTaken && retries < state.options.plugRetriesMax) {
    // Whoever waits goes on waiting: the end of this step starts it again, on another plug.
    state.plugRetries.set(service, retries + 1);
    return;
  }
  state.plugRetries.delete(service);
  const status = failure.status === STATUS.deadline ? STATUS.deadline : STATUS.unavailable;
  failParked(turn, service, {
    status,
    reason: `Cannot start "${service}": ${failure.reason}`,
  });
}

/** Nobody said in time whether an instance started: it counts as failed and is killed. */
export function onStartDue(turn: Turn, serviceID: number): void {
  const instance = turn.state.registry.instances.get(serviceID);
  if (instance?.state !== "starting") return;
  const agent = agentOf(turn.state.registry, instance);
  const reason = "no answer within the start timeout";
  if (agent !== undefined) {
    const messageID = newMessageID(turn);
    sendToAgent(turn, agent.agent, { type: "hardShutdownRequest", messageID, serviceID, reason });
  }
  onStartFailed(turn, instance, { status: STATUS.deadline, reason });
}
