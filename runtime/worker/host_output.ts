/**
 * Takes the output of a host process apart: which worker wrote what.
 *
 * @module
 */

import { OUTPUT_LINE_MAX } from "../launcher/output_lines.ts";
import type { OutputStream } from "../launcher/output_files.ts";
import { readTagged } from "./tagged_line.ts";

/** Takes what one worker wrote. */
export interface WorkerOutput {
  /** What Deno calls it in what it prints by itself. */
  readonly name: string;
  /** Takes a line. */
  line(text: string, stream: OutputStream): void;
}

/** Who hears what no worker has said by its own mouth. */
export interface HostOutputEvents {
  /** All that a worker has written was read. */
  readonly ended: (workerID: number) => void;
  /** A line that nobody can be found for. */
  readonly stray: (text: string) => void;
}

/** By these words Deno begins to print why a worker has failed. */
const UNCAUGHT = /^error: Uncaught \(in worker "([^"]*)"\) (.*)$/;

/** The output of one host process. */
export class HostOutput {
  readonly #hostTag: string;
  readonly #events: HostOutputEvents;
  readonly #workers = new Map<string, WorkerOutput>();
  /** The first part of lines whose rest is to come, by tag and stream. */
  readonly #parts = new Map<string, string>();
  /** Whose error Deno prints, in lines without tags. */
  #failing: WorkerOutput | undefined;

  /** Nobody writes yet. */
  constructor(hostTag: string, events: HostOutputEvents) {
    this.#hostTag = hostTag;
    this.#events = events;
  }

  /** A worker writes with this tag from now on. */
  add(tag: string, output: WorkerOutput): void {
    this.#workers.set(tag, output);
  }

  /** A worker writes no more; what it has not ended is a line. */
  remove(tag: string): void {
    const output = this.#workers.get(tag);
    this.#workers.delete(tag);
    if (this.#failing === output) this.#failing = undefined;
    for (const stream of ["stdout", "stderr"] as const) {
      const part = this.#parts.get(`${tag} ${stream}`);
      this.#parts.delete(`${tag} ${stream}`);
      if (part !== undefined) output?.line(part, stream);
    }
  }

  /** Takes a line of the process's stderr. */
  take(line: string): void {
    const tagged = readTagged(line);
    const output = this.#workers.get(tagged?.tag ?? "");
    if (tagged?.tag === this.#hostTag) {
      this.#plain(tagged.before);
      this.#events.ended(Number(tagged.text));
    } else if (tagged?.stream !== undefined && output !== undefined) {
      this.#plain(tagged.before);
      this.#say(output, { ...tagged, stream: tagged.stream });
    } else {
      this.#plain(line);
    }
  }

  #say(
    output: WorkerOutput,
    said: { tag: string; stream: OutputStream; isWhole: boolean; text: string },
  ): void {
    const { tag, stream, isWhole } = said;
    const key = `${tag} ${stream}`;
    const text = (this.#parts.get(key) ?? "") + said.text;
    // More of one line is cut off, as of the line of a process.
    const cut = text.length > OUTPUT_LINE_MAX ? `${text.slice(0, OUTPUT_LINE_MAX)}…` : text;
    if (!isWhole) return void this.#parts.set(key, cut);
    this.#parts.delete(key);
    output.line(cut, stream);
  }

  #plain(text: string): void {
    if (text === "") return;
    const [, name, rest = ""] = UNCAUGHT.exec(text) ?? [];
    if (name !== undefined) {
      this.#failing = [...this.#workers.values()].find((output) => output.name === name);
      this.#failing?.line(`error: Uncaught ${rest}`, "stderr");
    } else if (this.#failing === undefined) {
      this.#events.stray(text);
    } else {
      this.#failing.line(text, "stderr");
    }
  }
}
