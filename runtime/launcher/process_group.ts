/**
 * Processes that lead a group of their own, so that what they start ends with them.
 *
 * @module
 */

import { isFileSync } from "../config/service_files.ts";
import { outputFiles } from "./output_files.ts";
import { killGroup } from "./process_identity.ts";

/**
 * Makes a program the leader of a new session and process group, then runs it, as the same process.
 * Deno can do so too (`detached`), but then it forks all of the mesh's memory first, which stops
 * the agent for some milliseconds at each start.
 */
const SETSID = "/usr/bin/setsid";

let hasSetsid: boolean | undefined;

/** What the shell does with the paths and the program that follow: its own place is taken by it. */
const TO_FILES = 'out=$1; err=$2; shift 2; exec "$@" >>"$out" 2>>"$err"';

/**
 * A command that runs as the leader of a process group of its own, and may print into files.
 *
 * @param program The program and its arguments.
 * @param options What else there is to say, and where its files are, without their endings.
 */
export function newGroup(
  program: readonly [string, ...string[]],
  { outputPath, ...options }:
    & Omit<Deno.CommandOptions, "args" | "detached">
    & { readonly outputPath: string | undefined },
): Deno.Command {
  hasSetsid ??= Deno.build.os === "linux" && isFileSync(SETSID);
  const [first, ...args] = hasSetsid ? [SETSID, ...program] as const : program;
  const detached = hasSetsid ? {} : { detached: true };
  if (outputPath === undefined) return new Deno.Command(first, { ...options, ...detached, args });
  const { stdout, stderr } = outputFiles(outputPath);
  const toFiles = ["-c", TO_FILES, "sh", stdout, stderr, first, ...args];
  return new Deno.Command("/bin/sh", { ...options, ...detached, args: toFiles });
}

/** Kills a process that was started as {@linkcode newGroup}, and all that it has started. */
export function killGroupOf(child: Deno.ChildProcess): void {
  // In its first moment the process is not yet a group, but then it is all there is.
  if (!killGroup(child.pid)) killProcess(child);
}

function killProcess(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended, and its exit is on its way.
  }
}
