/**
 * Starts instances as new processes, each the leader of its own process group, and kills groups.
 *
 * @module
 */

import { START_VARIABLE, type StartInfo } from "../service/start.ts";
import type { ServiceConfig } from "../config/mesh_config.ts";
import { readLines } from "./output_lines.ts";
import { programOf } from "./program.ts";
import { environmentOf } from "./sandbox.ts";

/** How a process ended. */
export interface ProcessEnd {
  /** Its exit code. */
  readonly exitCode: number;
  /** The signal that ended it, if one did. */
  readonly signal: string | undefined;
  /** The last lines that it wrote to stderr. */
  readonly lastLines: readonly string[];
}

/** What a launcher tells of a process. */
export interface ProcessEvents {
  /** A line that the process wrote. */
  line(text: string, stream: "stdout" | "stderr"): void;
  /** The process has ended; once, and last. */
  exited(end: ProcessEnd): void;
}

/** Lines of stderr that are kept to explain an exit. */
const LAST_LINES = 20;

/** After an exit its output has this long to end: a grandchild may hold it open for ever. */
const OUTPUT_END_MS = 250;

/**
 * Makes a program the leader of a new session and process group, then runs it, as the same process.
 * Deno can do so too (`detached`), but then it forks all of the mesh's memory first, which stops
 * the agent for some milliseconds at each start.
 */
const SETSID = "/usr/bin/setsid";

/** A running process of an instance. */
export interface LaunchedProcess {
  /** Its process number, and that of its group. */
  readonly pid: number;
  /** Kills its whole process group at once. */
  kill(): void;
}

/**
 * Starts an instance.
 *
 * @throws {Error} when the process can't be created.
 */
export function launch(
  service: ServiceConfig,
  start: StartInfo,
  events: ProcessEvents,
): LaunchedProcess {
  const program = programOf(service);
  const command = newGroup(program.command, {
    cwd: service.entry.slice(0, service.entry.lastIndexOf("/")),
    clearEnv: true,
    env: { ...environmentOf(service), [START_VARIABLE]: JSON.stringify(start) },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const { pid } = child;
  void feed(child.stdin, program.stdin);
  const lastLines: string[] = [];
  const stdout = readLines(child.stdout, (line) => events.line(line, "stdout"));
  const stderr = readLines(child.stderr, (line) => {
    lastLines.push(line);
    if (lastLines.length > LAST_LINES) lastLines.shift();
    events.line(line, "stderr");
  });
  void child.status.then(async ({ code, signal }) => {
    // What the process itself started goes with it.
    killGroup(pid);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, OUTPUT_END_MS));
    await Promise.race([Promise.all([stdout, stderr]), late]);
    clearTimeout(timer);
    events.exited({ exitCode: code, signal: signal ?? undefined, lastLines });
  });
  return {
    pid,
    kill() {
      // In its first moment the process is not yet a group, but then it is all there is.
      if (!killGroup(pid)) killProcess(child);
    },
  };
}

let hasSetsid: boolean | undefined;

/** A command that runs as the leader of a process group of its own. */
function newGroup(
  [program, ...args]: readonly [string, ...string[]],
  options: Omit<Deno.CommandOptions, "args" | "detached">,
): Deno.Command {
  hasSetsid ??= Deno.build.os === "linux" && exists(SETSID);
  return hasSetsid
    ? new Deno.Command(SETSID, { ...options, args: [program, ...args] })
    : new Deno.Command(program, { ...options, args, detached: true });
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // What can't be looked at can't be run either.
    return false;
  }
}

async function feed(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  try {
    const writer = stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // The process ended before it had read its program; its exit says why.
  }
}

/** Kills a process group; false when there is none, or none of its processes may be killed. */
function killGroup(pid: number): boolean {
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

function killProcess(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended, and its exit is on its way.
  }
}
