/**
 * What happens, on its way to another thread, many at a time: a call costs far more than a fact or
 * a line, and it would compete with the requests that these are about.
 *
 * @module
 */

/** How long the first waits for others. Milliseconds. */
const WAIT_MS = 10;
/** So many wait no longer. */
const BATCH_MAX = 1_000;

/** Options of {@linkcode Batches}. */
export interface BatchesOptions<Item> {
  /** Takes a batch; the next one follows when its promise, if it gives one, has settled. */
  readonly take: (items: readonly Item[]) => unknown;
  /** Told how many were left out because the other thread did not keep up. */
  readonly left: (count: number) => void;
  /** Most that wait; beyond, the oldest are left out. @default {20_000} */
  readonly waitingMax?: number;
}

/** Collects items and gives them on together. */
export class Batches<Item> {
  readonly #options: BatchesOptions<Item>;
  #items: Item[] = [];
  #left = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #taking: Promise<void> | undefined;

  /** Nothing waits yet. */
  constructor(options: BatchesOptions<Item>) {
    this.#options = options;
  }

  /** Gives items on, within ten milliseconds of when the other thread has taken the last ones. */
  add(items: readonly Item[]): void {
    for (const item of items) this.#items.push(item);
    this.#leaveOut();
    if (this.#taking !== undefined) return;
    if (this.#items.length >= BATCH_MAX) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), WAIT_MS);
  }

  /** Gives on what waits; resolves when all of it has been taken. Never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#items.length > 0) this.#taking ??= this.#takeAll().finally(() => this.#onTaken());
    await this.#taking;
  }

  async #takeAll(): Promise<void> {
    while (this.#items.length > 0) {
      const items = this.#items;
      this.#items = [];
      if (this.#left > 0) this.#options.left(this.#left);
      this.#left = 0;
      try {
        await this.#options.take(items);
      } catch {
        // Who watches could not take it; what is watched goes on all the same.
      }
    }
  }

  /** What came after the last look goes on as if it came now. */
  #onTaken(): void {
    this.#taking = undefined;
    if (this.#items.length > 0) void this.flush();
  }

  #leaveOut(): void {
    const { waitingMax = 20_000 } = this.#options;
    const excess = this.#items.length - waitingMax;
    if (excess <= 0) return;
    this.#items.splice(0, excess);
    this.#left += excess;
  }
}
