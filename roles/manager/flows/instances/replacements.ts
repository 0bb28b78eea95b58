/**
 * Instances that are replaced while they run, because their agent is drained, their code is old,
 * they hold too much memory, their process is given up or their agent has the service no more:
 * another one is started first and runs, then the old one is drained, so that no request notices.
 * One that nobody uses is just shut down.
 *
 * What is to be replaced is in the history, so a manager that was restarted goes on with it.
 *
 * @module
 */

import { STATUS } from "../../../../protocol/status.ts";
import type { CrashMark, LeavingCause } from "../../memory/facts.ts";
import type { Instance } from "../../memory/registry.ts";
import type { Replacement } from "../../state.ts";
import { finishCommands, record, type Turn } from "../../turn.ts";
import { hangs, isAwaited, isStarting, startInstance } from "./placement.ts";
import { boundsOf, countLive, isSurplus } from "../scale/bounds.ts";
import { drainInstance, shutDownSoftly } from "./shutdowns.ts";

/** Most things that an outcome names. */
const NAMED_MAX = 5;

/** Of several causes the last one counts: a service that is gone is gone, drained or not. */
const CAUSES: readonly Instance["leaving"][] = [
  "none",
  "memory",
  "moving",
  "unhealthy",
  "outdated",
  "drain",
  "removed",
];

/** Begins to replace an instance, unless that goes on already or the instance ends anyway. */
export function replaceInstance(
  turn: Turn,
  instance: Instance,
  { cause, reason, crash }: { cause: LeavingCause; reason: string; crash?: CrashMark },
): void {
  const { serviceID, service, launched, state, leaving } = instance;
  if (!launched || state === "closing") return;
  if (CAUSES.indexOf(cause) > CAUSES.indexOf(leaving)) {
    const mark = crash === undefined ? {} : { crash };
    record(turn, { kind: "instanceLeaving", serviceID, service, cause, reason, ...mark });
  }
  watchInstance(turn, instance);
}

/** Takes care of an instance that is to be replaced, as the history says. */
export function watchInstance(turn: Turn, { service, serviceID }: Instance): void {
  const { replacements } = turn.state;
  const ofService = replacements.get(service) ?? new Map<number, Replacement>();
  replacements.set(service, ofService);
  if (!ofService.has(serviceID)) {
    ofService.set(serviceID, { successor: undefined, starts: 0, failure: undefined });
  }
  turn.touched.add(serviceID);
}

/** An instance stays after all. */
export function keepInstance(turn: Turn, instance: Instance, reason: string): void {
  const { serviceID, service } = instance;
  record(turn, { kind: "instanceLeaving", serviceID, service, cause: "none", reason });
  forgetReplacement(turn, instance);
  for (const move of turn.state.moves.values()) {
    if (move.waiting.delete(serviceID)) move.failed.push(`${service}#${serviceID}: ${reason}`);
  }
}

function forgetReplacement(
  turn: Turn,
  { service, serviceID }: { service: string; serviceID: number },
): void {
  const ofService = turn.state.replacements.get(service);
  ofService?.delete(serviceID);
  if (ofService?.size !== 0) return;
  turn.state.replacements.delete(service);
  turn.state.held.delete(service);
}

/** Something of a service has changed: its replacements may go on. */
export function continueReplacements(turn: Turn, service: string): void {
  const { registry, replacements, held } = turn.state;
  const ofService = replacements.get(service);
  if (ofService === undefined) return;
  // A start of this service may just have ended: then it is the turn of another one.
  const [next] = held;
  if (next !== undefined && hasRoom(turn)) {
    held.delete(next);
    turn.wanted.add(next);
  }
  for (const [serviceID, replacement] of ofService) {
    const instance = registry.instances.get(serviceID);
    if (instance === undefined) forgetReplacement(turn, { service, serviceID });
    else continueReplacement(turn, instance, replacement);
  }
}

function continueReplacement(turn: Turn, instance: Instance, replacement: Replacement): void {
  const { linkOfAgent, stopping } = turn.state;
  // A start has its own end, as has a closing; an agent that is away comes back or is given up.
  if (instance.state !== "running" || !linkOfAgent.has(instance.agent) || stopping) return;
  const reason = LEAVING_TEXTS[instance.leaving];
  // Of those that shall run none ends before another one takes its place.
  const isUnused = instance.incoming.length === 0;
  if (isUnused && isSurplus(turn, instance.service)) return shutDownSoftly(turn, instance, reason);
  const { failure } = replacement;
  if (failure !== undefined) return giveUp(turn, instance, `Cannot replace it: ${failure}`);
  const successor = findSuccessor(turn, instance, replacement);
  if (successor === undefined) return startSuccessor(turn, instance, replacement);
  replacement.successor = successor.serviceID;
  if (successor.state === "running") drainForOthers(turn, instance);
}

/** Whether it hangs: what is in flight there hardly ends, and nobody loses anything with it. */
function isStuck(turn: Turn, { leaving, serviceID }: Instance): boolean {
  return leaving === "unhealthy" && hangs(turn, serviceID);
}

/** Others serve those of an instance: it ends once nothing is in flight there. */
function drainForOthers(turn: Turn, instance: Instance): void {
  const reason = LEAVING_TEXTS[instance.leaving];
  drainInstance(turn, instance, { reason, isPatient: !isStuck(turn, instance) });
}

