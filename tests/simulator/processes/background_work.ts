/**
 * What a simulated process does though nobody is connected: it says so, and must not be idle.
 *
 * @module
 */

import type { ServiceProcess } from "./service_process.ts";

/** How long it works at most: longer than many an idle time. Milliseconds. */
const WORK_MS_MAX = 40_000;

/** The work of one process. */
export class BackgroundWork {
  /** Since when it works; undefined: it does not. Milliseconds. */
  sinceMs: number | undefined;

  /** No work yet. */
  constructor(readonly process: ServiceProcess) {}

  /** After a request it may begin to work, unless it does. */
  perhapsBegin(): void {
    const { world, host, setup: { behaviour } } = this.process;
    const { traffic, timeline, options, hasFaults } = world;
    if (!behaviour.isRefusing || this.sinceMs !== undefined || !traffic.chance(0.05)) return;
    // Where commands may end an instance only after its work, that is shorter than its grace.
    const longestMs = options.hasCommands && !hasFaults ? 3_000 : WORK_MS_MAX;
    this.sinceMs = timeline.nowMs;
    world.count("works");
    host.handle({ kind: "held", reason: "it exports" });
    timeline.after(traffic.whole(1_000, longestMs), () => {
      this.sinceMs = undefined;
      host.handle({ kind: "released" });
    });
  }
}
