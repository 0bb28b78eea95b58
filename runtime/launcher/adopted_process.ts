/**
 * A process that an agent before this one has started. It is no child of this one, so that its end
 * is seen only by looking, and its exit code by nobody.
 *
 * @module
 */

import type { LaunchedProcess, ProcessEvents } from "./launcher.ts";
import { OutputFiles } from "./output_files.ts";
import { isRunning, killIdentified, type ProcessIdentity } from "./process_identity.ts";

/** How often it is looked whether a process still runs. Milliseconds. */
const LOOK_MS = 200;

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
  const timer = setInterval(() => {
    if (isRunning(identity)) return;
    clearInterval(timer);
    // What the process itself started goes with it.
    killIdentified(identity);
    options.exited({ exitCode: undefined, signal: undefined, lastLines: output.end() });
  }, LOOK_MS);
  return {
    pid: identity.pid,
    kill: () => killIdentified(identity),
    moveOutput: (path) => output.move(path),
    release() {
      clearInterval(timer);
      output.close();
    },
  };
}
