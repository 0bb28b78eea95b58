/**
 * What instances use of their hosts, as their agents tell it: kept for those who look, and held
 * against the memory that each may hold. One that holds more, twice in a row, is replaced: drained,
 * not cut off. One that holds far more, drained or not, is killed before its host is in need.
 *
 * A service that needs more than it may have would be replaced for ever. So an instance lives for a
 * while before it is replaced for this, and longer each time when its successors are no better. One
 * that has to be killed has crashed, with the pauses of a crash.
 *
 * @module
 */

import type { ReportedUsage } from "../../../../protocol/announcements.ts";
import { manifestIn } from "../../../../protocol/manifest.ts";
import type { MessageOf } from "../../../../protocol/messages.ts";
import { STATUS } from "../../../../protocol/status.ts";
import type { LinkID } from "../../../step.ts";
import { setDeadline } from "../../../deadlines.ts";
import { agentOf, type Instance } from "../../memory/registry.ts";
import { newMessageID, sendToAgent, type Turn } from "../../turn.ts";
import { replaceInstance } from "./replacements.ts";
import { killForFault } from "./shutdowns.ts";
import { instanceOfAgent } from "./spoken_of.ts";
import { onStartFailed } from "./starts.ts";

/** What an instance uses of its host. */
export interface InstanceUsage {
  /** What its agent told last. */
  readonly told: ReportedUsage;
  /** When that was. Milliseconds since 1970. */
  readonly atMs: number;
  /** How often in a row it held more memory than it may. */
  readonly overs: number;
  /** When its replacement was last begun for that; 0: never. Milliseconds since 1970. */
  readonly replacedAtMs: number;
}

/** So often in a row it must hold too much: what is collected as garbage soon is no matter. */
const OVERS_MIN = 2;
const MEGABYTE = 1_000_000;

/** The agent looked what its instances use. What has ended meanwhile is passed over. */
export function onInstancesUsageInfo(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"instancesUsageInfo">,
): void {
  const { registry, usages } = turn.state;
  const { type } = message;
  for (const told of message.usages) {
    const { serviceID } = told;
    if (!registry.instances.has(serviceID)) continue;
    const instance = instanceOfAgent(turn, link, { serviceID, type });
    if (instance === undefined) continue;
    const limitBytes = memoryLimitOf(turn, instance);
    const isOver = told.memoryBytes > limitBytes;
    const before = usages.get(serviceID) ?? { overs: 0, replacedAtMs: 0 };
    const overs = isOver ? before.overs + 1 : 0;
    usages.set(serviceID, { ...before, told, atMs: turn.nowMs, overs });
    if (isOver) onMemoryExceeded(turn, instance, limitBytes);
  }
}

/** The memory that an instance may hold, as its agent has it; infinite without a bound. Bytes. */
function memoryLimitOf({ state }: Turn, instance: Instance): number {
  const { manifests = {} } = agentOf(state.registry, instance) ?? {};
  return manifestIn(manifests, instance.service)?.memoryBytes ?? Infinity;
}

function onMemoryExceeded(turn: Turn, instance: Instance, limitBytes: number): void {
  const { options, usages } = turn.state;
  const usage = usages.get(instance.serviceID);
  if (usage === undefined || !instance.launched) return;
  const { memoryBytes } = usage.told;
  const reason = `it holds ${inMegabytes(memoryBytes)} of memory, and may hold ` +
    inMegabytes(limitBytes);
  if (memoryBytes > limitBytes * options.memoryKillFactor) {
    return killForMemory(turn, instance, reason);
  }
  const isStaying = instance.state === "running" && instance.leaving === "none";
  if (!isStaying || usage.overs < OVERS_MIN) return;
  if (turn.nowMs < replaceableAtMs(turn, instance)) return;
  lengthenWait(turn, instance.service);
  usages.set(instance.serviceID, { ...usage, replacedAtMs: turn.nowMs });
  replaceInstance(turn, instance, { cause: "memory", reason });
}

/** From when on an instance may be replaced because of its memory, in milliseconds since 1970. */
export function replaceableAtMs({ state }: Pick<Turn, "state">, instance: Instance): number {
  const { replacedAtMs = 0 } = state.usages.get(instance.serviceID) ?? {};
  const sinceMs = Math.max(instance.startedAtMs ?? instance.sinceMs, replacedAtMs);
  return sinceMs + (state.memoryWaits.get(instance.service) ?? state.options.memoryWaitMs);
}

/** The next instance of a service waits longer, if it is as bad as soon as it may be replaced. */
function lengthenWait({ state, nowMs }: Turn, service: string): void {
  const { memoryWaits, deadlines, options: { memoryWaitMs, memoryWaitMsMax } } = state;
  const waitMs = Math.min(memoryWaitMsMax, 2 * (memoryWaits.get(service) ?? memoryWaitMs));
  memoryWaits.set(service, waitMs);
  setDeadline(deadlines, `memory:${service}`, nowMs + 2 * waitMs);
}

/** A service had no instance replaced because of its memory for long: it is forgiven. */
export function onMemoryWaitDue(turn: Turn, service: string): void {
  turn.state.memoryWaits.delete(service);
}

/** It takes what others need: it has no time to end by itself, and that is its own fault. */
function killForMemory(turn: Turn, instance: Instance, why: string): void {
  const { serviceID, agent, state, phase } = instance;
  if (phase === "hard") return;
  const reason = `${why}: too much to let it end by itself`;
  if (state !== "starting") return killForFault(turn, instance, reason);
  const messageID = newMessageID(turn);
  sendToAgent(turn, agent, { type: "hardShutdownRequest", messageID, serviceID, reason });
  onStartFailed(turn, instance, { status: STATUS.failed, reason });
}

/** An amount of memory in words. */
function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / MEGABYTE)} MB`;
}
