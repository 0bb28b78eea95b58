/**
 * A user on a host, as tests drive it.
 *
 * @module
 */

import type { LoadOptions, LoadReport } from "./load.ts";
import { DEADLINE_MS, Program, type ProgramOptions } from "../worlds/program.ts";
import type { UserOrder } from "./user_program.ts";

/** An answer to one request; status 0 where there was none, with the error as its text. */
export interface UserAnswer {
  /** As in HTTP. */
  readonly status: number;
  /** The body. */
  readonly text: string;
}

/** What one request may have. */
export type AskOptions = Partial<Omit<Extract<UserOrder, { kind: "fetch" }>, "kind" | "url">>;

/** A user on a host. */
export class User implements AsyncDisposable {
  readonly #program: Program;
  #lastID = 0;

  /** Starts it where a command prefix says. */
  constructor(options: Omit<ProgramOptions, "name" | "command"> & { prefix: readonly string[] }) {
    const script = new URL("./user_program.ts", import.meta.url).pathname;
    const deno = [Deno.execPath(), "run", "-A", "--no-lock", "--no-config", script];
    this.#program = new Program({
      ...options,
      name: "the user",
      command: [...options.prefix, ...deno],
    });
  }

  /** Sends one request. */
  async ask(url: string, options: AskOptions = {}): Promise<UserAnswer> {
    return await this.#order({ kind: "fetch", url, deadlineMs: DEADLINE_MS, ...options });
  }

  /** Begins to send requests at a pace. */
  async beginLoad(options: LoadOptions): Promise<void> {
    await this.#order({ kind: "load", options });
  }

  /** What became of the load so far. */
  async report(): Promise<LoadReport> {
    return await this.#order({ kind: "report" });
  }

  /** Waits until so many requests were sent since now. */
  async sendMore(count: number): Promise<void> {
    const { sent } = await this.report();
    while ((await this.report()).sent < sent + count) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Ends the load. */
  async endLoad(): Promise<LoadReport> {
    return await this.#order({ kind: "stop" });
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.end("SIGKILL");
  }

  async #order<Answer>(order: UserOrder): Promise<Answer> {
    this.#lastID += 1;
    const id = this.#lastID;
    const after = this.#program.place;
    await this.#program.say(JSON.stringify({ id, ...order }));
    const { answer } = await this.#program.find((line): { answer: Answer } | undefined => {
      const told = line.startsWith("{") ? JSON.parse(line) : undefined;
      return told?.id === id ? told : undefined;
    }, { what: `the answer to ${JSON.stringify(order)}`, after });
    return answer;
  }
}
