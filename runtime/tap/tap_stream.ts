/**
 * A tap as a stream of JSON lines. What is not read in time is dropped and counted, so a slow
 * reader costs the manager a bounded amount of memory, and knows what it did not see.
 *
 * @module
 */

import { TextStream } from "../text_stream.ts";
import type { TapFilter, TapSource } from "./message_taps.ts";
import type { TapEntry } from "./tapped_message.ts";

/** The bounds of a tap. */
export const TAP_LIMITS = {
  /** Messages that wait to be read. */
  messages: 1_000,
  /** The length of all of them, in characters. */
  characters: 1_000_000,
} as const;

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
  { filter, signal, closed, heartbeatMs }: TapStreamOptions,
): ReadableStream<Uint8Array> {
  const unread = new UnreadEntries();
  const close = source.open(filter, (entry) => {
    if (unread.add(entry)) stream.wake();
  });
  const stream = new TextStream({
    next: () => unread.take(),
    idle: "\n",
    signal,
    closed: () => {
      close();
      closed();
    },
    heartbeatMs,
  });
  return stream.body;
}

/** What waits for its reader. */
class UnreadEntries {
  #lines: string[] = [];
  #characters = 0;
  #dropped = 0;

  /** Whether it is kept. What comes after the first that is not is dropped too: one gap. */
  add(entry: TapEntry): boolean {
    const { messages, characters } = TAP_LIMITS;
    if (this.#dropped > 0 || this.#lines.length >= messages || this.#characters >= characters) {
      this.#dropped += 1;
      return false;
    }
    const line = lineOf(entry);
    this.#lines.push(line);
    this.#characters += line.length;
    return true;
  }

  /** All of it, and how much was dropped; undefined when nothing waits. */
  take(): string | undefined {
    const lines = this.#lines;
    if (lines.length === 0) return undefined;
    if (this.#dropped > 0) lines.push(lineOf({ kind: "dropped", count: this.#dropped }));
    this.#lines = [];
    this.#characters = 0;
    this.#dropped = 0;
    return lines.join("");
  }
}

function lineOf(entry: TapEntry): string {
  return `${JSON.stringify(entry)}\n`;
}
