/**
 * The program of a command service: started on a port of its own, waited for, and ended.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { HttpClient } from "./http/client.ts";
import type { ProgramSpec } from "./spec.ts";

/** Ports of programs: above those of plugs, below those that the system gives to who dials. */
const FIRST_PORT = 30_000;
const PORTS = 2_767;
/** Ports that are tried until one is free. */
const TRIES_MAX = 100;
/** Starts of a program, each on another port, when somebody else took the one before. */
const STARTS_MAX = 5;
/** How often it is looked whether it can take requests. Milliseconds. */
const LOOK_MS = 20;
/** One look takes no longer. Milliseconds. */
const LOOK_MS_MAX = 2_000;

/** A program that runs, and its way in. */
export interface RunningProgram {
  /** Sends it requests. */
  readonly client: HttpClient;
  /** Settles with its end. */
  readonly ended: Promise<Deno.CommandStatus>;
  /** Asks it, and what it has started, to end; resolves when it has. */
  stop(): Promise<void>;
}

/**
 * Starts the program; resolves when it can take requests. When it ends before, or at any time
 * unasked, this process ends the same way.
 */
export async function runProgram(spec: ProgramSpec, service: string): Promise<RunningProgram> {
  for (let starts = 1;; starts += 1) {
    const port = freePort();
    const child = spawn(spec, { service, port });
    const client = new HttpClient(port);
    let isOver = false;
    const end = child.status.then((status) => {
      isOver = true;
      return status;
    });
    const early = await Promise.race([end, untilReady(client, { spec, isOver: () => isOver })]);
    if (early === undefined) return running(child, client);
    // What else would it have died of, on a port that was free?
    if (isFree(port) || starts === STARTS_MAX) endLike(early);
  }
}

function running(child: Deno.ChildProcess, client: HttpClient): RunningProgram {
  let isAsked = false;
  void child.status.then((status) => isAsked || endLike(status));
  return {
    client,
    ended: child.status,
    async stop() {
      isAsked = true;
      terminate(child);
      await child.status;
    },
  };
}

function spawn(
  { command: [program, ...args], folder, env }: ProgramSpec,
  { service, port }: { readonly service: string; readonly port: number },
): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args,
      cwd: folder,
      clearEnv: true,
      env: { ...env, PORT: String(port), SMMP_SERVICE: service },
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    const why = isMissing ? "there is no such program" : reasonOf(error);
    console.error(`Cannot run "${program}": ${why}`);
    Deno.exit(127);
  }
}

async function untilReady(
  client: HttpClient,
  { spec, isOver }: { readonly spec: ProgramSpec; readonly isOver: () => boolean },
): Promise<undefined> {
  while (!isOver()) {
    if (await isReady(client, spec.ready)) return undefined;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  // Its end is what counts then.
  return await new Promise(() => {});
}

async function isReady(client: HttpClient, path: string | undefined): Promise<boolean> {
  try {
    if (path === undefined) {
      (await client.connect()).close();
      return true;
    }
    const { status, body } = await client.exchange({
      method: "GET",
      target: path,
      headers: [["host", "localhost"]],
      body: null,
      signal: AbortSignal.timeout(LOOK_MS_MAX),
    });
    if (body instanceof ReadableStream) await body.cancel();
    return status >= 200 && status < 300;
  } catch {
    // It does not listen yet, or is too busy with its start: it is asked again.
    return false;
  }
}

/** A port that nobody listens on, by chance, so that two companions seldom find the same. */
function freePort(): number {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (isFree(port)) return port;
  }
  throw new Error(`Cannot find a port for the program: ${TRIES_MAX} were taken`);
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "0.0.0.0", port }).close();
    return true;
  } catch {
    // Whatever keeps us from listening there would keep the program too.
    return false;
  }
}

/** Asks the whole group to end, but for this process, which leads it and has to see the end. */
function terminate(child: Deno.ChildProcess): void {
  Deno.addSignalListener("SIGTERM", () => {});
  try {
    Deno.kill(-Deno.pid, "SIGTERM");
  } catch {
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended by itself, which is what was wanted.
    }
  }
}

/** Ends this process as the program ended, so that its agent sees no difference. */
function endLike({ code, signal }: Deno.CommandStatus): never {
  if (signal === null) Deno.exit(code);
  try {
    Deno.kill(Deno.pid, signal);
  } catch {
    // Not every signal can be sent; its number in the exit code says it too.
  }
  Deno.exit(code);
}
