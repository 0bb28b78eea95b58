/**
 * Which process a number means: the system gives the number of one that ended to another one, which
 * must not be taken for it, and never be killed in its place.
 *
 * @module
 */

/** One process of this machine. */
export interface ProcessIdentity {
  /** Its number, and that of its group. */
  readonly pid: number;
  /** When it began, as only the system that runs now can say it. */
  readonly startedAt: string;
}

/** Where something stands in `/proc/PID/stat`, behind the name of its program. */
const STATE_FIELD = 0;
const START_FIELD = 19;

let bootID: string | undefined;

interface Look extends ProcessIdentity {
  /** Whether it has ended, and nobody has asked how yet. */
  readonly hasEnded: boolean;
}

function look(pid: number): Look | undefined {
  try {
    bootID ??= Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The name of a program is in parentheses, and may itself have some.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const hasEnded = /^[ZX]/.test(fields[STATE_FIELD] ?? "Z");
    return { pid, startedAt: `${bootID}/${fields[START_FIELD]}`, hasEnded };
  } catch {
    // It has ended, or this system does not tell of its processes.
    return undefined;
  }
}

/**
 * Looks at a process.
 *
 * @param pid Its number.
 * @returns Which one it is; undefined when it does not run, or where there is no `/proc`.
 */
export function identify(pid: number): ProcessIdentity | undefined {
  const found = look(pid);
  if (found === undefined || found.hasEnded) return undefined;
  return { pid, startedAt: found.startedAt };
}

/** Whether a process still runs. */
export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  return identify(pid)?.startedAt === startedAt;
}

/**
 * Kills the process group that a process leads, or has led: what it started itself goes on without
 * it. Nothing is killed when its number is that of another process meanwhile, or was given before
 * the system started: a group of that number, whose leader has ended, is somebody else's then.
 */
export function killIdentified({ pid, startedAt }: ProcessIdentity): void {
  const now = look(pid);
  const isOurs = now === undefined
    ? startedAt.startsWith(`${bootID}/`)
    : now.startedAt === startedAt;
  if (isOurs) killGroup(pid);
}

/** Kills a process group; false when there is none, or none of its processes may be killed. */
export function killGroup(pid: number): boolean {
  try {
    Deno.kill(-pid, "SIGKILL");
    return true;
  } catch (error) {
    const isOutOfReach = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied;
    if (!isOutOfReach) throw error;
    return false;
  }
}
