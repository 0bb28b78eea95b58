/**
 * A process that an agent before this one has started. It is no child of this one, so that its end
 * is seen only by looking, and its exit code by nobody.
 *
 * @module
 */

import type { LaunchedProcess, ProcessEvents } from "./launcher.ts";
import { OutputFiles } from "./output_files.ts";
import { isRunning, killIdentified, type ProcessIdentity } from "./process_identity.ts";
import { untilNextRound } from "./rounds.ts";

/** How often it is looked whether a process still runs. Milliseconds. */
const LOOK_MS = 500;
/** How soon once it was killed: somebody waits for its end. Milliseconds. */
const KILLED_LOOK_MS = 20;

/**
 * Takes over a process that runs.
 *
 * @param identity Which one.
 * @param options Takes its output, which is in these files, and its end.
 */
export function adoptProcess(
  identity: ProcessIdentity,
  options: ProcessEvents & { readonly outputPath: string },
): LaunchedProcess {
  const output = new OutputFiles(options.outputPath, {
    line: (text, stream) => options.line(text, stream),
    isTakenOver: true,
  });
  let timer: ReturnType<typeof setTimeout>;
  let isFollowed = true;
  const lookIn = (waitMs: number) => timer = setTimeout(look, waitMs);
  const look = () => {
    // Before 2.9 Deno calls a timer that was due when something else of its turn cleared it.
    if (!isFollowed) return;
    if (isRunning(identity)) return void lookIn(untilNextRound(LOOK_MS));
    isFollowed = false;
    // What the process itself started goes with it.
    killIdentified(identity);
    options.exited({ exitCode: undefined, signal: undefined, lastLines: output.end() });
  };
  lookIn(untilNextRound(LOOK_MS));
  return {
    pid: identity.pid,
    kill() {
      killIdentified(identity);
      if (!isFollowed) return;
      clearTimeout(timer);
      lookIn(KILLED_LOOK_MS);
    },
    moveOutput: (path) => output.move(path),
    release() {
      isFollowed = false;
      clearTimeout(timer);
      output.close();
    },
  };
}
