/**
 * Flow 4, the outcome of a start: an instance confirms it, its agent says why there was none, or
 * nobody says anything in time.
 *
 * @module
 */

import type { MessageOf } from "../../../../protocol/messages.ts";
import { isDone, STATUS } from "../../../../protocol/status.ts";
import { clearDeadline } from "../../../deadlines.ts";
import type { LinkID } from "../../../step.ts";
import type { StartSplit } from "../../memory/facts.ts";
import { agentOf, type Instance } from "../../memory/registry.ts";
import { endInstance } from "./endings.ts";
import { isWorthWaiting, watchRecovery } from "./crashes.ts";
import type { Replacement } from "../../state.ts";
import { newMessageID, record, refuse, send, sendToAgent, type Turn } from "../../turn.ts";
import { type Failure, isStarting } from "./placement.ts";
import { answerParked, failParked } from "../connections/parking.ts";

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
  const { ticketKey } = message;
  if (ticketKey !== undefined) state.ticketKeys.set(instance.serviceID, ticketKey);
  markStarted(turn, instance, splitOf(turn, instance, message));
}

/** Where the time of a start went, if its agent says it. */
function splitOf(
  { state, nowMs }: Turn,
  { service, sinceMs }: Instance,
  { spawnMs, loadMs }: MessageOf<"startServiceResponse">,
): StartSplit | undefined {
  if (spawnMs === undefined || loadMs === undefined) return undefined;
  let firstMs = sinceMs;
  for (const parked of state.parked.get(service)?.values() ?? []) {
    firstMs = Math.min(firstMs, parked.sinceMs ?? sinceMs);
  }
  const placeMs = Math.max(0, nowMs - sinceMs - spawnMs - loadMs);
  return { waitMs: sinceMs - firstMs, placeMs, spawnMs, loadMs };
}

/** An instance runs: those who wait are answered, and its idle time begins. */
export function markStarted(turn: Turn, instance: Instance, took?: StartSplit): void {
  const { serviceID, service } = instance;
  const split = took === undefined ? {} : { took };
  record(turn, { kind: "instanceStarted", serviceID, service, ...split });
  turn.state.plugRetries.delete(service);
  answerParked(turn, service);
  watchRecovery(turn, service);
  turn.touched.add(serviceID);
}

/** A start failed: on another plug it may succeed; otherwise everybody who waits hears why. */
export function onStartFailed(turn: Turn, instance: Instance, failure: Failure): void {
  const { service } = instance;
  const { state } = turn;
  endInstance(turn, instance, { ...failure, isCrash: isOwnFault(failure) });
  const retries = state.plugRetries.get(service) ?? 0;
  const isPlugTaken = failure.status === STATUS.conflict;
  if (!isPlugTaken) noteFailure(turn, instance, failure);
  if (isPlugTaken && state.parked.has(service) && retries < state.options.plugRetriesMax) {
    // Whoever waits goes on waiting: the end of this step starts it again, on another plug.
    state.plugRetries.set(service, retries + 1);
    return;
  }
  // Another start is on its way, as the agent of this one was away.
  if (isStarting(turn, service)) return;
  state.plugRetries.delete(service);
  if (isWorthWaiting(turn, service)) return;
  const status = failure.status === STATUS.deadline ? STATUS.deadline : STATUS.unavailable;
  failParked(turn, service, {
    status,
    reason: `Cannot start "${service}": ${failure.reason}`,
  });
}

/** Whether a start failed because of the service: its agent did what it could. */
function isOwnFault({ status }: Failure): boolean {
  return status === STATUS.failed || status === STATUS.deadline;
}

/**
 * Whoever waits for an instance to replace another one looks at it in the end of the step. Where
 * the code is what is new, the other instances of the service would fare no better; and what was
 * edited again meanwhile says nothing of what there is now.
 */
function noteFailure(turn: Turn, instance: Instance, failure: Failure): void {
  const { replacements, registry } = turn.state;
  const { service, serviceID, leaving } = instance;
  const ofService = replacements.get(service) ?? new Map<number, Replacement>();
  const failed = [...ofService.values()].filter(({ successor }) => successor === serviceID);
  if (failed.length === 0 || leaving === "outdated") return;
  for (const replacement of failed) replacement.failure = failure.reason;
  if (!isOwnFault(failure)) return;
  for (const [leavingID, replacement] of ofService) {
    const isNext = replacement.successor === undefined;
    if (!isNext || registry.instances.get(leavingID)?.leaving !== "outdated") continue;
    replacement.failure = failure.reason;
  }
}

/** Nobody said in time whether an instance started: it counts as failed and is killed. */
export function onStartDue(turn: Turn, serviceID: number): void {
  const instance = turn.state.registry.instances.get(serviceID);
  if (instance?.state !== "starting") return;
  const agent = agentOf(turn.state.registry, instance);
  const reason = "no answer within the start timeout";
  const messageID = newMessageID(turn);
  const kill = { type: "hardShutdownRequest", messageID, serviceID, reason } as const;
  if (agent === undefined || !sendToAgent(turn, agent.agent, kill)) {
    // It is no fault of the service: whoever waits may find it elsewhere, within their time.
    return endInstance(turn, instance, { status: STATUS.deadline, reason });
  }
  onStartFailed(turn, instance, { status: STATUS.deadline, reason });
}
