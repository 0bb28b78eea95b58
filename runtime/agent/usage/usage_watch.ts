/**
 * Looks every few seconds what the instances of an agent use of their host.
 *
 * @module
 */

import type { ReportedUsage } from "../../../protocol/announcements.ts";
import { usageOfGroups } from "./process_table.ts";

/** How the use of a host is watched. */
export interface UsageWatchOptions {
  /** The process that leads each instance, by the number of the instance. */
  readonly leaders: () => Iterable<readonly [serviceID: number, pid: number]>;
  /** Takes what was found. */
  readonly measured: (usages: readonly ReportedUsage[]) => void;
  /** The time between two looks. Milliseconds. @default {USAGE_MS} */
  readonly everyMs?: number;
}

/** The time between two looks when nothing else is said, in milliseconds. */
export const USAGE_MS = 3_000;

/** A look costs this part of the time until the next one at most, however many processes run. */
const COST_PART = 0.005;

/** A clock that wakes only while there is something to look at. */
export class UsageWatch {
  readonly #options: UsageWatchOptions;
  #before = new Map<number, { readonly cpuMs: number; readonly atMs: number }>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Looks at nothing yet. */
  constructor(options: UsageWatchOptions) {
    this.#options = options;
  }

  /** An instance was started: it is looked at from now on. */
  begin(): void {
    if (this.#timer === undefined) this.#arm(0);
  }

  /** Looks no more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(costMs: number): void {
    const { everyMs = USAGE_MS } = this.#options;
    this.#timer = setTimeout(() => this.#look(), Math.max(everyMs, costMs / COST_PART));
  }

  #look(): void {
    this.#timer = undefined;
    const leaders = [...this.#options.leaders()];
    if (leaders.length === 0) return this.#before.clear();
    const atMs = performance.now();
    const found = usageOfGroups(new Set(leaders.map(([, pid]) => pid)));
    const now = new Map<number, { readonly cpuMs: number; readonly atMs: number }>();
    const usages: ReportedUsage[] = [];
    for (const [serviceID, pid] of leaders) {
      const usage = found.get(pid);
      if (usage === undefined) continue;
      const before = this.#before.get(serviceID);
      // The sum can go down: a process that nobody waited for takes its time with it.
      const cpuMs = Math.max(usage.cpuMs, before?.cpuMs ?? 0);
      now.set(serviceID, { cpuMs, atMs });
      const share = before === undefined ? 0 : (cpuMs - before.cpuMs) / (atMs - before.atMs);
      const cpuPermille = Math.max(0, Math.round(1_000 * share));
      usages.push({ serviceID, memoryBytes: usage.memoryBytes, cpuMs, cpuPermille });
    }
    this.#before = now;
    if (usages.length > 0) this.#options.measured(usages);
    // Where nothing can be measured it is not tried for ever.
    if (usages.length > 0 || Deno.build.os === "linux") this.#arm(performance.now() - atMs);
  }
}
