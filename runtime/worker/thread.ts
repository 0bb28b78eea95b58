/**
 * Makes the thread of a worker look to the code of a service like a process of its own: its
 * environment, what it prints, and how it ends. It is the first module that a worker runs.
 *
 * What is replaced here is no fence: the permissions of the worker are. Deno's own modules and
 * those of node use the very objects that are changed here, so that `process.env`,
 * `process.stdout` and `process.exit` follow.
 *
 * @module
 */

import { printTagged } from "./thread_output.ts";
import { takeTold, type ToldWorker } from "./told.ts";

/** What Deno looks at before it tells a thread again that it ends. */
const UNLOADED = Symbol.for("Deno.isUnloadDispatched");

/** An environment of its own; what it has no permission for the real one refuses, as ever. */
function replaceEnvironment({ permitted, variables }: ToldWorker): void {
  const { env } = Deno;
  const names = new Set(permitted);
  const values = new Map(Object.entries(variables));
  const real = { get: env.get, has: env.has, set: env.set, delete: env.delete, all: env.toObject };
  env.get = (name) => names.has(name) ? values.get(name) : real.get.call(env, name);
  env.has = (name) => names.has(name) ? values.has(name) : real.has.call(env, name);
  env.set = (name, value) => {
    if (names.has(name)) values.set(name, String(value));
    else real.set.call(env, name, value);
  };
  env.delete = (name) => {
    if (names.has(name)) values.delete(name);
    else real.delete.call(env, name);
  };
  env.toObject = () => ({ ...real.all.call(env), ...Object.fromEntries(values) });
}

/** Tells the host how it ends, which hears nothing of that otherwise, and ends. */
function replaceExits(tell: (said: unknown) => void): void {
  const end = Deno.exit;
  const die = (code: number): never => {
    Reflect.set(globalThis, UNLOADED, true);
    tell(code);
    return end(code);
  };
  Deno.exit = (code = Deno.exitCode) => {
    globalThis.dispatchEvent(new Event("unload"));
    return die(code);
  };
  self.close = () => die(0);
  // Whoever says a code there has ended for the host, and could go on until its process ends.
  Reflect.deleteProperty(globalThis, "postMessage");
  // The host says one thing only: that this worker is to end now.
  self.addEventListener("message", (event) => {
    event.stopImmediatePropagation();
    die(137);
  });
}

/** What one worker changed all of its process would have, and so it is refused. */
function refuse(what: string): never {
  throw new Error(`Cannot ${what}: this service is a worker, and shares its process with others`);
}

/** A thread of a worker that never ends could be ended by nobody. */
class NoWorker {
  constructor() {
    refuse("make a worker");
  }
}

/** By it services would reach each other along no edge. */
class NoChannel {
  constructor() {
    refuse("open a channel");
  }
}

/** That of node is a class of its own, which inherits how it sends. */
function closeChannels(): void {
  const Channel: unknown = Reflect.get(globalThis, "BroadcastChannel");
  const prototype: unknown = typeof Channel === "function" ? Channel.prototype : undefined;
  if (typeof prototype === "object" && prototype !== null) {
    Reflect.set(prototype, "postMessage", () => refuse("use a channel"));
  }
  Reflect.set(globalThis, "BroadcastChannel", NoChannel);
}

const told = takeTold();
if (told !== undefined) {
  const tell = self.postMessage.bind(self);
  replaceEnvironment(told);
  printTagged(told.tag);
  replaceExits(tell);
  Deno.chdir = () => refuse("change the working folder");
  Deno.umask = () => refuse("change the mask of new files");
  Deno.kill = () => refuse("send a signal");
  Reflect.set(globalThis, "Worker", NoWorker);
  closeChannels();
  tell("up");
}
