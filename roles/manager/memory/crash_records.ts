/**
 * What the registry keeps of the crashes of a service, as a fold over facts.
 *
 * @module
 */

import type { CrashMark } from "./facts.ts";

/** The last crashes of a service. */
export interface CrashRecord {
  /** Crashes in a row: none of these instances was well for long. */
  readonly inRow: number;
  /** When the last of them were, the newest last. Milliseconds since 1970. */
  readonly recentMs: readonly number[];
  /** How long the service is not started after the newest. Milliseconds. */
  readonly pauseMs: number;
  /** Whether one of the row had confirmed its start: then it is no new service that never ran. */
  readonly hasRun: boolean;
  /** What is said of the newest, with the last lines that it printed. */
  readonly reason: string;
  /** Whether it is in a crash loop: then nobody waits for it. */
  readonly isLooping: boolean;
}

/** How often a service crashed, as far back as the history goes. */
export interface CrashCount {
  /** How often. */
  readonly count: number;
  /** When it did last. Milliseconds since 1970. */
  readonly lastMs: number;
}

/** Most services of which it is known how often they crashed. */
const COUNTED_MAX = 10_000;

/** Counts a crash; where very many services crashed the oldest is forgotten. */
export function countCrash(counts: Map<string, CrashCount>, service: string, atMs: number): void {
  const { count = 0 } = counts.get(service) ?? {};
  // What was counted last is the last in the map.
  counts.delete(service);
  counts.set(service, { count: count + 1, lastMs: atMs });
  const [oldest] = counts.keys();
  if (counts.size > COUNTED_MAX && oldest !== undefined) counts.delete(oldest);
}

/** Most times of crashes that are kept for a service. */
const RECENT_MAX = 20;

/** After this long a crash is history, unless the service is in a crash loop. Milliseconds. */
export const CRASH_FORGOTTEN_MS = 600_000;

/** When the newest crash was, in milliseconds since 1970. */
export function lastCrashMs({ recentMs }: CrashRecord): number {
  return recentMs.at(-1) ?? 0;
}

/** An instance crashed, as a fact says; what is too old to matter is forgotten. */
export function addCrash(
  crashes: Map<string, CrashRecord>,
  service: string,
  crash: CrashMark & { atMs: number; reason: string; hasRun: boolean },
): void {
  const { atMs, inRow, pauseMs, reason } = crash;
  for (const [name, record] of crashes) {
    const isOld = lastCrashMs(record) + CRASH_FORGOTTEN_MS < atMs;
    if (isOld && !record.isLooping) crashes.delete(name);
  }
  const before = crashes.get(service);
  crashes.set(service, {
    inRow,
    recentMs: [...before?.recentMs ?? [], atMs].slice(-RECENT_MAX),
    pauseMs,
    hasRun: crash.hasRun || (inRow > 1 && before?.hasRun === true),
    reason,
    isLooping: before?.isLooping ?? false,
  });
}

/** A crash loop has begun, as a fact says. */
export function beginLoop(crashes: Map<string, CrashRecord>, service: string): void {
  const record = crashes.get(service);
  if (record !== undefined) crashes.set(service, { ...record, isLooping: true });
}
