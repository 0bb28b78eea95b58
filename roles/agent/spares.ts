/**
 * Spares: processes that have loaded a service and wait to become an instance of it, so that who
 * needs one does not wait for its start. Nobody but the agent knows of them: they are no instances,
 * have no number and no plug, and end with the agent.
 *
 * They are started one at a time, and not while instances start: who waits for one comes first.
 *
 * @module
 */

import { MANIFEST_DEFAULTS, manifestIn } from "../../protocol/manifest.ts";
import { isSameText } from "../../protocol/same_text.ts";
import { clearDeadline, setDeadline } from "../deadlines.ts";
import type { LinkID } from "../step.ts";
import type {
  ProcessExited,
  SpareExited,
  SpareFailed,
  SpareReady,
  SpareStarted,
} from "./events.ts";
import type { AgentTurn, LocalInstance, Spare } from "./state.ts";

/** The name of the deadline at which spares are started that are missing. */
const REFILL_KEY = "spares:";

/** How long after something happened missing spares are started. Milliseconds. */
export const REFILL_MS = 1_000;

/** So often they are put off because instances start; then they are started all the same. */
const PUT_OFF_MAX = 10;

/** The wait after a first spare of a service has ended by itself; it doubles. Milliseconds. */
const RETRY_MS = 1_000;
/** The longest wait after spares of a service have ended by themselves. Milliseconds. */
const RETRY_MS_MAX = 60_000;
/** A spare that was ready for as long as this was a good one. Milliseconds. */
const GOOD_MS = 60_000;

/** A spare that became an instance says so at once, or its process is not what it was. */
const HANDOVER_MS = 5_000;

/** Looks for missing spares soon, if it is not going to. */
export function wantSpares(turn: AgentTurn, waitMs: number = REFILL_MS): void {
  const { deadlines, spares } = turn.state;
  const isNeeded = Object.keys(spares.wanted).length > 0;
  const dueAtMs = turn.nowMs + waitMs;
  const knownAtMs = deadlines.entries.get(REFILL_KEY)?.dueAtMs ?? Infinity;
  if (isNeeded && dueAtMs < knownAtMs) setDeadline(deadlines, REFILL_KEY, dueAtMs);
}

/** What is wanted is something else now, and what was edited is none any more. */
export function onSparesWanted(
  turn: AgentTurn,
  wanted: Readonly<Record<string, number>>,
  edited: readonly string[],
): void {
  const { spares } = turn.state;
  spares.wanted = wanted;
  for (const service of [...edited, ...spares.failures.keys()]) {
    const isGone = edited.includes(service) || wantedOf(turn, service) === 0;
    if (isGone) spares.failures.delete(service);
  }
  const kept = new Map<string, number>();
  for (const spare of spares.all.values()) {
    const count = (kept.get(spare.service) ?? 0) + 1;
    const isOfUse = !edited.includes(spare.service) && count <= wantedOf(turn, spare.service);
    if (isOfUse) kept.set(spare.service, count);
    else endSpare(turn, spare);
  }
  wantSpares(turn);
}

/** The time has come to start what is missing: one, as the next follows when that is ready. */
export function onRefillDue(turn: AgentTurn): void {
  const { spares, instances, options } = turn.state;
  let isStarting = false;
  for (const { phase } of instances.values()) isStarting ||= phase === "launching";
  if (isStarting && spares.putOff < PUT_OFF_MAX) {
    spares.putOff += 1;
    return wantSpares(turn);
  }
  for (const { phase } of spares.all.values()) if (phase === "loading") return;
  let waitMs = Infinity;
  for (const service of Object.keys(spares.wanted)) {
    if (countOf(turn, service) >= wantedOf(turn, service)) continue;
    const retryAtMs = spares.failures.get(service)?.retryAtMs ?? 0;
    if (retryAtMs <= turn.nowMs && spares.all.size < options.sparesMax) {
      return startSpare(turn, service);
    }
    waitMs = Math.min(waitMs, Math.max(REFILL_MS, retryAtMs - turn.nowMs));
  }
  spares.putOff = 0;
  if (waitMs < Infinity) wantSpares(turn, waitMs);
}

function startSpare(turn: AgentTurn, service: string): void {
  const { spares, deadlines, manifests } = turn.state;
  spares.lastID += 1;
  const spareID = spares.lastID;
  const nothing = { token: undefined, link: undefined, readyAtMs: 0, fault: undefined };
  spares.all.set(spareID, { spareID, service, phase: "loading", ...nothing });
  const startTimeoutMs = manifestIn(manifests, service)?.startTimeoutMs ??
    MANIFEST_DEFAULTS.startTimeoutMs;
  setDeadline(deadlines, `spare:${spareID}`, turn.nowMs + startTimeoutMs);
  turn.effects.push({ kind: "launchSpare", spareID, service });
}

/** Its process exists; only who shows this token is it. */
export function onSpareStarted(turn: AgentTurn, event: SpareStarted): void {
  const spare = turn.state.spares.all.get(event.spareID);
  if (spare !== undefined) spare.token = event.token;
}

/** It could not be created. */
export function onSpareFailed(turn: AgentTurn, event: SpareFailed): void {
  const spare = turn.state.spares.all.get(event.spareID);
  if (spare === undefined) return;
  forgetSpare(turn, spare);
  lose(turn, spare, event.reason);
}

