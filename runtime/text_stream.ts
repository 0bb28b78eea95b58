/**
 * A body of text that goes on while somebody reads it: what can be sent at once, and else a sign of
 * life now and then. Nothing is made of it before it is read.
 *
 * @module
 */

/** How long nothing is sent before a sign of life is. Milliseconds. */
export const HEARTBEAT_MS = 15_000;

/** What such a body is made of. */
export interface TextStreamOptions {
  /** All that can be sent now, if anything can. */
  readonly next: () => string | undefined;
  /** What is sent when nothing else has been for a while. */
  readonly idle: string;
  /** Ends the body when it aborts. */
  readonly signal: AbortSignal;
  /** Called once when nothing more is read. */
  readonly closed: () => void;
  /** The time between two signs of life. Milliseconds. @default {HEARTBEAT_MS} */
  readonly heartbeatMs?: number | undefined;
}

/** A body of text, and what its maker can do about it. */
export class TextStream {
  /** The body, as UTF-8. */
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: TextStreamOptions;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #wake: () => void = () => {};
  #isOpen = true;

  /** Nothing is asked for before the body is read. */
  constructor(options: TextStreamOptions) {
    this.#options = options;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: () => this.#release(),
    }, { highWaterMark: 0 });
    const { signal } = options;
    signal.addEventListener("abort", this.end, { once: true });
    if (signal.aborted) this.end();
  }

  /** There is something to send. */
  wake(): void {
    this.#wake();
  }

  /** Nothing more is sent. */
  readonly end = (): void => {
    if (!this.#isOpen) return;
    this.#release();
    this.#controller?.close();
  };

  async #pull(): Promise<void> {
    const text = this.#options.next();
    if (text === undefined) await this.#pause();
    if (!this.#isOpen) return;
    const sent = text ?? this.#options.next() ?? this.#options.idle;
    this.#controller?.enqueue(this.#encoder.encode(sent));
  }

  /** Lets go of everything: the reader is gone, or the stream has ended. */
  #release(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#options.signal.removeEventListener("abort", this.end);
    this.#wake();
    this.#options.closed();
  }

  async #pause(): Promise<void> {
    // To look for what can be sent may have ended it.
    if (!this.#isOpen) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, this.#options.heartbeatMs ?? HEARTBEAT_MS);
    await promise;
    clearTimeout(timer);
  }
}
