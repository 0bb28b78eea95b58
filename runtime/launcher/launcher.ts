/**
 * Starts instances as new processes, each the leader of its own process group, and kills groups.
 *
 * @module
 */

import { feed } from "./program_input.ts";
import { type SpareStart, START_VARIABLE, type StartInfo } from "../service/start.ts";
import type { ServiceConfig } from "../config/mesh_config.ts";
import { isFileSync } from "../config/service_files.ts";
import { OutputFiles, outputFiles } from "./output_files.ts";
import { LastLines, OUTPUT_END_MS, readLines } from "./output_lines.ts";
import { killGroup } from "./process_identity.ts";
import { processEnvironmentOf, programOf } from "./program.ts";

/** How a process ended. */
export interface ProcessEnd {
  /** Its exit code; undefined when nobody could see it. */
  readonly exitCode: number | undefined;
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

/** How to start an instance. */
export interface LaunchOptions extends ProcessEvents {
  /**
   * Where its output goes, without the ending of each file, so that it can print when the agent is
   * gone; absent: pipes, which break then.
   */
  readonly outputPath?: string;
}

/**
 * Makes a program the leader of a new session and process group, then runs it, as the same process.
 * Deno can do so too (`detached`), but then it forks all of the mesh's memory first, which stops
 * the agent for some milliseconds at each start.
 */
const SETSID = "/usr/bin/setsid";

/** A running process of an instance. */
export interface LaunchedProcess {
  /** Its process number, and that of its group; undefined: it shares a process with others. */
  readonly pid: number | undefined;
  /** Kills its whole process group at once. */
  kill(): void;
  /** Follows it no more: it goes on without this agent. */
  release(): void;
  /** Calls its output something else from now on, if that is in files. */
  moveOutput(path: string): void;
  /** Is told which instance a spare has become. @default {nobody needs to know} */
  became?(serviceID: number): void;
}

/**
 * Starts an instance.
 *
 * @throws {Error} when the process can't be created.
 */
export function launch(
  service: ServiceConfig,
  start: StartInfo | SpareStart,
  options: LaunchOptions,
): LaunchedProcess {
  const { outputPath } = options;
  const program = programOf(service);
  const command = newGroup(program.command, {
    outputPath,
    cwd: service.entry.slice(0, service.entry.lastIndexOf("/")),
    clearEnv: true,
    env: {
      ...processEnvironmentOf(service),
      ...program.env,
      [START_VARIABLE]: JSON.stringify(start),
    },
    stdin: "piped",
    stdout: outputPath === undefined ? "piped" : "null",
    stderr: outputPath === undefined ? "piped" : "null",
  });
  // The files before the process, so that they are nobody else's to read from the first moment on.
  const files = outputPath === undefined ? undefined : new OutputFiles(outputPath, {
    line: (text, stream) => options.line(text, stream),
    isTakenOver: false,
  });
  const child = spawn(command, files);
  const { pid } = child;
  void feed(child.stdin, program.stdin);
  const output = files ?? pipedOutput(child, options);
  void child.status.then(async ({ code, signal }) => {
    // What the process itself started goes with it.
    killGroup(pid);
    const lastLines = await output.end();
    options.exited({ exitCode: code, signal: signal ?? undefined, lastLines });
  });
  return {
    pid,
    kill() {
      // In its first moment the process is not yet a group, but then it is all there is.
      if (!killGroup(pid)) killProcess(child);
    },
    release: () => output.close(),
    moveOutput: (path) => files?.move(path),
  };
}

function spawn(command: Deno.Command, files: OutputFiles | undefined): Deno.ChildProcess {
  try {
    return command.spawn();
  } catch (error) {
    files?.end();
    throw error;
  }
}

/** Follows the output of a process in its pipes. */
function pipedOutput(
  child: Deno.ChildProcess,
  events: ProcessEvents,
): { end(): Promise<readonly string[]>; close(): void } {
  const lastLines = new LastLines();
  const stdout = readLines(child.stdout, (line) => events.line(line, "stdout"));
  const stderr = readLines(child.stderr, (line) => {
    lastLines.add(line);
    events.line(line, "stderr");
  });
  return {
    async end() {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, OUTPUT_END_MS));
      await Promise.race([Promise.all([stdout, stderr]), late]);
      clearTimeout(timer);
      return lastLines.all;
    },
    close() {
      // The pipes end with the process that reads them.
    },
  };
}

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

function killProcess(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended, and its exit is on its way.
  }
}
