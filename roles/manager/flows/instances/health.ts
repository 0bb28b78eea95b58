/**
 * Whether running instances are well. Each is asked now and then, and an answer, however late, says
 * that it lives. One that says nothing for several times as long as an answer may take, or says
 * that its service gives no good answer, is replaced: another one is started, then it ends.
 *
 * Nobody is blamed for the faults of others: what is asked through an agent that is away, or silent
 * itself, or by a manager that stood still, does not count.
 *
 * @module
 */

import { type HealthCheck, manifestIn } from "../../../../protocol/manifest.ts";
import type { MessageOf } from "../../../../protocol/messages.ts";
import { isDone, STATUS } from "../../../../protocol/status.ts";
import { setDeadline } from "../../../deadlines.ts";
import type { LinkID } from "../../../step.ts";
import { agentOf, type Instance, lastUseMsOf } from "../../memory/registry.ts";
import { newMessageID, refuse, sendToAgent, type Turn } from "../../turn.ts";
import { crashMarkOf, noteCrash, partOf, pauseOf } from "./crashes.ts";
import { hangs } from "./placement.ts";
import { replaceInstance } from "./replacements.ts";
import { instanceOfAgent } from "./spoken_of.ts";

/** What is known of the health of an instance. */
export interface InstanceHealth {
  /** The number of the question that is open, if one is. */
  messageID: number | undefined;
  /** The link by which it was asked. */
  link: LinkID | undefined;
  /** When it was asked last. Milliseconds since 1970. */
  askedAtMs: number;
  /** When it is looked at again. Milliseconds since 1970. */
  dueAtMs: number;
  /** How often in a row it gave no good answer in time. */
  failures: number;
  /** How many of these are silence about the open question; 0 once it is answered. */
  silences: number;
  /** Whether it has ever answered: not everything that speaks the protocol knows the question. */
  hasAnswered: boolean;
  /** Whether it is asked less often, since nobody uses it. */
  isResting: boolean;
  /** Whether it hangs, so that what is in flight there hardly ends; it is not chosen then. */
  isStuck: boolean;
}

/** One that nobody used since it was asked last is asked again after so many intervals. */
const RESTING_PARTS = 6;
/** A tick that is later than this was held up by the manager itself. Milliseconds. */
const LATE_MS = 1_000;
/** How much longer than an instance may take its answer is waited for. Milliseconds. */
const WAY_MS = 1_000;
/** What makes somebody ask at once is nothing new so soon after a question. Milliseconds. */
const ASKED_MS = 1_000;

/** How an instance is asked. */
interface Check extends HealthCheck {
  /** Whether its manifest promises that it answers. */
  readonly isPromised: boolean;
  /** Whether it is asked as by default, so that it may be asked less often while nobody uses it. */
  readonly isUsual: boolean;
}

function checkOf({ state }: Turn, instance: Instance): Check {
  const { manifests = {} } = agentOf(state.registry, instance) ?? {};
  const { health } = manifestIn(manifests, instance.service) ?? {};
  const check = health ?? state.options.health;
  const isUsual = check.path === undefined && check.intervalMs === state.options.health.intervalMs;
  return { ...check, isPromised: health !== undefined, isUsual };
}

function lookAgainIn(turn: Turn, { serviceID }: Instance, waitMs: number): void {
  const health = turn.state.healths.get(serviceID);
  if (health === undefined) return;
  health.dueAtMs = turn.nowMs + waitMs;
  setDeadline(turn.state.deadlines, `check:${serviceID}`, health.dueAtMs);
}

/** From now on a running instance is asked how it is; not all of them at the same time. */
export function watchHealth(turn: Turn, instance: Instance): void {
  const { healths } = turn.state;
  const { launched, state, serviceID } = instance;
  if (!launched || state !== "running" || healths.has(serviceID)) return;
  healths.set(serviceID, {
    messageID: undefined,
    link: undefined,
    askedAtMs: 0,
    dueAtMs: 0,
    failures: 0,
    silences: 0,
    hasAnswered: false,
    isResting: false,
    isStuck: false,
  });
  const { intervalMs } = checkOf(turn, instance);
  lookAgainIn(turn, instance, Math.ceil(intervalMs * (1 + partOf(serviceID)) / 2));
}

/** An instance is used: if that is new, it is asked as often as others from now on. */
export function endRest(turn: Turn, instance: Instance): void {
  const health = turn.state.healths.get(instance.serviceID);
  if (health?.isResting !== true) return;
  health.isResting = false;
  const { intervalMs } = checkOf(turn, instance);
  if (health.dueAtMs > turn.nowMs + intervalMs) lookAgainIn(turn, instance, intervalMs);
}

