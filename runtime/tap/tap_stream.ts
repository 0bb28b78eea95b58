/**
 * A tap as a stream of JSON lines. What is not read in time is dropped and counted, so a slow
 * reader costs the manager a bounded amount of memory, and knows what it did not see.
 *
 * @module
 */

import type { TapFilter, TapSource } from "./message_taps.ts";
import type { TapEntry } from "./tapped_message.ts";

/** The bounds of a tap. */
export const TAP_LIMITS = {
  /** Messages that wait to be read. */
  messages: 1_000,
  /** The length of all of them, in characters. */
  characters: 1_000_000,
} as const;

/** How long nothing is written before an empty line is, which finds out whether anybody reads. */
const HEARTBEAT_MS = 15_000;

/** How a tap is streamed. */
export interface TapStreamOptions {
  /** Which messages are wanted. */
  readonly filter: TapFilter;
  /** Ends the stream when it aborts. */
  readonly signal: AbortSignal;
  /** Called when nothing more is read. */
  readonly closed: () => void;
  /** The time between two empty lines. Milliseconds. @default {15_000} */
  readonly heartbeatMs?: number | undefined;
}

/** The stream, as bytes of lines of JSON. Messages are watched from now on. */
export function streamTap(
  source: TapSource,
  options: TapStreamOptions,
): ReadableStream<Uint8Array> {
  const reader = new TapReader(source, options);
  return new ReadableStream<Uint8Array>({
    start: (controller) => reader.start(controller),
    pull: () => reader.pull(),
    cancel: () => reader.release(),
  }, { highWaterMark: 0 });
}

class TapReader {
  readonly #options: TapStreamOptions;
  readonly #encoder = new TextEncoder();
  readonly #close: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #lines: string[] = [];
  #characters = 0;
  #dropped = 0;
  #wake = () => {};
  #isOpen = true;

  constructor(source: TapSource, options: TapStreamOptions) {
    this.#options = options;
    this.#close = source.open(options.filter, (entry) => this.#push(entry));
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    const { signal } = this.#options;
    signal.addEventListener("abort", this.#end, { once: true });
    if (signal.aborted) this.#end();
  }

  async pull(): Promise<void> {
    if (this.#lines.length === 0) await this.#pause();
    if (!this.#isOpen) return;
    const lines = this.#lines;
    if (this.#dropped > 0) lines.push(lineOf({ kind: "dropped", count: this.#dropped }));
    this.#lines = [];
    this.#characters = 0;
    this.#dropped = 0;
    this.#controller?.enqueue(this.#encoder.encode(lines.join("") || "\n"));
  }

  /** Lets go of everything: nobody reads any more. */
  release(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#close();
    this.#options.signal.removeEventListener("abort", this.#end);
    this.#lines = [];
    this.#wake();
    this.#options.closed();
  }

  readonly #end = (): void => {
    if (!this.#isOpen) return;
    this.release();
    this.#controller?.close();
  };

  #push(entry: TapEntry): void {
    const { messages, characters } = TAP_LIMITS;
    // What comes after the first that was dropped is dropped too: so the gap has one place.
    if (this.#dropped > 0 || this.#lines.length >= messages || this.#characters >= characters) {
      this.#dropped += 1;
      return;
    }
    const line = lineOf(entry);
    this.#lines.push(line);
    this.#characters += line.length;
    this.#wake();
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, this.#options.heartbeatMs ?? HEARTBEAT_MS);
    await promise;
    clearTimeout(timer);
  }
}

function lineOf(entry: TapEntry): string {
  return `${JSON.stringify(entry)}\n`;
}
