/**
 * A host process of workers, as its agent has it.
 *
 * A worker whose thread does not listen any more can't be ended: Deno leaves a thread that loops
 * running. Then the process is *retired*: nothing new starts in it, who else is in it moves away,
 * and it is killed when it is empty, or when that takes too long.
 *
 * @module
 */

import { feed } from "../launcher/program_input.ts";
import type { Link, LinkEvents } from "../../transports/link.ts";
import type { ProcessEnd, ProcessEvents } from "../launcher/launcher.ts";
import { killGroupOf, newGroup } from "../launcher/process_group.ts";
import { LAST_LINES, LastLines, OUTPUT_END_MS, readLines } from "../launcher/output_lines.ts";
import { killGroup } from "../launcher/process_identity.ts";
import { HostOutput } from "./host_output.ts";
import { type HostReport, readReport, type StartOrder } from "./orders.ts";

/** How a host is started, and who hears of it. */
export interface HostProcessOptions {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** What it reads from stdin. */
  readonly program: string;
  /** What marks its own lines. */
  readonly tag: string;
  /** Its working folder. */
  readonly folder: string;
  /** Its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** A worker does not end though it was ordered to; is told before anybody else is. */
  readonly hangs: (workerID: number) => void;
  /** It takes no more workers, and these are to go elsewhere. */
  readonly retired: (workerIDs: readonly number[]) => void;
  /** It has ended. */
  readonly ended: () => void;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
}

interface HostedWorker extends ProcessEvents {
  readonly tag: string;
  readonly lastLines: LastLines;
  /** Whether it was ordered to end. */
  isKilled: boolean;
  /** Whether all that it printed was read. */
  isRead: boolean;
  /** How it has ended. */
  end?: Omit<ProcessEnd, "lastLines">;
  timer?: ReturnType<typeof setTimeout>;
}

/** After this long without a word about an order the main thread hangs too. Milliseconds. */
const KILL_MS = 5_000;
/** Who shares a process with a worker that hangs has this long to move. Milliseconds. */
const RETIRED_MS = 30_000;

/** How V8 begins to say that there is no memory left, for all threads of its process. */
const OUT_OF_MEMORY = /^<--- Last few GCs|out of memory/;

const KILLED = { exitCode: 137, signal: "SIGKILL" } as const;

