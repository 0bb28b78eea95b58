/**
 * The history as server-sent events: what a client missed, from the store, then what happens.
 *
 * @module
 */

import type { Fact } from "../../roles/manager/memory/facts.ts";
import { createFactMemory } from "../history/describe_fact.ts";
import type { Store } from "../store/store.ts";
import { viewFacts } from "./views/history_view.ts";
import type { HistoryEntry } from "./views/view.ts";

/** How many facts are read from the store at a time. */
const PAGE_FACTS = 200;

/** Most facts that wait for a client to read them; one that is slower is cut. */
export const EVENT_QUEUE_MAX = 1_000;

/** How long nothing is sent before a comment is, so that nobody takes the client for gone. */
export const HEARTBEAT_MS = 15_000;

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
  /** The time between two heartbeats. Milliseconds. @default {HEARTBEAT_MS} */
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
  const feed = new EventFeed(options);
  return new ReadableStream<Uint8Array>({
    start: (controller) => feed.start(controller),
    pull: () => feed.pull(),
    cancel: () => feed.release(),
  }, { highWaterMark: 0 });
}

/** What feeds one stream. */
class EventFeed {
  readonly #options: EventStreamOptions;
  readonly #memory = createFactMemory();
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #cursor: number;
  #queue: Fact[] = [];
  #unsubscribe: (() => void) | undefined;
  #wake: () => void = () => {};
  #isOpen = true;
  #isGreeted = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#cursor = options.afterSeq;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    const { signal } = this.#options;
    signal.addEventListener("abort", this.#end, { once: true });
    if (signal.aborted) this.#end();
  }

  async pull(): Promise<void> {
    const text = this.#isGreeted ? this.#next() : this.#greet();
    if (text === undefined) await this.#pause();
    if (!this.#isOpen) return;
    this.#controller?.enqueue(this.#encoder.encode(text ?? this.#next() ?? ": still here\n\n"));
  }

  /** Lets go of everything: the client is gone, or the stream has ended. */
  release(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#options.signal.removeEventListener("abort", this.#end);
    this.#unsubscribe?.();
    this.#queue = [];
    this.#wake();
    this.#options.closed();
  }

  readonly #end = (): void => {
    if (!this.#isOpen) return;
    this.release();
    this.#controller?.close();
  };

  /** The first bytes tell the client that it is connected, before anything happens. */
  #greet(): string {
    this.#isGreeted = true;
    return "retry: 1000\n\n";
  }

  /** What can be sent at once: a page of the past, or what happened since. */
  #next(): string | undefined {
    if (!this.#isOpen) return undefined;
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
    if (this.#queue.length > EVENT_QUEUE_MAX) return this.#end();
    this.#wake();
  }

  async #pause(): Promise<void> {
    if (!this.#isOpen) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, this.#options.heartbeatMs ?? HEARTBEAT_MS);
    await promise;
    clearTimeout(timer);
  }
}

/** A text with line ends would be several fields; JSON has none. */
function eventText(entry: HistoryEntry): string {
  return `id: ${entry.seq}\ndata: ${JSON.stringify(entry)}\n\n`;
}
