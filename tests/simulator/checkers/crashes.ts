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
  judgeMove(world, fact, registry);
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

/** Who ends with a process that is given up has not crashed. */
function judgeMove(world: World, fact: Fact, registry: Registry): void {
  if (fact.kind !== "instanceEnded" || fact.signal === undefined) return;
  const { leaving, killedFor } = registry.instances.get(fact.serviceID) ?? {};
  if (leaving !== "moving" || killedFor !== undefined) return;
  world.count("ends with a process");
  if (fact.crash === undefined) return;
  const text = `${fact.service}#${fact.serviceID} ended with its process, and has crashed`;
  world.violations.report("crashes", text);
}

/**
 * What was killed for its memory has crashed, whichever manager sees its end; what is sick has been
 * counted before.
 */
function judgeMemory(world: World, fact: Fact, registry: Registry): void {
  const { memoryKills, manager: { run } } = world;
  if (fact.kind === "instanceClosing" && fact.reason.includes(TOO_MUCH)) {
    memoryKills.set(fact.serviceID, run);
  }
  // It came back with its agent after it was given up, which is another end.
  if (fact.kind === "instanceStarting") memoryKills.delete(fact.serviceID);
  if (fact.kind !== "instanceEnded" || !memoryKills.has(fact.serviceID)) return;
  const isForgotten = world.options.forgetsAll && memoryKills.get(fact.serviceID) !== run;
  memoryKills.delete(fact.serviceID);
  world.count("memory kills");
  const { leaving } = registry.instances.get(fact.serviceID) ?? {};
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
