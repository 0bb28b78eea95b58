/**
 * A command of SMMP that runs for long, in a process of its own, as its user starts it.
 *
 * @module
 */

import { isRecord } from "../../protocol/fields.ts";
import { lines } from "../../tests/integration/meshes/output.ts";

const MAIN = new URL("../../mod.ts", import.meta.url).href;

/** A process that runs a command of SMMP. */
export class RoleProcess {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #events = new Map<string, PromiseWithResolvers<Readonly<Record<string, unknown>>>>();

  /** Starts it; `--json` is added. */
  constructor(...args: readonly [name: string, ...rest: string[]]) {
    [this.#name] = args;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, ...args, "--json"],
      // What an agent prepares once, after an update, is no part of what is measured.
      env: { SMMP_PREPARE: "off" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    void this.#read();
  }

  /** The process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Resolves with the first event of a kind. @throws {Error} when it ends before. */
  event(kind: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#eventOf(kind).promise;
  }

  /** Ends it, and waits until it has ended. */
  async stop(): Promise<void> {
    this.#child.kill("SIGINT");
    await this.#child.status;
  }

  #eventOf(kind: string): PromiseWithResolvers<Readonly<Record<string, unknown>>> {
    const known = this.#events.get(kind);
    if (known !== undefined) return known;
    const made = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    // Nobody may wait for it.
    made.promise.catch(() => {});
    this.#events.set(kind, made);
    return made;
  }

  async #read(): Promise<void> {
    // Lines of any length: the services of a mesh are in one.
    for await (const line of lines(this.#child.stdout)) this.#take(JSON.parse(line));
    const ended = new Error(`Cannot measure: the ${this.#name} has ended`);
    for (const each of this.#events.values()) each.reject(ended);
  }

  /** Of what happens often nobody waits for the first. */
  #take(event: unknown): void {
    if (!isRecord(event) || typeof event.kind !== "string") return;
    if (/(Ready|Listening)$/.test(event.kind)) this.#eventOf(event.kind).resolve(event);
  }
}
