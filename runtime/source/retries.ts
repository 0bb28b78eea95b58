/**
 * When a request may be sent once more, after it may have been handled: only where that does no
 * harm, and only so often that a service in trouble is not given more work than it had.
 *
 * @module
 */

/** The bounds of what is sent once more. */
export const RETRY_LIMITS = {
  /** How often one request is sent once more after it may have been handled. */
  attempts: 2,
  /** Of so many requests to a service, one may be sent once more: 20 %. */
  requests: 5,
  /** What may be sent once more however few the requests are: so many at once. */
  least: 100,
  /** How fast those that were used come back, each second. */
  leastPerSecond: 10,
  /** What a busy service gathers at most. */
  most: 1_000,
  /** The longest wait before the first time, in milliseconds; each further one is four times it. */
  waitMs: 25,
  /** The largest body that is kept so that it can be sent once more, in bytes. */
  bodyBytes: 65_536,
} as const;

const SAVED_LEAST = RETRY_LIMITS.least * RETRY_LIMITS.requests;
const SAVED_MAX = RETRY_LIMITS.most * RETRY_LIMITS.requests;
const SAVED_PER_MS = RETRY_LIMITS.leastPerSecond * RETRY_LIMITS.requests / 1_000;

/** Services of which there is a budget; more than a mesh has names that are in use. */
const BUDGETS_MAX = 1_000;

const IDEMPOTENT: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "PUT",
  "DELETE",
  "OPTIONS",
  "TRACE",
]);

/** Whether handling a request twice is as good as once (RFC 9110, section 9.2.2). */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/**
 * How long to wait before a request is sent once more: some part, by chance, of a time that grows,
 * so that all those whose connection broke do not come back at once. Milliseconds.
 *
 * @param attempt 0 before the first time.
 */
export function retryWaitMs(attempt: number): number {
  return Math.random() * RETRY_LIMITS.waitMs * 4 ** attempt;
}

interface Budget {
  /** Requests, of which some that were sent once more have been taken off. */
  saved: number;
  refilledMs: number;
}

/**
 * What may be sent once more to each service: a fifth of its requests, and some few in any case.
 *
 * @example
 * ```ts
 * import { RetryBudgets } from "./retries.ts";
 * const budgets = new RetryBudgets();
 * budgets.note("greeter");
 * console.log(budgets.take("greeter", 0)); // true
 * ```
 */
export class RetryBudgets {
  readonly #budgets = new Map<string, Budget>();

  /** A request was sent for the first time. */
  note(service: string): void {
    const budget = this.#budgets.get(service) ?? this.#open(service);
    if (budget.saved < SAVED_MAX) budget.saved += 1;
  }

  /** Whether a request may be sent once more now; `nowMs` is of any clock that goes on. */
  take(service: string, nowMs: number): boolean {
    const budget = this.#budgets.get(service) ?? this.#open(service);
    const earned = Math.max(0, nowMs - budget.refilledMs) * SAVED_PER_MS;
    budget.refilledMs = nowMs;
    if (budget.saved < SAVED_LEAST) budget.saved = Math.min(SAVED_LEAST, budget.saved + earned);
    if (budget.saved < RETRY_LIMITS.requests) return false;
    budget.saved -= RETRY_LIMITS.requests;
    return true;
  }

  #open(service: string): Budget {
    // Names come from whoever asks; starting anew gives back no more than the least.
    if (this.#budgets.size >= BUDGETS_MAX) this.#budgets.clear();
    const budget = { saved: SAVED_LEAST, refilledMs: 0 };
    this.#budgets.set(service, budget);
    return budget;
  }
}
