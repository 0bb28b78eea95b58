/**
 * The thread of a service in an instance that the binary runs by itself. It is like the main thread
 * of `deno run` for the code of the service: what ends a process there ends it here.
 *
 * @module
 */

import { isRecord } from "../../protocol/fields.ts";
import { serve } from "../service/begin.ts";

/** Deno's words for imports that a compiled program can't follow. */
const NOT_HERE = /^(Module not found|Could not find constraint|Relative import path|Import ")/;

/** Loads the service that the name of this worker tells, and serves it. */
export async function runInstance(): Promise<void> {
  installExits();
  const url = self.name;
  try {
    serve(await import(url));
  } catch (error) {
    if (!(error instanceof TypeError && NOT_HERE.test(error.message))) throw error;
    console.error(
      `Cannot start "${decodeURIComponent(url.slice(url.lastIndexOf("/") + 1))}": it imports ` +
        `what a file by itself does not have (${error.message}); make it with "smmp bundle", or ` +
        "put deno on the PATH",
    );
    Deno.exit(1);
  }
}

/**
 * In a worker these would end the thread only, and lose the exit code. One gap is left: `exit` that
 * was imported from `node:process` by name ends the process too, but always with code 0.
 */
function installExits(): void {
  const tell = self.postMessage.bind(self);
  const never = new Int32Array(new SharedArrayBuffer(4));
  const end = (code: number): never => {
    tell(code);
    // Nothing after an exit may run; the main thread ends the process meanwhile.
    Atomics.wait(never, 0, 0);
    throw new Error("Cannot go on: the process has ended");
  };
  Deno.exit = (code = Deno.exitCode) => {
    globalThis.dispatchEvent(new Event("unload"));
    return end(code);
  };
  const process: unknown = Reflect.get(globalThis, "process");
  if (!isRecord(process)) return;
  const { emit } = process;
  process.exit = (code?: number | string) => {
    const known = Number(code ?? process.exitCode ?? 0);
    if (typeof emit === "function") emit.call(process, "exit", known);
    return Deno.exit(known);
  };
}
