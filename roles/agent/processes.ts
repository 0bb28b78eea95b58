/**
 * Flow 4 and flow 9 at the agent: processes are launched, end, or are killed.
 *
 * @module
 */

import { MANIFEST_DEFAULTS, manifestIn } from "../../protocol/manifest.ts";
import type { MessageOf } from "../../protocol/messages.ts";
import { cutReason } from "../../protocol/parse_message.ts";
import { isDone, STATUS } from "../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../deadlines.ts";
import type { ProcessExited, ProcessFailed, ProcessStarted } from "./events.ts";
import { endAdoptionIfWhole } from "./registration.ts";
import { forgetDownward, forgetLink } from "./relays.ts";
import { isStartedAfresh, takeSpare } from "./spares.ts";
import {
  type AgentTurn,
  type LocalFailure,
  type LocalInstance,
  newInstance,
  newMessageID,
  send,
  sendUp,
} from "./state.ts";

/** Flow 4: the manager wants an instance. A repeated request changes nothing. */
export function onStartServiceRequest(
  turn: AgentTurn,
  message: MessageOf<"startServiceRequest">,
): void {
  const { instances, deadlines } = turn.state;
  const { serviceID, serviceName, messageID } = message;
  const known = instances.get(serviceID);
  if (known !== undefined) {
    if (known.phase === "running") answerStart(turn, known, { status: STATUS.done });
    return;
  }
  const manifest = manifestIn(turn.state.manifests, serviceName);
  const refusal = refusalOf(turn, serviceName);
  if (refusal !== undefined) {
    return sendUp(turn, { type: "startServiceResponse", messageID, serviceID, ...refusal });
  }
  const startTimeoutMs = message.startTimeoutMs ?? manifest?.startTimeoutMs ??
    MANIFEST_DEFAULTS.startTimeoutMs;
  setDeadline(deadlines, `start:${serviceID}`, turn.nowMs + startTimeoutMs);
  const spare = takeSpare(turn, { serviceID, service: serviceName });
  const plugs = message.plugConfiguration;
  instances.set(
    serviceID,
    newInstance({
      serviceID,
      service: serviceName,
      plugs,
      launched: true,
      startMessageID: messageID,
      startTimeoutMs,
      askedMs: turn.nowMs,
      phase: "launching",
      isFromSpare: spare !== undefined,
    }),
  );
  turn.effects.push({
    kind: "launch",
    serviceID,
    service: serviceName,
    plugs,
    messageID,
    ...(spare === undefined ? {} : { spare }),
  });
}

/** Why a service can't be started here, if so. */
function refusalOf(turn: AgentTurn, service: string): LocalFailure | undefined {
  const { instances, manifests, options: { name, capacity = Infinity, instancesMax } } = turn.state;
  const what = `Cannot start "${service}": agent ${name}`;
  if (manifestIn(manifests, service) === undefined) {
    return { status: STATUS.notFound, reason: `${what} has no such service` };
  }
  let launched = 0;
  for (const instance of instances.values()) if (instance.launched) launched += 1;
  if (instances.size < instancesMax && launched < capacity) return undefined;
  const count = instances.size < instancesMax ? launched : instances.size;
  return { status: STATUS.unavailable, reason: `${what} runs ${count} instances` };
}

/** The process exists; only who shows this token is it. */
export function onProcessStarted(turn: AgentTurn, event: ProcessStarted): void {
  const instance = turn.state.instances.get(event.serviceID);
  if (instance?.phase !== "launching") return;
  instance.token = event.token;
  instance.ticketKey = event.ticketKey;
}

/** There is no process, so the start has failed. */
export function onProcessFailed(turn: AgentTurn, event: ProcessFailed): void {
  const instance = turn.state.instances.get(event.serviceID);
  if (instance === undefined) return;
  answerStart(turn, instance, { status: STATUS.failed, reason: event.reason });
  forgetInstance(turn, instance);
}

