/**
 * The history as server-sent events: what a client missed, from the store, then what happens.
 *
 * @module
 */

import type { Fact } from "../../roles/manager/memory/facts.ts";
import { createFactMemory } from "../history/describe_fact.ts";
import type { Store } from "../store/store.ts";
import { TextStream } from "../text_stream.ts";
import { viewFacts } from "./views/history_view.ts";
import type { HistoryEntry } from "./views/view.ts";

/** How many facts are read from the store at a time. */
const PAGE_FACTS = 200;

/** Most facts that wait for a client to read them; one that is slower is cut. */
export const EVENT_QUEUE_MAX = 1_000;

/** What an event stream needs. */
export interface EventStreamOptions {
  /** Where the past is read. */
  readonly store: Store;
  /** Calls a listener with facts once they are recorded; returns how to end that. */
  readonly subscribe: (listener: (facts: readonly Fact[]) => void) => () => void;
  /** Only facts with a higher number. */
  readonly afterSeq: number;
  /** Ends the stream when it aborts. */
  readonly signal: AbortSignal;
  /** Called once when nothing more is read from the stream. */
  readonly closed: () => void;
  /** The time between two heartbeats. Milliseconds. @default {15_000} */
  readonly heartbeatMs?: number;
}

/**
 * Makes the body of an event stream. Nothing is held for a client until it reads.
 *
 * @param options Where events come from and which are wanted.
 * @returns The body. It ends when its client is too slow; the client then comes back with the
 * number of the last event that it got, and misses nothing.
 */
export function streamEvents(options: EventStreamOptions): ReadableStream<Uint8Array> {
  return new EventFeed(options).stream.body;
}

/** What feeds one stream. */
class EventFeed {
  readonly stream: TextStream;
  readonly #options: EventStreamOptions;
  readonly #memory = createFactMemory();
  #cursor: number;
  #queue: Fact[] = [];
  #unsubscribe: (() => void) | undefined;
  #isGreeted = false;

  constructor(options: EventStreamOptions) {
    const { signal, heartbeatMs, afterSeq } = options;
    this.#options = options;
    this.#cursor = afterSeq;
    this.stream = new TextStream({
      next: () => this.#isGreeted ? this.#next() : this.#greet(),
      idle: ": still here\n\n",
      signal,
      closed: () => this.#release(),
      heartbeatMs,
    });
  }

  #release(): void {
    this.#unsubscribe?.();
    this.#queue = [];
    this.#options.closed();
  }

  /** The first bytes tell the client that it is connected, before anything happens. */
  #greet(): string {
    this.#isGreeted = true;
    return "retry: 1000\n\n";
  }

  /** What can be sent at once: a page of the past, or what happened since. */
  #next(): string | undefined {
    const facts = this.#unsubscribe === undefined ? this.#readPast() : this.#queue;
    if (facts.length === 0) return undefined;
    this.#queue = [];
    this.#cursor = facts.at(-1)?.seq ?? this.#cursor;
    const { store } = this.#options;
    return viewFacts(facts, { store, memory: this.#memory }).map(eventText).join("");
  }

  #readPast(): readonly Fact[] {
    const { store, subscribe } = this.#options;
    const page = store.query({ afterSeq: this.#cursor, limit: PAGE_FACTS });
    // Nothing is recorded between this look and the subscription: both are in this turn.
    if (page.length === 0) this.#unsubscribe = subscribe((facts) => this.#push(facts));
    return page;
  }

  #push(facts: readonly Fact[]): void {
    for (const fact of facts) if (fact.seq > this.#cursor) this.#queue.push(fact);
    if (this.#queue.length > EVENT_QUEUE_MAX) return this.stream.end();
    this.stream.wake();
  }
}

/** A text with line ends would be several fields; JSON has none. */
function eventText(entry: HistoryEntry): string {
  return `id: ${entry.seq}\ndata: ${JSON.stringify(entry)}\n\n`;
}
