/**
 * Programs that run on hosts, followed by what they print.
 *
 * @module
 */

import { lines } from "../../integration/meshes/output.ts";

/** Longest wait for anything: generous, since a busy machine is slow. Milliseconds. */
export const DEADLINE_MS = 60_000;

/** How to start a program. */
export interface ProgramOptions {
  /** What it is called when something is wrong. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The folder that it runs in. */
  readonly folder: string;
  /** More variables of its environment. @default {{}} */
  readonly env?: Readonly<Record<string, string>>;
}

/** A line of JSON. */
export interface ProgramEvent {
  /** What happened. */
  readonly kind: string;
  /** Its fields. */
  readonly [field: string]: unknown;
}

/** A running program. */
export class Program {
  /** Every line that it has printed to stdout and stderr. */
  readonly printed: string[] = [];
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Set<() => void>();
  readonly #read: Promise<unknown>;
  #hasEnded = false;

  /** Starts it. */
  constructor({ name, command: [program = "", ...args], folder, env = {} }: ProgramOptions) {
    this.#name = name;
    this.#child = new Deno.Command(program, {
      args,
      cwd: folder,
      env: { NO_COLOR: "1", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    const { stdout, stderr } = this.#child;
    this.#read = Promise.all([this.#follow(stdout), this.#follow(stderr)]).then(() => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  /** Its process number. */
  get pid(): number {
    return this.#child.pid;
  }

  /** How many lines it has printed: a place to wait from. */
  get place(): number {
    return this.printed.length;
  }

  /** Waits for a line that a pattern meets, at or after a place; returns what its group holds. */
  async line(pattern: RegExp, after = 0): Promise<string> {
    return await this.find((line) => {
      const found = pattern.exec(line);
      return found === null ? undefined : found[1] ?? found[0];
    }, { what: String(pattern), after });
  }

  /** Waits for a line of which something can be made. */
  async find<Found>(
    make: (line: string) => Found | undefined,
    { what, after = 0 }: { readonly what: string; readonly after?: number },
  ): Promise<Found> {
    const endMs = performance.now() + DEADLINE_MS;
    for (let place = after;; place += 1) {
      while (place >= this.printed.length) {
        const leftMs = endMs - performance.now();
        if (this.#hasEnded || leftMs <= 0) throw new Error(this.#complain(what));
        await this.#more(leftMs);
      }
      const found = make(this.printed[place] ?? "");
      if (found !== undefined) return found;
    }
  }

  /** Waits for a line of JSON of a kind that has the wanted fields, at or after a place. */
  async event(
    kind: string,
    wanted: Readonly<Record<string, unknown>> = {},
    after = 0,
  ): Promise<ProgramEvent> {
    return await this.find((line) => {
      const event: ProgramEvent | undefined = line.startsWith("{") ? JSON.parse(line) : undefined;
      if (event?.kind !== kind) return undefined;
      const isIt = Object.entries(wanted).every(([field, value]) => {
        return value instanceof RegExp ? value.test(String(event[field])) : event[field] === value;
      });
      return isIt ? event : undefined;
    }, { what: `${kind} ${Deno.inspect(wanted)}`, after });
  }

  /** Writes a line to it. */
  async say(line: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Sends a signal; resolves when it has ended and all that it printed was read. */
  async end(signal: Deno.Signal): Promise<Deno.CommandStatus> {
    this.signal(signal);
    return await this.ended();
  }

  /** Sends a signal; one that has ended takes none. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It may have ended a moment ago, which is told later.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Resolves when it has ended and all that it printed was read. */
  async ended(): Promise<Deno.CommandStatus> {
    const status = await this.#child.status;
    await this.#read;
    // The pipe of a program that has ended may be broken; that is no news.
    await this.#stdin.close().catch(() => {});
    return status;
  }

  #complain(what: string): string {
    const why = this.#hasEnded ? "it has ended" : `nothing within ${DEADLINE_MS} ms`;
    const last = this.printed.slice(-30).join("\n  ");
    return `Cannot see ${what} of ${this.#name}: ${why}. It printed last:\n  ${last}`;
  }

  async #follow(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of lines(stream)) {
      this.printed.push(line);
      this.#wake();
    }
  }

  async #more(leftMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, leftMs);
    this.#waiting.add(resolve);
    await promise;
    this.#waiting.delete(resolve);
    clearTimeout(timer);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}
