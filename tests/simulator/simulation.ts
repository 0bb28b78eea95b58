/**
 * One simulation: faults, then calm in which everything must work, then quiet in which everything
 * must fall asleep.
 *
 * @module
 */

import { judgeClaims } from "./checkers/claims.ts";
import { judgeStuck } from "./checkers/crashes.ts";
import { judgeLeaks } from "./checkers/leaks.ts";
import { MinimumChecker } from "./checkers/scale.ts";
import { SparesChecker } from "./checkers/spares.ts";
import { DIFFERENCE_MAX_MS, TruthChecker } from "./checkers/truth.ts";
import { judgeWaits } from "./checkers/waits.ts";
import { beginCommands, endDrains, letSleep } from "./disturbances/commands.ts";
import { beginFaults, beginMildFaults, endFaults, stickSome } from "./disturbances/faults.ts";
import { drawOptions, type SimulationOptions } from "./options.ts";
import { Random } from "./random.ts";
import { SteadyUsers } from "./traffic/steady_users.ts";
import { Users } from "./traffic/users.ts";
import { REAL_ROLES, type Roles, type Trace, World } from "./world.ts";

/** What a simulation found. */
export interface SimulationReport {
  /** The seed that repeats it. */
  readonly seed: number;
  /** What was drawn from it. */
  readonly options: SimulationOptions;
  /** Broken rules; none is good. */
  readonly violations: readonly string[];
  /** How often what happened. */
  readonly counts: Readonly<Record<string, number>>;
}

/** After the last fault requests must succeed again within this. Milliseconds. */
const RECOVERY_MS = 80_000;
/** How long requests are made that must succeed. Milliseconds. */
const STRICT_MS = 35_000;
/** How long the manager comes and goes, while requests must succeed. Milliseconds. */
const MILD_MS = 30_000;
/** How long it takes at most until everything is asleep. Milliseconds. */
const SLEEP_MS = 190_000;
/** How long it takes at most until a constant demand has what it needs. Milliseconds. */
const SETTLE_MS = 75_000;
/** How long it then goes on. Milliseconds. */
const STEADY_MS = 40_000;
/** How often the checkers look. Milliseconds. */
const LOOK_MS = 500;
/** A command is done within this. Milliseconds. */
const COMMAND_MAX_MS = 120_000;

interface Checkers {
  readonly truth: TruthChecker;
  readonly minimum: MinimumChecker;
  readonly spares: SparesChecker;
}

function lookRegularly(world: World, users: Users, checkers: Checkers): void {
  const { truth, minimum, spares } = checkers;
  judgeWaits(world);
  judgeClaims(world);
  users.judge();
  minimum.look();
  spares.look();
  if (!world.hasFaults) truth.look(DIFFERENCE_MAX_MS);
  for (const [commandID, sinceMs] of world.manager.run?.commands ?? []) {
    if (world.timeline.nowMs - sinceMs < COMMAND_MAX_MS) continue;
    world.manager.run?.commands.delete(commandID);
    world.violations.report("commands", `command ${commandID} is not done since ${sinceMs} ms`);
  }
  world.timeline.after(LOOK_MS, () => lookRegularly(world, users, checkers));
}

/** Runs the world of a seed to its end. */
export function simulate(
  seed: number,
  setup: { roles?: Partial<Roles>; trace?: Trace } = {},
): SimulationReport {
  const random = new Random(seed);
  const options = drawOptions(random);
  const roles = { ...REAL_ROLES, ...setup.roles };
  const world = new World(options, { random, roles, trace: setup.trace });
  const { timeline, violations } = world;
  const users = new Users(world);
  const truth = new TruthChecker(world);
  const run = (lastsMs: number) =>
    timeline.runUntil(timeline.nowMs + lastsMs, () => violations.isFull);
  lookRegularly(world, users, {
    truth,
    minimum: new MinimumChecker(world),
    spares: new SparesChecker(world),
  });
  beginFaults(world);
  run(options.faultsMs);

  endFaults(world);
  world.strictFromMs = timeline.nowMs + RECOVERY_MS;
  stickSome(world);
  run(RECOVERY_MS);
  judgeStuck(world);
  world.isGentle = true;
  if (options.hasCommands) beginCommands(world);
  run(STRICT_MS);
  world.isGentle = false;
  endDrains(world);

  // A manager without a store does not know for a moment what the agents can start.
  if (!options.forgetsAll) {
    beginMildFaults(world);
    run(MILD_MS);
    endFaults(world);
    run(STRICT_MS);
  }

  runSteadily(world, users, run);

  world.strictFromMs = Infinity;
  if (options.stopsMesh) world.manager.run?.command({ kind: "stopMesh" });
  run(5_000);
  users.isActive = false;
  letSleep(world);
  run(SLEEP_MS);
  judgeEnd(world, users, truth);
  const counts = Object.fromEntries([...world.counts].sort());
  return { seed, options, violations: violations.list, counts };
}

/** Demand is constant for a while: once all fits it, nothing may change. */
function runSteadily(world: World, users: Users, run: (lastsMs: number) => void): void {
  users.isPaused = true;
  world.steadyUsers = new SteadyUsers(world);
  if (world.steadyUsers.service !== undefined) {
    run(SETTLE_MS);
    world.steadyUsers.isJudged = true;
    run(STEADY_MS);
  }
  world.steadyUsers.stop();
  users.isPaused = false;
}

function judgeEnd(world: World, users: Users, truth: TruthChecker): void {
  const { run, facts } = world.manager;
  if (run !== undefined) facts.compare(run.host.state.registry);
  truth.look(0);
  judgeLeaks(world);
  if (users.waiting > 0) {
    world.violations.report("users", `${users.waiting} requests were never answered`);
  }
  const commands = run?.commands.size ?? 0;
  if (commands > 0) world.violations.report("commands", `${commands} commands are not done`);
}
