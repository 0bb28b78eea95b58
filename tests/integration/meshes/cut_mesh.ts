/**
 * The command line with links that can be cut while all its workers live: a signal ends every
 * channel between them, as a manager does that takes its agent for dead.
 *
 * @module
 */

// First, since a package from npm brings globals of its own with it, a MessageChannel among them.
import "comlink";
import { main } from "../../../runtime/cli/main.ts";
import { CUT_SIGNAL } from "./cut_signal.ts";

const NativeChannel = MessageChannel;
const middles: MessagePort[] = [];

/** A channel through this thread, which can put a word of its own in. */
globalThis.MessageChannel = class {
  readonly port1: MessagePort;
  readonly port2: MessagePort;

  constructor() {
    const near = new NativeChannel();
    const far = new NativeChannel();
    this.port1 = near.port1;
    this.port2 = far.port1;
    near.port2.onmessage = ({ data }) => far.port2.postMessage(data);
    far.port2.onmessage = ({ data }) => near.port2.postMessage(data);
    middles.push(near.port2, far.port2);
  }
};

Deno.addSignalListener(CUT_SIGNAL, () => {
  // A word in place of values is how a link says that it has ended.
  for (const port of middles.splice(0)) port.postMessage("cut by a test");
});

await main();
