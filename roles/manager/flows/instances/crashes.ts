/**
 * Crashes. An instance that ended though nobody asked it to, that was found to hang, or whose start
 * failed by its own fault, has crashed; its service is not started again for a while, which doubles
 * with each crash in a row. After some of them within a minute it is in a *crash loop*: nobody
 * waits for it any more, and after each pause one instance is tried, for one who asks then. An
 * instance that lives for a while ends all that, as does an edit or a command.
 *
 * Whether a service may be started now is asked here, and nowhere else: see {@linkcode pauseOf}.
 *
 * @module
 */

import { STATUS } from "../../../../protocol/status.ts";
import { setDeadline } from "../../../deadlines.ts";
import { CRASH_FORGOTTEN_MS, type CrashRecord, lastCrashMs } from "../../memory/crash_records.ts";
import type { CrashMark } from "../../memory/facts.ts";
import type { Instance } from "../../memory/registry.ts";
import { record, type Turn } from "../../turn.ts";

/** Why a service is not started now. */
export type Pause =
  /** It is soon: who waits goes on waiting, and the end of the pause is a deadline. */
  | { readonly kind: "paused"; readonly reason: string }
  /** It is a crash loop, or the pause is long: nobody should wait for it. */
  | { readonly kind: "failed"; readonly status: number; readonly reason: string };

