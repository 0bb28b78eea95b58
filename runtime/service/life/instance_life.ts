/**
 * The life of an instance, as its own code sees it: what holds it open, and what is called before
 * it ends.
 *
 * @module
 */

import type { Refusal } from "../../../roles/service/state.ts";
import { after } from "../../../transports/timer.ts";
import type { DrainHandler, DrainRefusal, ServiceLife } from "./life.ts";

/** What the life of an instance tells. */
export interface InstanceLifeEvents {
  /** What holds it open is this now; undefined: nothing. */
  readonly held: (reason: string | undefined) => void;
  /** Takes a line for a person. */
  readonly complain: (text: string) => void;
}

/** How an instance is asked to end. */
export interface EndQuestion {
  /** Why. */
  readonly reason: string;
  /** How long it has, from now on. Milliseconds. */
  readonly graceMs: number;
  /** Whether it can't refuse. */
  readonly isFinal: boolean;
}

/** What is left of the grace for connections to close, when the rest was waited for in vain. */
const CLOSING_MS_MAX = 500;

function isRefusal(value: unknown): value is DrainRefusal {
  return typeof value === "object" && value !== null && "refuse" in value &&
    typeof value.refuse === "string" && "retryAfterMs" in value &&
    typeof value.retryAfterMs === "number" && value.retryAfterMs >= 0;
}

/** The holds and handlers of an instance. */
export class InstanceLife implements ServiceLife {
  readonly #events: InstanceLifeEvents;
  /** The oldest first. */
  readonly #holds = new Set<{ readonly reason: string }>();
  readonly #handlers = new Set<{ readonly handler: DrainHandler }>();
  readonly #waiting = new Set<() => void>();
  /** The hold that was told last. */
  #told: { readonly reason: string } | undefined;
  /** When it is not waited for any more what it works on; by the clock of the process. */
  #untilMs = Infinity;

  /** Nothing holds it. */
  constructor(events: InstanceLifeEvents) {
    this.#events = events;
  }

  /** See {@linkcode ServiceLife.hold}. */
  hold(reason: string): () => void {
    const hold = { reason: String(reason) };
    this.#holds.add(hold);
    this.#tell();
    return () => {
      if (!this.#holds.delete(hold)) return;
      this.#tell();
      if (this.#holds.size > 0) return;
      for (const released of this.#waiting) released();
    };
  }

  /** See {@linkcode ServiceLife.onDrain}. */
  onDrain(handler: DrainHandler): () => void {
    const added = { handler };
    this.#handlers.add(added);
    return () => void this.#handlers.delete(added);
  }

  /** Asks the code of the service whether it may end; undefined when nobody wants to know. */
  ask(question: EndQuestion): Promise<Refusal | undefined> | undefined {
    const { graceMs } = question;
    const waitMs = Math.max(0, graceMs - Math.min(CLOSING_MS_MAX, graceMs / 10));
    this.#untilMs = performance.now() + waitMs;
    return this.#handlers.size === 0 ? undefined : this.#askHandlers(question);
  }

  /** Resolves when nothing holds it any more, or it was asked too long ago to wait for that. */
  async released(): Promise<void> {
    if (this.#holds.size === 0) return;
    const isReleased = await this.#inTime(
      new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      }),
    );
    if (isReleased) return;
    const reasons = [...this.#holds].slice(0, 3).map(({ reason }) => `"${reason}"`).join(", ");
    this.#events.complain(`it ends though it is busy with ${reasons}: its grace is over`);
  }

  #tell(): void {
    const [oldest] = this.#holds;
    if (oldest === this.#told) return;
    this.#told = oldest;
    this.#events.held(oldest?.reason);
  }

  async #askHandlers({ reason, graceMs, isFinal }: EndQuestion): Promise<Refusal | undefined> {
    const deadline = Date.now() + graceMs;
    const answers = [...this.#handlers].map(({ handler }) =>
      this.#call(() => handler(reason, new Date(deadline)))
    );
    const refusals: DrainRefusal[] = [];
    const heard = answers.map(async (answer) => {
      const refusal = await answer;
      if (refusal !== undefined) refusals.push(refusal);
    });
    if (!await this.#inTime(Promise.all(heard))) {
      this.#events.complain("it ends though not all of onDrain is done: its grace is over");
    }
    if (refusals.length === 0) return undefined;
    const refusal = {
      reason: refusals.map(({ refuse }) => refuse).join("; "),
      retryAfterMs: Math.max(...refusals.map(({ retryAfterMs }) => retryAfterMs)),
    };
    if (!isFinal) return refusal;
    this.#events.complain(`it ends though onDrain refuses that ("${refusal.reason}")`);
    return undefined;
  }

  async #call(handler: () => unknown): Promise<DrainRefusal | undefined> {
    try {
      const answer = await handler();
      if (answer === undefined || isRefusal(answer)) return answer;
      const form = "{ refuse: a text, retryAfterMs: a number }";
      this.#events.complain(`onDrain returned neither nothing nor ${form}: that says nothing`);
    } catch (error) {
      this.#events.complain("onDrain failed, and the instance ends all the same:");
      console.error(error);
    }
    return undefined;
  }

  /** Whether something was done before it is not waited for any more. */
  async #inTime(done: Promise<unknown>): Promise<boolean> {
    if (this.#untilMs === Infinity) return await done.then(() => true);
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const cancel = after(Math.max(0, this.#untilMs - performance.now()), () => resolve(false));
    const isDone = await Promise.race([done.then(() => true), late]);
    cancel();
    return isDone;
  }
}
