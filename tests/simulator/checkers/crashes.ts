/**
 * Checks that no service is started more often than its crashes allow.
 *
 * @module
 */

import { lastCrashMs } from "../../../roles/manager/memory/crash_records.ts";
import type { Fact } from "../../../roles/manager/memory/facts.ts";
import type { Registry } from "../../../roles/manager/memory/registry.ts";
import type { World } from "../world.ts";

/** What is not started but taken over from an agent. */
const TAKEN_OVER = ["adopted from its agent", "its agent came back with it"];

/** Judges a fact by the registry before it. */
export function judgeCrashes(world: World, fact: Fact, registry: Registry): void {
  if (fact.kind !== "instanceStarting") return;
  if (TAKEN_OVER.some((reason) => fact.reason.startsWith(reason))) return;
  const crashed = registry.crashes.get(fact.service);
  if (crashed === undefined || lastCrashMs(crashed) + crashed.pauseMs <= fact.atMs) return;
  const text = `${fact.service} is started ${fact.atMs - lastCrashMs(crashed)} ms after it ` +
    `crashed, not after ${crashed.pauseMs} ms`;
  world.violations.report("crashes", text);
}