/** Somebody has trouble with an instance: it is asked at once, unless that just happened. */
export function askSoon(turn: Turn, instance: Instance): void {
  const health = turn.state.healths.get(instance.serviceID);
  if (instance.state !== "running" || health?.messageID !== undefined) return;
  if (health !== undefined && health.askedAtMs + ASKED_MS <= turn.nowMs) ask(turn, instance);
}

function ask(turn: Turn, instance: Instance): void {
  const { serviceID, agent } = instance;
  const health = turn.state.healths.get(serviceID);
  if (health === undefined) return;
  const { intervalMs, timeoutMs, path } = checkOf(turn, instance);
  const messageID = newMessageID(turn);
  const named = path === undefined ? {} : { path };
  health.link = turn.state.linkOfAgent.get(agent);
  health.silences = 0;
  health.isResting = false;
  const question = { messageID, serviceID, timeoutMs, ...named };
  if (!sendToAgent(turn, agent, { type: "serviceHealthRequest", ...question })) {
    health.messageID = undefined;
    health.failures = 0;
    return lookAgainIn(turn, instance, intervalMs);
  }
  health.messageID = messageID;
  health.askedAtMs = turn.nowMs;
  lookAgainIn(turn, instance, timeoutMs + WAY_MS);
}

/** It is time to ask an instance, or its answer is overdue. */
export function onCheckDue(turn: Turn, serviceID: number): void {
  const { registry, healths, linkOfAgent, unanswered, stopping } = turn.state;
  const instance = registry.instances.get(serviceID);
  const health = healths.get(serviceID);
  if (instance?.state !== "running" || health === undefined || stopping) return;
  // What was asked by a link that has ended is not answered any more.
  const isOpen = health.messageID !== undefined && health.link === linkOfAgent.get(instance.agent);
  if (!isOpen) return ask(turn, instance);
  const { intervalMs, timeoutMs, failures, isPromised } = checkOf(turn, instance);
  if (!isPromised && !health.hasAnswered) return lookAgainIn(turn, instance, intervalMs);
  const isHeldUp = health.dueAtMs + LATE_MS < turn.nowMs ||
    (unanswered.get(instance.agent) ?? 0) > 1;
  if (isHeldUp) return lookAgainIn(turn, instance, timeoutMs);
  health.silences += 1;
  health.failures += 1;
  if (health.failures >= failures) {
    health.isStuck = true;
    const seconds = Math.round((turn.nowMs - health.askedAtMs) / 1_000);
    judge(turn, instance, `it hangs: asked how it is, it has said nothing for ${seconds} s`);
  }
  lookAgainIn(turn, instance, timeoutMs);
}

/** An instance says how it is, or its agent says that it can't be asked. */
export function onServiceHealthResponse(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"serviceHealthResponse">,
): void {
  const { serviceID, messageID, type, status, reason = `it answers ${status}` } = message;
  // It may have ended since it was asked.
  if (!turn.state.registry.instances.has(serviceID)) return;
  const instance = instanceOfAgent(turn, link, message);
  const health = turn.state.healths.get(serviceID);
  if (instance === undefined || health === undefined) return;
  if (health.messageID !== messageID || health.link !== link) {
    const why = `Cannot match response "${messageID}": nothing was asked`;
    return refuse(turn, { link, type }, { status: STATUS.notFound, reason: why });
  }
  const { intervalMs, failures, isUsual } = checkOf(turn, instance);
  const { silences } = health;
  health.messageID = undefined;
  health.silences = 0;
  health.isResting = isUsual && isDone(status) && lastUseMsOf(instance) < health.askedAtMs;
  if (instance.state === "running") {
    const waitMs = intervalMs * (health.isResting ? RESTING_PARTS : 1);
    lookAgainIn(turn, instance, Math.max(0, health.askedAtMs + waitMs - turn.nowMs));
  }
  if (status === STATUS.notFound || isDone(status)) {
    health.failures = 0;
    // Its agent can't ask it: that says nothing of it.
    if (status === STATUS.notFound) return;
    health.hasAnswered = true;
    health.isStuck = false;
    return;
  }
  health.hasAnswered = true;
  health.isStuck = status === STATUS.deadline;
  // Its silence before was about the same question.
  if (silences === 0) health.failures += 1;
  if (health.failures >= failures) judge(turn, instance, `it is not well: ${reason}`);
}

/** It is found to be sick: that counts as a crash, and another one takes its place. */
function judge(turn: Turn, instance: Instance, reason: string): void {
  const { service, leaving, state, serviceID } = instance;
  if (leaving !== "none" || state !== "running" || turn.state.stopping) return;
  // What still answers is better than nothing, which is all that there is during a pause.
  if (!hangs(turn, serviceID) && pauseOf(turn, service) !== undefined) return;
  const crash = crashMarkOf(turn, instance);
  replaceInstance(turn, instance, { cause: "unhealthy", reason, crash });
  noteCrash(turn, service);
}