/** A number in [0, 1) that is another one for each instance. */
export function partOf(serviceID: number): number {
  let mixed = Math.imul(serviceID ^ (serviceID >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

/**
 * How long a service is not started after so many crashes in a row: between a half and the whole of
 * a time that doubles, so that services which crashed together are not started together.
 */
function pauseMsAfter(turn: Turn, { inRow, serviceID }: { inRow: number; serviceID: number }) {
  const { crashPauseMs, crashPauseMsMax } = turn.state.options;
  const wholeMs = Math.min(crashPauseMsMax, crashPauseMs * 2 ** Math.min(inRow - 1, 30));
  return Math.round(wholeMs * (1 + partOf(serviceID)) / 2);
}

/** What it means that an instance crashes now, to be recorded with its end. */
export function crashMarkOf(turn: Turn, instance: Instance): CrashMark {
  const { registry, options } = turn.state;
  const { service, serviceID, startedAtMs = turn.nowMs } = instance;
  const before = registry.crashes.get(service);
  const wasWell = startedAtMs + options.wellMs <= turn.nowMs;
  const isFirst = before === undefined ||
    (!before.isLooping && (wasWell || lastCrashMs(before) + CRASH_FORGOTTEN_MS < turn.nowMs));
  const inRow = isFirst ? 1 : before.inRow + 1;
  return { inRow, pauseMs: pauseMsAfter(turn, { inRow, serviceID }) };
}

/** A crash was recorded: it may be the one that makes a crash loop of them. */
export function noteCrash(turn: Turn, service: string): void {
  const { registry, options } = turn.state;
  const crashed = registry.crashes.get(service);
  if (crashed === undefined) return;
  const { inRow: crashes, recentMs, reason } = crashed;
  const recent = recentMs.filter((atMs) => atMs + options.crashWindowMs > turn.nowMs);
  const isLoop = Math.min(crashes, recent.length) >= options.crashesMax;
  if (isLoop && !crashed.isLooping) {
    record(turn, { kind: "serviceCrashLooping", service, crashes, reason });
  }
  armPause(turn, service, crashed);
  watchRecovery(turn, service);
}

function armPause(turn: Turn, service: string, crashed: CrashRecord): void {
  setDeadline(turn.state.deadlines, `pause:${service}`, lastCrashMs(crashed) + crashed.pauseMs);
}

/** The pause of a service is over: who waits for it, or wants it to run, may have it started. */
export function onPauseDue(turn: Turn, service: string): void {
  turn.wanted.add(service);
}

/** After a replay: pauses and recoveries that the history tells of go on. */
export function recoverCrashes(turn: Turn): void {
  for (const [service, crashed] of turn.state.registry.crashes) {
    if (lastCrashMs(crashed) + crashed.pauseMs > turn.nowMs) armPause(turn, service, crashed);
    watchRecovery(turn, service);
  }
}

/** Why a service may not be started now; undefined: it may. */
export function pauseOf(turn: Turn, service: string): Pause | undefined {
  const { registry, options } = turn.state;
  const crashed = registry.crashes.get(service);
  if (crashed === undefined) return undefined;
  const leftMs = lastCrashMs(crashed) + crashed.pauseMs - turn.nowMs;
  if (leftMs <= 0 && !(crashed.isLooping && hasTrial(turn, service))) return undefined;
  const reason = `Cannot start "${service}": ${tellPause(crashed)}`;
  const isLong = crashed.isLooping || leftMs > options.crashWaitMs;
  return isLong
    ? { kind: "failed", status: STATUS.unavailable, reason }
    : { kind: "paused", reason };
}

function tellPause({ inRow, pauseMs, reason, isLooping }: CrashRecord): string {
  const times = inRow === 1 ? "it crashed" : `it crashed ${inRow} times in a row`;
  const what = isLooping ? "is tried again" : "is started again";
  return `${times}, and ${what} ${pauseMs / 1_000} s after the last time: ${reason}`;
}

/** Whether an instance of a service in a crash loop is tried, or is still to prove itself. */
function hasTrial({ state: { registry } }: Turn, service: string): boolean {
  const known = registry.services.get(service);
  return known !== undefined &&
    (known.starting > 0 || known.ready.some(({ leaving }) => leaving === "none"));
}

/**
 * Whether those who wait for a service go on waiting after a start of it failed: it ran before, so
 * it may run again. Of one that never ran people want to see at once what is wrong with it.
 */
export function isWorthWaiting(turn: Turn, service: string): boolean {
  const crashed = turn.state.registry.crashes.get(service);
  return crashed?.hasRun === true && pauseOf(turn, service)?.kind === "paused";
}

/** In a crash loop, an instance that runs has some time to prove that it is over. */
export function watchRecovery(turn: Turn, service: string): void {
  const { registry, deadlines, options } = turn.state;
  const crashed = registry.crashes.get(service);
  if (crashed?.isLooping !== true) return;
  let firstMs = Infinity;
  for (const startedAtMs of startsOf(turn, service)) firstMs = Math.min(firstMs, startedAtMs);
  if (firstMs === Infinity) return;
  const sinceMs = Math.max(firstMs, lastCrashMs(crashed));
  setDeadline(deadlines, `well:${service}`, Math.max(turn.nowMs, sinceMs) + options.wellMs);
}

/** When the instances that run were started, but for those that are sick. */
function startsOf({ state: { registry } }: Turn, service: string): number[] {
  const ready = registry.services.get(service)?.ready ?? [];
  return ready.filter(({ leaving }) => leaving !== "unhealthy")
    .map(({ startedAtMs = Infinity }) => startedAtMs);
}

/** An instance of a service in a crash loop has run for long enough, unless it ended since. */
export function onWellDue(turn: Turn, service: string): void {
  const { registry, options } = turn.state;
  const crashed = registry.crashes.get(service);
  if (crashed?.isLooping !== true) return;
  const isWell = startsOf(turn, service).some((startedAtMs) =>
    Math.max(startedAtMs, lastCrashMs(crashed)) + options.wellMs <= turn.nowMs
  );
  if (!isWell) return watchRecovery(turn, service);
  forgetCrashes(turn, service, `it has run for ${options.wellMs / 1_000} s`);
}

/** An instance has ended as it was asked to: what did its work in a crash loop has ended that. */
export function noteOrderlyEnd(turn: Turn, { service, serviceID }: Instance): void {
  if (turn.state.registry.crashes.get(service)?.isLooping !== true) return;
  forgetCrashes(turn, service, `${service}#${serviceID} ended as it was asked to`);
}

/** Nothing is held against a service any more: it may be started at once. */
export function forgetCrashes(turn: Turn, service: string, reason: string): boolean {
  if (!turn.state.registry.crashes.has(service)) return false;
  record(turn, { kind: "serviceRecovered", service, reason });
  turn.wanted.add(service);
  return true;
}