/** There is none to take its place: it stays, if it is of any use, or for as long as it can. */
function giveUp(turn: Turn, instance: Instance, reason: string): void {
  if (instance.leaving === "moving") return;
  if (isStuck(turn, instance)) drainInstance(turn, instance, { reason: LEAVING_TEXTS.unhealthy });
  else keepInstance(turn, instance, reason);
}

const LEAVING_TEXTS = {
  drain: "its agent drains",
  memory: "it holds too much memory",
  unhealthy: "it is not well",
  moving: "its process is given up",
  outdated: "another one replaces it",
  removed: "its agent has the service no more",
  none: "it is not used",
} as const;

/** Whether an instance may take over from another: sources will find it. */
function isFresh(turn: Turn, instance: Instance | undefined): instance is Instance {
  return instance !== undefined && instance.state !== "closing" && instance.leaving === "none" &&
    turn.state.linkOfAgent.has(instance.agent);
}

/** The successor that was found before, or a new instance that nobody uses or waits for yet. */
function findSuccessor(
  turn: Turn,
  instance: Instance,
  replacement: Replacement,
): Instance | undefined {
  const { registry, replacements } = turn.state;
  const before = registry.instances.get(replacement.successor ?? 0);
  if (isFresh(turn, before)) return before;
  const taken = new Set<number | undefined>();
  for (const other of replacements.get(instance.service)?.values() ?? []) {
    taken.add(other.successor);
  }
  for (const serviceID of registry.services.get(instance.service)?.instances ?? []) {
    const other = registry.instances.get(serviceID);
    if (taken.has(serviceID) || !isFresh(turn, other) || other.incoming.length > 0) continue;
    return other;
  }
  return undefined;
}

/** Starts a successor: one of a service at a time, and few in all, as hosts have other work. */
function startSuccessor(turn: Turn, instance: Instance, replacement: Replacement): void {
  const { options, held } = turn.state;
  const { service } = instance;
  if (isStarting(turn, service) || isAwaited(turn, service)) return;
  if (isOneTooMany(turn, service)) return drainForOthers(turn, instance);
  if (!hasRoom(turn)) return void held.add(service);
  if (replacement.starts > options.plugRetriesMax) {
    return giveUp(turn, instance, `Cannot replace it: ${replacement.starts} starts failed`);
  }
  const reason = `it replaces ${service}#${instance.serviceID}`;
  const start = startInstance(turn, { service, replaces: instance }, reason);
  if (start.kind === "ordered") {
    replacement.successor = start.serviceID;
    replacement.starts += 1;
    return;
  }
  // After a crash; the end of the pause brings it here again.
  if (start.kind === "paused") return;
  // With fewer than before all are still served; and what nobody has can't be kept.
  if (instance.leaving === "removed" || hasFresh(turn, service)) {
    return drainForOthers(turn, instance);
  }
  giveUp(turn, instance, start.reason);
}

/** Whether there are more instances than may be, so that others serve those of one that ends. */
function isOneTooMany(turn: Turn, service: string): boolean {
  return countLive(turn, service) > boundsOf(turn, service).max && hasFresh(turn, service);
}

function hasFresh(turn: Turn, service: string): boolean {
  const ready = turn.state.registry.services.get(service)?.ready ?? [];
  return ready.some((instance) => isFresh(turn, instance));
}

/** Whether another successor may be started now. */
function hasRoom(turn: Turn): boolean {
  const { registry, replacements, options } = turn.state;
  let count = 0;
  for (const ofService of replacements.values()) {
    for (const { successor } of ofService.values()) {
      if (registry.instances.get(successor ?? 0)?.state === "starting") count += 1;
    }
  }
  return count < options.replacementsMax;
}

/** Has a command wait until instances are gone; its outcome may be told in this very step. */
export function beginMove(
  turn: Turn,
  key: string,
  { commandID, waiting }: { commandID: number; waiting: Iterable<number> },
): void {
  const { commands, moves } = turn.state;
  const commandIDs = commands.get(key) ?? [];
  commandIDs.push(commandID);
  commands.set(key, commandIDs);
  const move = moves.get(key) ?? { waiting: new Set<number>(), failed: [], gone: 0 };
  for (const serviceID of waiting) move.waiting.add(serviceID);
  moves.set(key, move);
}

/** Tells those who gave commands about several instances what became of them. */
export function finishMoves(turn: Turn): void {
  for (const [key, { waiting, failed, gone }] of turn.state.moves) {
    if (waiting.size > 0) continue;
    turn.state.moves.delete(key);
    const more = failed.length > NAMED_MAX ? `; and ${failed.length - NAMED_MAX} more` : "";
    const instances = gone === 1 ? "1 instance has ended" : `${gone} instances have ended`;
    finishCommands(
      turn,
      key,
      failed.length === 0
        ? { status: STATUS.done, reason: gone === 0 ? "no instance was running" : instances }
        : {
          status: STATUS.unavailable,
          reason: `${instances}, ${failed.length} stayed: ` +
            failed.slice(0, NAMED_MAX).join("; ") + more,
        },
    );
  }
}
