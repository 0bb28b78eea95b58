/**
 * One run of Deno that prepares something.
 *
 * @module
 */

import { feed } from "../program_input.ts";

/** What is run. */
export interface DenoRun {
  /** The arguments. */
  readonly args: readonly string[];
  /** What it reads from stdin. @default {nothing} */
  readonly input?: string;
  /** Its whole environment. @default {that of this process, without colours} */
  readonly env?: Readonly<Record<string, string>>;
}

/** So long it may take: a host without a network has to find out. Milliseconds. */
const MAKING_MS = 60_000;

const ending = new AbortController();

/** Ends what is being prepared, since who prepares ends: nothing may be left of it. */
export function endMaking(): void {
  ending.abort();
}

/** Aborts when what is being prepared takes too long, or is to end. */
export function makingSignal(): AbortSignal {
  return AbortSignal.any([ending.signal, AbortSignal.timeout(MAKING_MS)]);
}

/** The arguments for a program of JavaScript on stdin, whatever deno.json there is. */
export function programArguments(...flags: readonly string[]): readonly string[] {
  const isolated = ["--quiet", "--no-prompt", "--no-config", "--no-lock", "--ext=js"];
  return ["run", ...isolated, ...flags, "-"];
}

/**
 * Runs Deno once.
 *
 * @param deno The program.
 * @returns What it wrote.
 * @throws {Error} when it can't be run, or is to end.
 */
export async function runDeno(
  deno: string,
  { args, input = "", env }: DenoRun,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  ending.signal.throwIfAborted();
  const child = new Deno.Command(deno, {
    args: [...args],
    clearEnv: env !== undefined,
    env: { NO_COLOR: "1", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: makingSignal(),
  }).spawn();
  const output = child.output();
  await feed(child.stdin, input);
  const { stdout, stderr } = await output;
  return { stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}
