/**
 * The deadlines of one request: what of its answer must have come until when. Only a request that
 * has any of them is watched.
 *
 * @module
 */

import type { RouteLimits } from "../../protocol/route_limits.ts";
import type { RequestParts } from "../sessions/session.ts";
import type { DeadlineTimer, Expiring } from "./deadline_timer.ts";

/** The deadlines of a request that is under way, each in milliseconds. */
export type ExchangeLimits = Pick<RouteLimits, "firstByteMs" | "idleMs" | "totalMs">;

/** The name of a deadline, as mesh.json has it. */
export type DeadlineName = "firstByte" | "idle" | "total";

/** A deadline of a request has passed. */
export class DeadlineError extends Error {
  /** The name of the class. */
  override readonly name = "DeadlineError";
  /** Which one. */
  readonly deadline: DeadlineName;
  /** Why, without the "Cannot" in front. */
  readonly reason: string;

  /** Says which deadline passed, and after how many milliseconds. */
  constructor(deadline: DeadlineName, limitMs: number) {
    const reason = `${WHAT[deadline]} within ${limitMs} ms (deadline ${deadline})`;
    super(`Cannot wait on: ${reason}`);
    this.deadline = deadline;
    this.reason = reason;
  }
}

const WHAT: Readonly<Record<DeadlineName, string>> = {
  firstByte: "nothing of an answer came",
  idle: "no byte moved in either direction",
  total: "the answer was not complete",
};

/** Whether a request must be watched. */
export function hasDeadlines({ firstByteMs, idleMs, totalMs }: ExchangeLimits): boolean {
  return firstByteMs !== undefined || idleMs !== undefined || totalMs !== undefined;
}

/** The parts of the idle time after which it is looked whether bytes have moved. */
const LOOKS = 4;

/** How a request is cancelled by whoever sends it. */
type Cancelled = Pick<RequestParts, "signal" | "lateSignal">;

/** The deadlines of one request. */
export class ExchangeWatch implements Expiring {
  /** The deadline that has passed. */
  passed: DeadlineError | undefined;
  readonly #limits: ExchangeLimits;
  readonly #timer: DeadlineTimer;
  readonly #request: Cancelled;
  readonly #follow = () => this.#controller?.abort(this.#given?.reason);
  #given: AbortSignal | undefined;
  #controller: AbortController | undefined;
  readonly #totalMs: number;
  #firstByteMs = Infinity;
  #lookMs = Infinity;
  #silentLooks = 0;
  #seenBytes = 0;
  #movedBytes: (() => number) | undefined;
  #isAnswered = false;
  #hasLeft = true;

  /** The total time begins. */
  constructor(
    limits: ExchangeLimits,
    { timer, request }: { timer: DeadlineTimer; request: Cancelled },
  ) {
    this.#limits = limits;
    this.#timer = timer;
    this.#request = request;
    this.#totalMs = performance.now() + (limits.totalMs ?? Infinity);
    this.#arm();
  }

  /**
   * Gives the signal that aborts when a deadline passes, with a {@linkcode DeadlineError}, or when
   * the request's own does. Most requests are answered before anybody asks for it.
   */
  readonly lateSignal = (): AbortSignal => {
    if (this.#controller !== undefined) return this.#controller.signal;
    const controller = this.#controller = new AbortController();
    const given = this.#given = this.#request.signal ?? this.#request.lateSignal?.();
    given?.addEventListener("abort", this.#follow, { once: true });
    if (given?.aborted) this.#follow();
    if (this.passed !== undefined) controller.abort(this.passed);
    return controller.signal;
  };

  /** The request is being sent, perhaps once more. */
  readonly started = (movedBytes: () => number): void => {
    const nowMs = performance.now();
    this.#hasLeft = false;
    this.#movedBytes = movedBytes;
    this.#seenBytes = 0;
    this.#silentLooks = 0;
    this.#firstByteMs = nowMs + (this.#limits.firstByteMs ?? Infinity);
    this.#lookMs = nowMs + (this.#limits.idleMs ?? Infinity) / LOOKS;
    this.#arm();
  };

  /**
   * It uses its session no more: it is over, unless it is sent once more. Says whether its instance
   * is to blame: it had the request, and a deadline passed without an answer.
   */
  left(): boolean {
    this.#hasLeft = true;
    if (this.#isAnswered) this.end();
    return !this.#isAnswered && this.passed !== undefined && this.passed.deadline !== "total";
  }

  /** The head of the answer has come; its body may still be arriving. */
  answered(): void {
    this.#isAnswered = true;
    this.#firstByteMs = Infinity;
    if (this.#hasLeft) this.end();
  }

  /** Nothing more can happen. */
  end(): void {
    this.#given?.removeEventListener("abort", this.#follow);
    this.#timer.clear(this);
  }

  /** One of the deadlines may have passed. */
  due(nowMs: number): void {
    const { firstByteMs = 0, idleMs = 0, totalMs = 0 } = this.#limits;
    if (nowMs >= this.#totalMs) return this.#pass(new DeadlineError("total", totalMs));
    if (nowMs >= this.#firstByteMs) return this.#pass(new DeadlineError("firstByte", firstByteMs));
    if (nowMs >= this.#lookMs && !this.#look(nowMs)) {
      return this.#pass(new DeadlineError("idle", idleMs));
    }
    this.#arm();
  }

  /** Whether the silence may go on. */
  #look(nowMs: number): boolean {
    const movedBytes = this.#movedBytes?.() ?? 0;
    this.#silentLooks = movedBytes === this.#seenBytes ? this.#silentLooks + 1 : 0;
    this.#seenBytes = movedBytes;
    this.#lookMs = nowMs + (this.#limits.idleMs ?? Infinity) / LOOKS;
    return this.#silentLooks < LOOKS;
  }

  #pass(error: DeadlineError): void {
    this.passed = error;
    this.end();
    this.#controller?.abort(error);
  }

  #arm(): void {
    const dueMs = Math.min(this.#totalMs, this.#firstByteMs, this.#lookMs);
    if (dueMs !== Infinity) this.#timer.set(this, dueMs);
  }
}
