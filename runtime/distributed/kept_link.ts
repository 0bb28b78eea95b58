/**
 * A link that is dialled again whenever it ends: after a moment of chance, so that of fifty agents
 * whose manager was restarted not all come at once, and after longer moments while it fails.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { AcceptLink, Link } from "../../transports/link.ts";
import { clockMs } from "../host.ts";

/** What happened to a kept link. */
export type KeptLinkEvent =
  | {
    /** The other end was reached. */
    readonly kind: "linked";
  }
  | {
    /** The other end could not be reached, or the link to it ended. */
    readonly kind: "unreached" | "ended";
    /** Why. */
    readonly reason: string;
    /** When it is tried again. Milliseconds from now. */
    readonly retryMs: number;
  };

/** How a link is kept. */
export interface KeptLinkOptions {
  /** Dials the other end, whose link is for `accept`; rejects when it is not reached. */
  readonly dial: (accept: AcceptLink) => Promise<Link>;
  /** Takes each new link. */
  readonly accept: AcceptLink;
  /** Is told what happens. */
  readonly told: (event: KeptLinkEvent) => void;
  /** Gives a number from 0 up to 1. @default {Math.random} */
  readonly random?: () => number;
  /** Tells the time in milliseconds. @default {clockMs} */
  readonly now?: () => number;
  /** Runs something once after so many milliseconds; returns how to prevent it. */
  readonly after?: (delayMs: number, run: () => void) => () => void;
}

/** The longest first wait; it doubles with each failure. Milliseconds. */
export const RETRY_MS = 50;
/**
 * The longest wait of all: shorter than a manager that was started again waits for its agents
 * before it starts elsewhere what they may have. Milliseconds.
 */
export const RETRY_MS_MAX = 2_500;
/** A link that the other end took in has to last as long to count as one that works. */
export const LASTING_MS = 5_000;

/** A link that is made again until it is stopped. */
export class KeptLink {
  readonly #options: KeptLinkOptions;
  #link: Link | undefined;
  #failures = 0;
  /** When the other end took this link in. Milliseconds. */
  #confirmedMs: number | undefined;
  #isStopped = false;
  #cancelRetry: (() => void) | undefined;
  #closed: PromiseWithResolvers<void> | undefined;

  /** Nothing is dialled before {@linkcode KeptLink.start}. */
  constructor(options: KeptLinkOptions) {
    this.#options = options;
  }

  /** Dials, and goes on until it is stopped. */
  start(): void {
    void this.#dial();
  }

  /**
   * Says that the other end has taken this one in. When that lasts, the link is a success and the
   * next failure the first. One that is refused each time, or put out by another one of the same
   * name, comes less and less often.
   */
  confirm(): void {
    this.#confirmedMs = this.#nowMs;
  }

  /** Closes the link, once what was sent has left, and dials no more; resolves when it is done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRetry?.();
    if (this.#link === undefined) return;
    this.#closed ??= Promise.withResolvers<void>();
    this.#link.close();
    await this.#closed.promise;
  }

  get #nowMs(): number {
    return (this.#options.now ?? clockMs)();
  }

  async #dial(): Promise<void> {
    try {
      const link = await this.#options.dial((made) => this.#take(made));
      if (this.#isStopped) link.close();
    } catch (error) {
      this.#retry("unreached", reasonOf(error));
    }
  }

  #take(link: Link): ReturnType<AcceptLink> {
    this.#link = link;
    const events = this.#options.accept(link);
    this.#options.told({ kind: "linked" });
    return {
      received: (value) => events.received(value),
      malformed: (reason) => events.malformed(reason),
      closed: (reason) => {
        events.closed(reason);
        this.#link = undefined;
        this.#closed?.resolve();
        if (this.#nowMs - (this.#confirmedMs ?? Infinity) >= LASTING_MS) this.#failures = 0;
        this.#confirmedMs = undefined;
        this.#retry("ended", reason);
      },
    };
  }

  #retry(kind: "unreached" | "ended", reason: string): void {
    if (this.#isStopped) return;
    const { random = Math.random, after = afterTimer, told } = this.#options;
    const longestMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** this.#failures);
    const retryMs = Math.round(random() * longestMs);
    this.#failures += 1;
    told({ kind, reason, retryMs });
    this.#cancelRetry = after(retryMs, () => void this.#dial());
  }
}

function afterTimer(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
