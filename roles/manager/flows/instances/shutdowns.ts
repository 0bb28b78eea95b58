/**
 * Flows 8 and 9: an instance is drained (its sources close their connections and go elsewhere),
 * asked to end, and killed when its grace is over. Each phase has a deadline that leads to the
 * next.
 *
 * @module
 */

import { MANIFEST_DEFAULTS } from "../../../../protocol/manifest.ts";
import type { MessageOf } from "../../../../protocol/messages.ts";
import { cutReason } from "../../../../protocol/parse_message.ts";
import { isDone, STATUS } from "../../../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../../../deadlines.ts";
import type { LinkID } from "../../../step.ts";
import { abandonConnection, closeConnection, closeUnknown } from "../connections/closes.ts";
import { endInstance } from "./endings.ts";
import type { ClosingPhase } from "../../memory/facts.ts";
import { endsOf, type Instance, manifestOf } from "../../memory/registry.ts";
import { instanceOfAgent } from "./spoken_of.ts";
import { onStartFailed } from "./starts.ts";
import {
  finishCommands,
  newMessageID,
  record,
  refuse,
  sendToAgent,
  type Turn,
} from "../../turn.ts";

/** The longest time for which an instance may put off its end: ten minutes. Milliseconds. */
const REFUSAL_MS_MAX = 600_000;

function graceMs(turn: Turn, instance: Instance): number {
  return (manifestOf(turn.state.registry, instance.service) ?? MANIFEST_DEFAULTS).graceMs;
}

function enterPhase(
  turn: Turn,
  instance: Instance,
  entered: { phase: ClosingPhase; reason: string; waitMs?: number; isFault?: boolean },
): void {
  const { serviceID, service } = instance;
  const { phase, reason, isFault = false } = entered;
  const fault = isFault ? { isFault } : {};
  record(turn, { kind: "instanceClosing", serviceID, service, phase, reason, ...fault });
  clearDeadline(turn.state.deadlines, `instance:${serviceID}`);
  clearDeadline(turn.state.deadlines, `check:${serviceID}`);
  const { closeMs } = turn.state.options;
  const { waitMs = phase === "hard" ? closeMs : graceMs(turn, instance) } = entered;
  setDeadline(turn.state.deadlines, `phase:${serviceID}`, turn.nowMs + waitMs);
}

/**
 * Closes an instance that may be in use: its sources are asked first, and go elsewhere. What is in
 * flight has the instance's own grace for it; where nothing presses, a longer time of its manager.
 */
export function drainInstance(
  turn: Turn,
  instance: Instance,
  { reason, isPatient = false }: { reason: string; isPatient?: boolean },
): void {
  if (instance.incoming.length === 0) return shutDownSoftly(turn, instance, reason);
  const ownMs = graceMs(turn, instance);
  const waitMs = isPatient ? Math.max(ownMs, turn.state.options.drainMs) : ownMs;
  enterPhase(turn, instance, { phase: "drain", reason, waitMs });
  for (const connection of instance.incoming) closeConnection(turn, connection, reason);
}

/** The last source of a draining instance has closed: it is asked to end. */
export function continueDrain(turn: Turn, instance: Instance): void {
  if (instance.phase !== "drain" || instance.incoming.length > 0) return;
  shutDownSoftly(turn, instance, "its connections are closed");
}

/** Flow 8: the instance is asked to finish and exit; one that has refused that can't once more. */
export function shutDownSoftly(turn: Turn, instance: Instance, reason: string): void {
  const { serviceID } = instance;
  const isFinal = turn.state.refusals.has(serviceID);
  if (isFinal) turn.state.refusals.set(serviceID, "answered");
  enterPhase(turn, instance, { phase: "soft", reason });
  sendToAgent(turn, instance.agent, {
    type: "softShutdownRequest",
    messageID: newMessageID(turn),
    serviceID,
    graceMs: graceMs(turn, instance),
    ...(isFinal ? { isFinal } : {}),
    reason,
  });
}

/** The instance does not end now: it is asked again after the time that it says, and then ends. */
function takeRefusal(
  turn: Turn,
  instance: Instance,
  { reason: said = "it refuses to end", retryAfterMs = 0 }: MessageOf<"softShutdownResponse">,
): void {
  const { serviceID } = instance;
  const waitMs = Math.min(retryAfterMs, REFUSAL_MS_MAX);
  const reason = cutReason(`refused: ${said}; asked again in ${Math.ceil(waitMs / 1_000)} s`);
  turn.state.refusals.set(serviceID, "waiting");
  enterPhase(turn, instance, { phase: "soft", reason, waitMs });
  finishCommands(turn, `instance:${serviceID}`, {
    status: STATUS.conflict,
    reason: cutReason(`Cannot stop "${serviceID}" now: ${reason}, and then ends; kill ends it now`),
  });
}

/** Flow 9: the agent kills the process group of the instance. */
export function shutDownHard(turn: Turn, instance: Instance, reason: string): void {
  kill(turn, instance, { reason, isFault: false });
}

/** Flow 9, for a fault of its own: its end is a crash, though it was ordered. */
export function killForFault(turn: Turn, instance: Instance, reason: string): void {
  kill(turn, instance, { reason, isFault: true });
}

