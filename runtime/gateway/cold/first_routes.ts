/**
 * The routes of a gateway that is told of them by the mesh. It listens for users before that, as it
 * does on a port that it shares with others, so what comes meanwhile waits.
 *
 * @module
 */

import type { Route } from "../../config/mesh_config.ts";

/** How {@linkcode FirstRoutes} wait. */
export interface FirstRoutesOptions {
  /** How long one request waits at most. Milliseconds. @default {15_000} */
  readonly waitMs?: number;
  /** Most requests that wait. @default {20_000} */
  readonly waitingMax?: number | undefined;
}

/** Routes that may not be known yet. */
export class FirstRoutes {
  readonly #options: FirstRoutesOptions;
  readonly #waiting = new Set<(routes: readonly Route[] | undefined) => void>();
  #known: readonly Route[] | undefined;
  #isClosed = false;

  /** Nothing is known yet. */
  constructor(options: FirstRoutesOptions = {}) {
    this.#options = options;
  }

  /** What is known: at once, or else as soon as it is; undefined when that takes too long. */
  get(): readonly Route[] | undefined | Promise<readonly Route[] | undefined> {
    if (this.#known !== undefined) return this.#known;
    const { waitMs = 15_000, waitingMax = 20_000 } = this.#options;
    if (this.#isClosed || this.#waiting.size >= waitingMax) return undefined;
    const { promise, resolve } = Promise.withResolvers<readonly Route[] | undefined>();
    const end = (routes: readonly Route[] | undefined) => {
      clearTimeout(timer);
      this.#waiting.delete(end);
      resolve(routes);
    };
    const timer = setTimeout(() => end(undefined), waitMs);
    this.#waiting.add(end);
    return promise;
  }

  /** These are the routes from now on. */
  set(routes: readonly Route[]): void {
    this.#known = routes;
    for (const end of this.#waiting) end(routes);
  }

  /** Nothing waits any more. */
  close(): void {
    this.#isClosed = true;
    for (const end of this.#waiting) end(undefined);
  }
}
