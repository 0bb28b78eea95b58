/**
 * A load of requests at an even pace, whatever becomes of them: each is sent when its time has
 * come, waits for nobody, and counts as failed unless it is answered with 2xx in time, and rightly.
 *
 * @module
 */

/** What to ask, and how often. */
export interface LoadOptions {
  /** Where the requests go; in turn, if there are more. */
  readonly urls: readonly string[];
  /** How many a second. */
  readonly perSecond: number;
  /** Each must be answered within this. Milliseconds. */
  readonly deadlineMs: number;
  /**
   * Whether every request has its number as `n`, every other one is a POST with a body, and the
   * answer to each must be its number and its body, with a space between.
   *
   * @default {false}
   */
  readonly isEchoed?: boolean;
}

/** What became of the requests. */
export interface LoadReport {
  /** How many were sent. */
  readonly sent: number;
  /** How many were answered with 2xx, and rightly. */
  readonly done: number;
  /** How often each failure was seen, by its text. */
  readonly failures: Readonly<Record<string, number>>;
  /** How long the slowest of the answered ones took. Milliseconds. */
  readonly slowestMs: number;
  /** How long half of them took at most. Milliseconds. */
  readonly medianMs: number;
  /** How late the latest was sent: more than a moment means that this program was too slow. */
  readonly lateMs: number;
}

/** Most different texts of failures that are kept. */
const TEXTS_MAX = 50;
/** How often it is looked whether requests are due. Milliseconds. */
const TURN_MS = 5;

/** A load that runs until it is stopped. */
export class Load {
  readonly #options: LoadOptions;
  readonly #beginMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #running = new Set<Promise<void>>();
  readonly #failures = new Map<string, number>();
  readonly #durationsMs: number[] = [];
  #sent = 0;
  #lateMs = 0;

  /** Begins at once. */
  constructor(options: LoadOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#sendDue(), TURN_MS);
  }

  /** What became of what was sent so far. */
  get report(): LoadReport {
    const sorted = this.#durationsMs.toSorted((left, right) => left - right);
    return {
      sent: this.#sent,
      done: sorted.length,
      failures: Object.fromEntries(this.#failures),
      slowestMs: Math.round(sorted.at(-1) ?? 0),
      medianMs: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
      lateMs: Math.round(this.#lateMs),
    };
  }

  /** Sends no more; resolves when all that was sent is answered. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.#timer);
    await Promise.all(this.#running);
    return this.report;
  }

  #sendDue(): void {
    const { perSecond } = this.#options;
    const elapsedMs = performance.now() - this.#beginMs;
    while (this.#sent < elapsedMs * perSecond / 1_000) {
      this.#lateMs = Math.max(this.#lateMs, elapsedMs - this.#sent * 1_000 / perSecond);
      const number = this.#sent;
      this.#sent += 1;
      const run = this.#send(number).finally(() => this.#running.delete(run));
      this.#running.add(run);
    }
  }

  async #send(number: number): Promise<void> {
    const beginMs = performance.now();
    const { urls, isEchoed = false, deadlineMs } = this.#options;
    const url = urls[number % urls.length] ?? "";
    const body = isEchoed && Math.floor(number / urls.length) % 2 === 1 ? bodyOf(number) : "";
    try {
      const signal = AbortSignal.timeout(deadlineMs);
      const post = body === "" ? {} : { method: "POST", body };
      const response = await fetch(isEchoed ? `${url}?n=${number}` : url, { ...post, signal });
      const text = await response.text();
      if (!response.ok) this.#fail(`${response.status}: ${text}`);
      else if (isEchoed && text !== `${number} ${body}`) this.#fail(`wrong: ${text.slice(0, 200)}`);
      else this.#durationsMs.push(performance.now() - beginMs);
    } catch (error) {
      this.#fail(String(error));
    }
  }

  #fail(text: string): void {
    const known = this.#failures.has(text) || this.#failures.size < TEXTS_MAX;
    const key = known ? text : "others";
    this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1);
  }
}

/** A body that no other request has; one of ten fills several frames. */
function bodyOf(number: number): string {
  return `${number}:`.repeat(number % 20 < 2 ? 20_000 : 4);
}
