/**
 * Checks that no service is started more often than its crashes allow, and that nothing is found to
 * be sick that answers.
 *
 * @module
 */

import { lastCrashMs } from "../../../roles/manager/memory/crash_records.ts";
import type { Fact } from "../../../roles/manager/memory/facts.ts";
import type { Registry } from "../../../roles/manager/memory/registry.ts";
import type { World } from "../world.ts";

/** What is not started but taken over from an agent. */
const TAKEN_OVER = ["adopted from its agent", "its agent came back with it"];

/** Of what is killed because of its memory. */
const TOO_MUCH = "too much to let it end";

/** Judges a fact by the registry before it. */
export function judgeCrashes(world: World, fact: Fact, registry: Registry): void {
  judgeMemory(world, fact, registry);
  if (fact.kind === "serviceCrashLooping") world.count("crash loops");
  if (fact.kind === "serviceRecovered") world.count("recoveries");
  if (fact.kind !== "instanceStarting") return;
  if (TAKEN_OVER.some((reason) => fact.reason.startsWith(reason))) return;
  const crashed = registry.crashes.get(fact.service);
  if (crashed === undefined || lastCrashMs(crashed) + crashed.pauseMs <= fact.atMs) return;
  const text = `${fact.service} is started ${fact.atMs - lastCrashMs(crashed)} ms after it ` +
    `crashed, not after ${crashed.pauseMs} ms`;
  world.violations.report("crashes", text);
}

/** What was killed for its memory has crashed; what is sick has been counted before. */
function judgeMemory(world: World, fact: Fact, registry: Registry): void {
  const { run } = world.manager;
  if (fact.kind === "instanceClosing" && fact.reason.includes(TOO_MUCH)) {
    world.memoryKillers.set(fact.serviceID, run);
  }
  if (fact.kind !== "instanceEnded" || !fact.reason.includes(TOO_MUCH)) return;
  world.count("memoryKills");
  const { leaving, phase } = registry.instances.get(fact.serviceID) ?? {};
  // What was lost with its agent and came back with it to be ended was no crash, and a manager that
  // was restarted since does not know why it ended.
  const isForgotten = phase !== "hard" || world.memoryKillers.get(fact.serviceID) !== run;
  if (fact.crash !== undefined || leaving === "unhealthy" || isForgotten) return;
  const text = `${fact.service}#${fact.serviceID} was killed for its memory, and has not crashed`;
  world.violations.report("crashes", text);
}

/** Judges what was found of an instance. */
export function judgeVerdict(world: World, fact: Fact): void {
  if (fact.kind !== "instanceLeaving" || fact.cause !== "unhealthy") return;
  world.count("verdicts");
  const { timeoutMs, failures } = world.options.health;
  for (const process of world.processes) {
    if (process.setup.serviceID !== fact.serviceID || process.loop.isStuck) continue;
    const { askedMs, looseMs } = process.loop;
    // An answer is on its way for no longer than a question waits.
    if (looseMs > fact.atMs - timeoutMs || askedMs < fact.atMs - timeoutMs * failures) continue;
    const text = `${process.name} was found to be sick, though it answered at ${askedMs}`;
    world.violations.report("verdicts", text);
  }
}

/** All that hung for ever was found in the time that it takes, and is gone. */
export function judgeStuck(world: World): void {
  // An agent with too much to ask leaves such questions out, and takes nothing for sick by that.
  if (world.options.isTight) return;
  for (const { loop, name } of world.processes) {
    if (loop.isStuck) world.violations.report("verdicts", `${name} hangs, and is still there`);
  }
}