/** A process says that it is a spare and has loaded its service. */
export function onSpareReady(turn: AgentTurn, { link, spareID, token }: SpareReady): void {
  const { spares, links, newcomers, deadlines } = turn.state;
  const spare = spares.all.get(spareID);
  const isAwaited = spare?.phase === "loading" && spare.token !== undefined;
  if (!isAwaited || !links.has(link) || !isSameText(token, spare.token ?? "")) {
    const reason = `Cannot take spare "${spareID}": wrong or used token`;
    turn.effects.push({ kind: "closeLink", link, reason });
    return;
  }
  spare.phase = "ready";
  spare.token = undefined;
  spare.link = link;
  spare.readyAtMs = turn.nowMs;
  newcomers.delete(link);
  clearDeadline(deadlines, `hello:${link}`);
  clearDeadline(deadlines, `spare:${spareID}`);
  wantSpares(turn, 0);
}

/** It was not ready in time, or did not end by itself: its exit follows. */
export function onSpareDue(turn: AgentTurn, spareID: number): void {
  const spare = turn.state.spares.all.get(spareID);
  if (spare === undefined) return;
  spare.fault ??= "it was not ready within its start timeout";
  turn.effects.push({ kind: "killSpare", spareID });
}

/** The link of a spare ended, so it ends itself; no instance can be made of it. */
export function onSpareUnlinked(turn: AgentTurn, link: LinkID): void {
  for (const spare of turn.state.spares.all.values()) {
    if (spare.link !== link) continue;
    spare.link = undefined;
    spare.fault = "its link to the agent ended";
    const dueAtMs = turn.nowMs + turn.state.options.orphanMs;
    setDeadline(turn.state.deadlines, `spare:${spare.spareID}`, dueAtMs);
  }
}

/** Its process has ended by itself: another one is started, later and later. */
export function onSpareExited(turn: AgentTurn, event: SpareExited): void {
  const spare = turn.state.spares.all.get(event.spareID);
  if (spare === undefined) return;
  forgetSpare(turn, spare);
  const isGood = spare.phase === "ready" && turn.nowMs - spare.readyAtMs >= GOOD_MS;
  if (isGood) turn.state.spares.failures.delete(spare.service);
  const how = event.signal === undefined
    ? `it exited with code ${event.exitCode}`
    : `it was ended by ${event.signal}`;
  const when = spare.phase === "ready" ? "while it waited" : "before it was ready";
  lose(turn, spare, [spare.fault ?? `${how} ${when}`, ...event.lastLines].join("\n"));
}

/** Told once, as it would be the same each time: what a service does when it is loaded. */
function lose(turn: AgentTurn, { service }: Spare, reason: string): void {
  const { failures } = turn.state.spares;
  const count = (failures.get(service)?.count ?? 0) + 1;
  const waitMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** (count - 1));
  failures.set(service, { count, retryAtMs: turn.nowMs + waitMs });
  if (count === 1) turn.effects.push({ kind: "spareLost", service, reason });
  wantSpares(turn);
}

/**
 * Takes the spare of which an instance is to be made; undefined: there is none that is ready.
 *
 * @returns Its number, and the link by which it is told.
 */
export function takeSpare(
  turn: AgentTurn,
  { service, serviceID }: Pick<LocalInstance, "service" | "serviceID">,
): { spareID: number; link: LinkID } | undefined {
  const { spares, deadlines, options } = turn.state;
  wantSpares(turn);
  for (const spare of spares.all.values()) {
    const { spareID, link } = spare;
    if (spare.service !== service || link === undefined) continue;
    forgetSpare(turn, spare);
    spares.failures.delete(service);
    setDeadline(deadlines, `handover:${serviceID}`, turn.nowMs + HANDOVER_MS);
    // It has to say by it that it is the instance, as who comes by any other link.
    setDeadline(deadlines, `hello:${link}`, turn.nowMs + options.helloMs);
    return { spareID, link };
  }
  return undefined;
}

/** A spare did not become an instance in time: its end makes room for a process of its own. */
export function onHandoverDue(turn: AgentTurn, serviceID: number): void {
  const instance = turn.state.instances.get(serviceID);
  if (instance?.phase === "launching") turn.effects.push({ kind: "kill", serviceID });
}

/**
 * A spare ended instead of becoming an instance, which nobody has to know: a process is started as
 * for any other.
 *
 * @returns Whether it is.
 */
export function isStartedAfresh(turn: AgentTurn, { serviceID }: ProcessExited): boolean {
  const { instances, deadlines } = turn.state;
  const instance = instances.get(serviceID);
  if (instance?.phase !== "launching" || !instance.isFromSpare) return false;
  if (instance.kills.length > 0) return false;
  instance.isFromSpare = false;
  instance.token = undefined;
  clearDeadline(deadlines, `handover:${serviceID}`);
  const { service, plugs, startMessageID: messageID } = instance;
  turn.effects.push({ kind: "launch", serviceID, service, plugs, messageID });
  return true;
}

/** Ends spares; others take their place. */
export function endSpares(turn: AgentTurn, spareIDs: readonly number[]): void {
  for (const spareID of spareIDs) {
    const spare = turn.state.spares.all.get(spareID);
    if (spare !== undefined) endSpare(turn, spare);
  }
  wantSpares(turn);
}

function endSpare(turn: AgentTurn, spare: Spare): void {
  forgetSpare(turn, spare);
  turn.effects.push({ kind: "killSpare", spareID: spare.spareID });
}

function forgetSpare(turn: AgentTurn, { spareID }: Spare): void {
  turn.state.spares.all.delete(spareID);
  clearDeadline(turn.state.deadlines, `spare:${spareID}`);
}

function wantedOf(turn: AgentTurn, service: string): number {
  const { spares: { wanted }, manifests } = turn.state;
  if (manifestIn(manifests, service) === undefined || !Object.hasOwn(wanted, service)) return 0;
  return wanted[service] ?? 0;
}

function countOf(turn: AgentTurn, service: string): number {
  let count = 0;
  for (const spare of turn.state.spares.all.values()) if (spare.service === service) count += 1;
  return count;
}