/** Has an instance killed. Its sources hear it first, so that nobody waits for it any more. */
function kill(
  turn: Turn,
  instance: Instance,
  { reason, isFault }: { reason: string; isFault: boolean },
): void {
  const { service, serviceID, agent, incoming, phase } = instance;
  enterPhase(turn, instance, { phase: "hard", reason, isFault });
  for (const connection of phase === "hard" ? [] : incoming) {
    abandonConnection(turn, connection, `${service}#${serviceID} is killed`);
  }
  const messageID = newMessageID(turn);
  sendToAgent(turn, agent, { type: "hardShutdownRequest", messageID, serviceID, reason });
}

/** Asks again for what an agent may have missed while its link was down. */
export function repeatPhase(turn: Turn, instance: Instance): void {
  const reason = "asked again after the agent was away";
  if (instance.phase === "hard") return shutDownHard(turn, instance, reason);
  // What was put off is asked for again when its time has come.
  if (turn.state.refusals.get(instance.serviceID) === "waiting") return;
  if (instance.phase === "soft") return shutDownSoftly(turn, instance, reason);
}

/** A phase of closing took its whole time: the next one begins. */
export function onPhaseDue(turn: Turn, serviceID: number): void {
  const { registry, linkOfAgent, options, killAttempts, deadlines } = turn.state;
  const instance = registry.instances.get(serviceID);
  if (instance?.state !== "closing") return;
  if (instance.phase === "drain") {
    const health = turn.state.healths.get(serviceID);
    const isSilent = health?.isStuck === true && health.silences > 0;
    if (isSilent) return shutDownHard(turn, instance, "it hangs, so it can't end by itself");
    return shutDownSoftly(turn, instance, "its connections did not close in time");
  }
  if (instance.phase === "soft") {
    const isRefused = turn.state.refusals.get(serviceID) === "waiting";
    if (isRefused) return shutDownSoftly(turn, instance, "asked again after it had refused");
    return shutDownHard(turn, instance, "its grace is over");
  }
  if (!linkOfAgent.has(instance.agent)) {
    // The agent comes back and is told again, or is given up with all that it has.
    return setDeadline(deadlines, `phase:${serviceID}`, turn.nowMs + options.agentLostMs);
  }
  const attempts = (killAttempts.get(serviceID) ?? 1) + 1;
  if (attempts <= options.killAttemptsMax) {
    killAttempts.set(serviceID, attempts);
    return shutDownHard(turn, instance, "its agent did not say that it is killed");
  }
  endInstance(turn, instance, {
    status: STATUS.deadline,
    reason: `given up: its agent was told ${options.killAttemptsMax} times to kill it`,
  });
}

/** Flow 8: the instance exits now (and its exit follows), or says why it does not. */
export function onSoftShutdownResponse(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"softShutdownResponse">,
): void {
  const instance = instanceOfAgent(turn, link, message);
  if (instance === undefined || (instance.state === "closing" && isDone(message.status))) return;
  const mayRefuse = instance.phase === "soft" && !turn.state.refusals.has(message.serviceID);
  if (mayRefuse && message.retryAfterMs !== undefined) return takeRefusal(turn, instance, message);
  const reason = instance.state === "closing"
    ? message.reason ?? "the instance refuses to end"
    : `Cannot match response of "${message.serviceID}": nothing was asked`;
  refuse(turn, { link, type: message.type }, { status: STATUS.conflict, reason });
}

/** Flow 9: the instance is killed, or its agent had none. */
export function onHardShutdownResponse(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"hardShutdownResponse">,
): void {
  const instance = instanceOfAgent(turn, link, message);
  if (instance === undefined) return;
  const isGone = isDone(message.status) || message.status === STATUS.notFound;
  if (instance.phase !== "hard" || !isGone) {
    const reason = message.reason ?? `Cannot match response of "${message.serviceID}"`;
    return refuse(turn, { link, type: message.type }, { status: STATUS.conflict, reason });
  }
  endInstance(turn, instance, { status: STATUS.done, reason: message.reason ?? "killed" });
}

/** The process of an instance has ended, whether asked to or not. */
export function onServiceTerminationInfo(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"serviceTerminationInfo">,
): void {
  const instance = instanceOfAgent(turn, link, message);
  if (instance === undefined) return;
  const { status, exitCode, signal } = message;
  const reason = message.reason ?? "it ended";
  if (instance.state === "starting") return onStartFailed(turn, instance, { status, reason });
  // What nobody asked it to do is a crash, even if it exits as if all were well.
  const isCrash = instance.launched && instance.state === "running";
  const left = instance.launched ? [] : [...instance.outgoing].map(endsOf);
  endInstance(turn, instance, { status, reason, exitCode, signal, isCrash });
  for (const ends of left) closeAtDestination(turn, ends);
}

/**
 * A gateway that its agent lost may run on, with a certificate that was revoked: nobody but the
 * other end can close what it has open.
 */
function closeAtDestination(turn: Turn, ends: ReturnType<typeof endsOf>): void {
  const { registry, linkOfAgent } = turn.state;
  const { serviceID, sourcePlug, destPlug, destServiceID } = ends;
  const link = linkOfAgent.get(registry.instances.get(destServiceID)?.agent ?? "");
  if (link === undefined) return;
  const reason = "its source has ended";
  closeUnknown(turn, link, { serviceID, sourcePlug, destPlug, destServiceID, reason });
}
