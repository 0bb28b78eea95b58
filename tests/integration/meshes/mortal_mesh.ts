/**
 * The command line with workers that can be made to die: a signal for each. The product needs no
 * back door for that, since whoever starts a program can put another Worker in its place first.
 *
 * @module
 */

import { main } from "../../../runtime/cli/main.ts";
import { MORTAL_SIGNALS } from "./mortal_signals.ts";

const workers = new Map<string, Worker>();

globalThis.Worker = class extends Worker {
  constructor(specifier: string | URL, options: WorkerOptions = {}) {
    super(specifier, options);
    workers.set(options.name ?? "", this);
  }
};

for (const [name, signal] of Object.entries(MORTAL_SIGNALS)) {
  Deno.addSignalListener(signal, () => {
    // What an uncaught error in the worker looks like from here; its owner terminates it then.
    const error = new ErrorEvent("error", { message: "killed by a test", cancelable: true });
    workers.get(name)?.dispatchEvent(error);
  });
}

await main();