/** Tells the manager what became of a start. */
export function answerStart(
  turn: AgentTurn,
  instance: LocalInstance,
  outcome: { status: number; reason?: string; loadMs?: number | undefined },
): void {
  const { serviceID, startMessageID: messageID, ticketKey } = instance;
  const { status } = outcome;
  const key = ticketKey === undefined || !isDone(status) ? {} : { ticketKey };
  const reason = outcome.reason === undefined ? {} : { reason: cutReason(outcome.reason) };
  sendUp(turn, {
    type: "startServiceResponse",
    messageID,
    status,
    serviceID,
    ...key,
    ...splitOf(turn, instance, outcome.loadMs),
    ...reason,
  });
}

/** What of the time of a start was the process's own, as it says, and what was not. */
function splitOf(
  { nowMs }: AgentTurn,
  { askedMs }: LocalInstance,
  loadMs: number | undefined,
): { readonly loadMs?: number; readonly spawnMs?: number } {
  return loadMs === undefined ? {} : { loadMs, spawnMs: Math.max(0, nowMs - askedMs - loadMs) };
}

/** The start took too long: the process is killed, and its last lines say more when it is gone. */
export function onStartDue(turn: AgentTurn, serviceID: number): void {
  const instance = turn.state.instances.get(serviceID);
  if (instance?.phase !== "launching") return;
  instance.phase = "failing";
  // Whoever shows the token from now on is too late: the kill is on its way.
  instance.token = undefined;
  const reason = `not ready within its start timeout of ${instance.startTimeoutMs / 1_000} s`;
  instance.failure = { status: STATUS.deadline, reason };
  killInstance(turn, instance);
}

/** What came by itself is gone: its link ended, and it did not come by another one. */
export function endGateway(turn: AgentTurn, instance: LocalInstance): void {
  const { serviceID, lastWords } = instance;
  forgetInstance(turn, instance);
  const words = lastWords ?? { status: STATUS.gone, reason: "it did not come back" };
  sendUp(turn, { type: "serviceTerminationInfo", serviceID, ...words });
}

/** Kills a process group, again and again until it is gone. */
export function killInstance(turn: AgentTurn, instance: LocalInstance): void {
  const { serviceID } = instance;
  turn.effects.push({ kind: "kill", serviceID });
  setDeadline(turn.state.deadlines, `kill:${serviceID}`, turn.nowMs + turn.state.options.killMs);
}

/** A process that lost its link or failed did not end itself, or a gateway did not come back. */
export function onOrphanDue(turn: AgentTurn, serviceID: number): void {
  const instance = turn.state.instances.get(serviceID);
  if (instance === undefined) return;
  if (!instance.launched) return endGateway(turn, instance);
  instance.lastWords ??= { status: STATUS.failed, reason: "killed: it did not end by itself" };
  killInstance(turn, instance);
}

/** A killed process is not gone yet: whoever asked hears that, and it is killed again. */
export function onKillDue(turn: AgentTurn, serviceID: number): void {
  const instance = turn.state.instances.get(serviceID);
  if (instance === undefined) return;
  for (const messageID of instance.kills.splice(0)) {
    const reason = "its process group is still there after it was killed";
    const status = STATUS.deadline;
    sendUp(turn, { type: "hardShutdownResponse", messageID, serviceID, status, reason });
  }
  killInstance(turn, instance);
}

