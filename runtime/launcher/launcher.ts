/**
 * Starts instances as new processes, each the leader of its own process group, and kills groups.
 *
 * @module
 */

import { feed } from "./program_input.ts";
import { type SpareStart, START_VARIABLE, type StartInfo } from "../service/start.ts";
import type { ServiceConfig } from "../config/mesh_config.ts";
import { OutputFiles } from "./output_files.ts";
import { LastLines, OUTPUT_END_MS, readLines } from "./output_lines.ts";
import { killGroupOf, newGroup } from "./process_group.ts";
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
      [START_VARIABLE]: JSON.stringify({ ...start, ...program.told }),
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
    kill: () => killGroupOf(child),
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