/** A running host process. */
export class HostProcess {
  readonly #options: HostProcessOptions;
  readonly #child: Deno.ChildProcess;
  readonly #output: HostOutput;
  readonly #workers = new Map<number, HostedWorker>();
  readonly #orders: unknown[] = [];
  /** What Deno said before the process could take orders, which may be why it never did. */
  readonly #firstLines: string[] = [];
  #link: Link | undefined;
  #isRetired = false;
  #hasStrayed = false;
  #isOutOfMemory = false;
  #retiredTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Starts it.
   *
   * @throws {Error} when the process can't be created.
   */
  constructor(options: HostProcessOptions) {
    this.#options = options;
    const { command, program, tag, folder: cwd, environment: env } = options;
    this.#child = newGroup(command, {
      ...{ outputPath: undefined, cwd, clearEnv: true, env },
      ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
    }).spawn();
    this.#output = new HostOutput(tag, {
      ended: (workerID) => this.#read(workerID),
      stray: (text) => this.#stray(text),
    });
    const { stdin, stdout, stderr, status } = this.#child;
    void feed(stdin, program);
    // What goes there went past all that could tell who wrote it.
    const others = readLines(stdout, (line) => this.#stray(line));
    const all = Promise.all([others, readLines(stderr, (line) => this.#output.take(line))]);
    void status.then(async ({ code, signal }) => {
      killGroup(this.#child.pid);
      await Promise.race([all, new Promise((resolve) => setTimeout(resolve, OUTPUT_END_MS))]);
      this.#ended({ exitCode: code, signal: signal ?? undefined });
    });
  }

  /** Whether it takes more workers. */
  get isOpen(): boolean {
    return !this.#isRetired;
  }

  /** How many workers it has. */
  get size(): number {
    return this.#workers.size;
  }

  /** Takes its link, by which it gets its orders. */
  attach(link: Link): LinkEvents {
    this.#link = link;
    this.#firstLines.length = 0;
    for (const order of this.#orders.splice(0)) link.send(order);
    return {
      received: (value) => {
        const report = readReport(value);
        if (report === undefined) link.abort("it reports what is no report");
        else this.#take(report);
      },
      malformed: (reason) => link.abort(reason),
      // Whatever became of it, nobody can reach it any more.
      closed: () => this.kill(),
    };
  }

  /** Starts a worker. */
  start(order: StartOrder, told: { readonly tag: string; readonly events: ProcessEvents }): void {
    const { tag, events } = told;
    const worker: HostedWorker = {
      tag,
      lastLines: new LastLines(),
      isKilled: false,
      isRead: false,
      line: (text, stream) => {
        if (stream === "stderr") worker.lastLines.add(text);
        events.line(text, stream);
      },
      exited: (end) => events.exited(end),
    };
    this.#workers.set(order.workerID, worker);
    this.#output.add(tag, { name: order.name, line: worker.line });
    this.#order(order);
  }

  /** Ends a worker, at once or as soon as its thread listens. */
  end(workerID: number): void {
    const worker = this.#workers.get(workerID);
    if (worker === undefined || worker.isKilled) return;
    worker.isKilled = true;
    this.#order({ type: "end", workerID });
    worker.timer ??= setTimeout(() => this.#stuck(workerID), KILL_MS);
  }

  /** Ends the whole process at once. */
  kill(): void {
    this.#isRetired = true;
    clearTimeout(this.#retiredTimer);
    killGroupOf(this.#child);
  }

  #order(order: unknown): void {
    if (this.#link === undefined) this.#orders.push(order);
    else this.#link.send(order);
  }

  #take({ type, workerID, exitCode }: HostReport): void {
    const worker = this.#workers.get(workerID);
    if (worker === undefined) return;
    if (type === "stuck") return this.#stuck(workerID);
    clearTimeout(worker.timer);
    worker.end = worker.isKilled ? KILLED : { exitCode, signal: undefined };
    if (worker.isRead) return this.#finish(workerID);
    worker.timer = setTimeout(() => this.#finish(workerID), OUTPUT_END_MS);
  }

  /** All that a worker has printed was read: that comes by a way of its own, sooner or later. */
  #read(workerID: number): void {
    const worker = this.#workers.get(workerID);
    if (worker === undefined) return;
    worker.isRead = true;
    this.#finish(workerID);
  }

  /** It is as good as dead, but its thread goes on as long as the process does. */
  #stuck(workerID: number): void {
    const worker = this.#workers.get(workerID);
    // A timer that was due when it was cleared may still come.
    if (worker === undefined || worker.end !== undefined) return;
    worker.end = KILLED;
    this.#options.hangs(workerID);
    const isFirst = !this.#isRetired;
    this.#isRetired = true;
    this.#finish(workerID);
    if (!isFirst || this.#workers.size === 0) return;
    this.#retiredTimer = setTimeout(() => this.kill(), RETIRED_MS);
    this.#options.retired([...this.#workers.keys()]);
  }

  /** All that there is to know of the end of a worker is known. */
  #finish(workerID: number): void {
    const worker = this.#workers.get(workerID);
    if (worker?.end === undefined) return;
    clearTimeout(worker.timer);
    this.#workers.delete(workerID);
    this.#output.remove(worker.tag);
    worker.exited({ ...worker.end, lastLines: worker.lastLines.all });
    if (this.#isRetired && this.#workers.size === 0) this.kill();
  }

  #ended(end: Omit<ProcessEnd, "lastLines">): void {
    clearTimeout(this.#retiredTimer);
    this.#isRetired = true;
    this.#options.ended();
    const workers = [...this.#workers.values()];
    this.#workers.clear();
    const how = end.signal === undefined ? `exit code ${end.exitCode}` : end.signal;
    for (const worker of workers) {
      clearTimeout(worker.timer);
      this.#output.remove(worker.tag);
      const cause = this.#isOutOfMemory ? ": one of them ran out of memory" : "";
      const why = `the process of ${workers.length} workers ended with ${how}${cause}`;
      const lastLines = [...worker.lastLines.all, ...this.#firstLines, why];
      worker.exited({ ...worker.end ?? end, lastLines });
    }
  }

  #stray(text: string): void {
    if (this.#link === undefined) {
      if (this.#firstLines.length < LAST_LINES) this.#firstLines.push(text);
      return;
    }
    if (OUT_OF_MEMORY.test(text)) this.#isOutOfMemory = true;
    if (this.#isOutOfMemory) return;
    const [only, ...others] = this.#workers.values();
    if (only !== undefined && others.length === 0) return only.line(text, "stdout");
    if (this.#hasStrayed) return;
    this.#hasStrayed = true;
    this.#options.warn(
      `one of ${this.size} workers wrote "${text}": nobody can tell which, as it ` +
        "wrote past console and Deno.stdout, so such lines are dropped from now on",
    );
  }
}
