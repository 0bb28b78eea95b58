/**
 * Processes of the system, as tests look at them.
 *
 * @module
 */

/** The environment of a mesh whose only processes are itself and its services. */
export const UNPREPARED = { SMMP_PREPARE: "off" } as const;

/** The numbers of the processes that were started with a variable, given as `NAME=value`. */
export async function processesWith(variable: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const variables = await readOrEmpty(`/proc/${name}/environ`);
    if (variables.split("\0").includes(variable)) found.push(Number(name));
  }
  return found;
}

/** Whether a process runs; one that has ended and waits to be looked at does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const status = await readOrEmpty(`/proc/${pid}/status`);
  return status !== "" && !/^State:\s+[ZX]/m.test(status);
}

/** Waits until no process of a list runs. There is no event for the end of a stranger's process. */
export async function untilGone(pids: readonly number[], deadlineMs: number): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const running: number[] = [];
    for (const pid of pids) if (await isRunning(pid)) running.push(pid);
    if (running.length === 0) return;
    if (performance.now() > endMs) {
      throw new Error(`Cannot see "${running}" end: they run after ${deadlineMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Sends a signal to a child; one that has ended, heard of or not, takes none. */
export function signalChild(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** `PF_EXITING` of Linux: so it marks a process that has no code to run any more. */
const EXITING = 0x4;

/** SIGKILL among the signals that a process was sent. */
const KILLED = 0x100n;

/** What runs, in words, of those processes that were not killed: to be gone takes a moment. */
export async function commandsOf(pids: readonly number[]): Promise<string[]> {
  const commands: string[] = [];
  for (const pid of pids) {
    const stat = await readOrEmpty(`/proc/${pid}/stat`);
    const status = await readOrEmpty(`/proc/${pid}/status`);
    const flags = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[6]);
    const sent = [...status.matchAll(/^S\w\wPnd:\s+([0-9a-f]+)$/gm)];
    const isKilled = sent.some(([, signals]) => (BigInt(`0x${signals}`) & KILLED) !== 0n);
    if (stat === "" || isKilled || (flags & EXITING) !== 0) continue;
    const command = await readOrEmpty(`/proc/${pid}/cmdline`);
    if (command !== "") commands.push(command.replaceAll("\0", " ").trim());
  }
  return commands;
}

/** Kills processes, and waits until they are gone. */
export async function killAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself since it was found.
    }
  }
  await untilGone(pids, 10_000);
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    // The process has ended since it was listed, or is not ours.
    return "";
  }
}
