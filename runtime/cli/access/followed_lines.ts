/**
 * What has no end while the mesh runs, followed beyond that end: until the command is interrupted,
 * or nobody reads what it prints.
 *
 * @module
 */

import { CommandError, type CommandIO } from "../io.ts";
import { type LinesOptions, openLines, RefusedError } from "./admin_client.ts";
import type { MeshAccess } from "./find_mesh.ts";

/** The wait before a mesh is looked for again; it doubles. Milliseconds. */
const FIRST_PAUSE_MS = 250;
/** Longest wait. Milliseconds. */
const PAUSE_MS_MAX = 5_000;

/** What was there for so long is told of anew when it ends. Milliseconds. */
const LASTING_MS = 5_000;

/** What is followed. */
export interface FollowOptions {
  /** Finds the mesh: one that was started again may be elsewhere, and have another token. */
  readonly find: () => Promise<MeshAccess>;
  /** What is asked for, each time. */
  readonly ask: () => LinesOptions;
  /** What it is, as a part of a sentence. */
  readonly what: string;
  /** What goes on when the mesh is back, as a sentence without its end. */
  readonly then: string;
}

/**
 * The lines of an answer without end. When it ends, that is told once, and it is asked for anew
 * until somebody answers.
 *
 * @param options What is followed.
 * @param io Where it is told.
 * @throws {CommandError} when it can't be followed to begin with.
 */
export async function* followLines(
  { find, ask, what, then }: FollowOptions,
  io: Pick<CommandIO, "stderr">,
): AsyncGenerator<string, undefined> {
  const told = new Set<string>();
  const tell = (text: string) => {
    if (!told.has(text)) io.stderr(`${text}\n`);
    told.add(text);
  };
  let pauseMs = FIRST_PAUSE_MS;
  let openedMs = performance.now();
  let lines: AsyncIterable<string> | undefined = await openLines(await find(), ask());
  for (;;) {
    try {
      // Which ends by itself, or breaks: a mesh that is killed closes nothing.
      if (lines !== undefined) yield* lines;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
    }
    if (performance.now() - openedMs > LASTING_MS && lines !== undefined) {
      pauseMs = FIRST_PAUSE_MS;
      told.clear();
    }
    tell(`Cannot follow ${what} for now: the mesh has ended, or is out of reach; ${then}`);
    // Each a little differently, so that those of a mesh that was restarted do not come at once.
    await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random() / 2)));
    pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX);
    openedMs = performance.now();
    lines = await open({ find, ask }, tell);
  }
}

/** Undefined when nobody answers; one that is there and refuses may do so for ever: it is told. */
async function open(
  { find, ask }: Pick<FollowOptions, "find" | "ask">,
  tell: (text: string) => void,
): Promise<AsyncIterable<string> | undefined> {
  try {
    return await openLines(await find(), ask());
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error instanceof RefusedError) tell(error.message);
    return undefined;
  }
}