/** Flow 9: the manager wants an instance killed. What came by itself is let go instead. */
export function onHardShutdownRequest(
  turn: AgentTurn,
  message: MessageOf<"hardShutdownRequest">,
): void {
  const { messageID, serviceID } = message;
  const instance = turn.state.instances.get(serviceID);
  if (instance === undefined) {
    const reason = `Cannot kill "${serviceID}": this agent has no such instance`;
    const status = STATUS.notFound;
    return sendUp(turn, { type: "hardShutdownResponse", messageID, serviceID, status, reason });
  }
  if (instance.launched) {
    instance.kills.push(messageID);
    instance.lastWords ??= { status: STATUS.done, reason: message.reason ?? "killed" };
    return killInstance(turn, instance);
  }
  const status = STATUS.done;
  sendUp(turn, { type: "hardShutdownResponse", messageID, serviceID, status });
  if (instance.link !== undefined) {
    const known = turn.state.links.get(instance.link);
    if (known !== undefined) known.serviceID = undefined;
    const dueAtMs = turn.nowMs + turn.state.options.helloMs;
    setDeadline(turn.state.deadlines, `hello:${instance.link}`, dueAtMs);
    const reason = message.reason ?? "the manager does not know it";
    const id = newMessageID(turn);
    send(turn, instance.link, { type: "softShutdownRequest", messageID: id, serviceID, reason });
  }
  forgetInstance(turn, instance);
}

function describeExit(event: ProcessExited): string {
  if (event.exitCode === undefined) return "ended; its exit code is not known";
  return event.signal === undefined
    ? `exited with code ${event.exitCode}`
    : `was ended by ${event.signal}`;
}

function withLines(text: string, lines: readonly string[]): string {
  return lines.length === 0 ? text : `${text}\n${lines.join("\n")}`;
}

/** The process of an instance has ended: the manager hears of it the moment that it happens. */
export function onProcessExited(turn: AgentTurn, event: ProcessExited): void {
  const instance = turn.state.instances.get(event.serviceID);
  if (instance === undefined || isStartedAfresh(turn, event)) return;
  forgetInstance(turn, instance);
  if (instance.phase === "recorded") return endAdoptionIfWhole(turn);
  const { serviceID } = instance;
  for (const messageID of instance.kills) {
    const reason = instance.lastWords?.reason ?? "killed";
    const status = STATUS.done;
    sendUp(turn, { type: "hardShutdownResponse", messageID, serviceID, status, reason });
  }
  if (instance.kills.length > 0) return;
  if (instance.phase === "launching" || instance.failure !== undefined) {
    const failure = instance.failure ??
      { status: STATUS.failed, reason: `${describeExit(event)} before it was ready` };
    const reason = withLines(failure.reason, event.lastLines);
    return answerStart(turn, instance, { status: failure.status, reason });
  }
  if (instance.phase === "failing") return;
  reportEnd(turn, instance, event);
}

function reportEnd(turn: AgentTurn, instance: LocalInstance, event: ProcessExited): void {
  const { exitCode } = event;
  // Of a process that is not its child the agent sees only that it ended.
  const failed = exitCode === undefined
    ? !instance.isLeaving
    : exitCode !== 0 || event.signal !== undefined;
  const words = instance.lastWords;
  const exit = describeExit(event);
  const text = words === undefined ? exit : `${words.reason}; ${exit}`;
  sendUp(turn, {
    type: "serviceTerminationInfo",
    serviceID: instance.serviceID,
    status: words?.status ?? (failed ? STATUS.failed : STATUS.done),
    ...(exitCode === undefined ? {} : { exitCode: Math.max(-255, Math.min(255, exitCode)) }),
    ...(event.signal === undefined ? {} : { signal: event.signal }),
    reason: cutReason(failed ? withLines(text, event.lastLines) : text),
  });
}

/** Removes every trace of an instance. */
export function forgetInstance(turn: AgentTurn, instance: LocalInstance): void {
  const { instances, deadlines } = turn.state;
  const { serviceID, link } = instance;
  instances.delete(serviceID);
  for (const kind of ["start", "orphan", "kill", "handover"]) {
    clearDeadline(deadlines, `${kind}:${serviceID}`);
  }
  if (!instance.launched) turn.effects.push({ kind: "forget", serviceID });
  if (link === undefined) return;
  // The link of a gateway may be that of another instance soon, which was asked for nothing.
  if (!instance.launched) return forgetDownward(turn, link);
  turn.effects.push({ kind: "closeLink", link, reason: `${instance.service}#${serviceID} ended` });
  forgetLink(turn, link);
}
