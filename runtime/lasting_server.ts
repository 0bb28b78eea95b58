/**
 * A server of the platform that listens again. When a connection can't be accepted, mostly since
 * too many files are open, the platform's server accepts nothing more for ever; the connections
 * that it has are served on. Old versions of Deno (2.4) tell so only once none of them is in use.
 *
 * @module
 */

import { reasonOf } from "../protocol/errors.ts";

/** The rest before it listens again; it doubles. Milliseconds. */
const REST_MS = 100;
/** Longest rest. Milliseconds. */
const REST_MS_MAX = 3_000;
/** A server that accepted for so long begins a new row of failures. Milliseconds. */
const LASTING_MS = 10_000;
/** Servers that accept nothing more and have connections; of more, the oldest lets go of them. */
const LOST_MAX = 16;

/** One server of the platform. */
export interface PlatformServer {
  /** The server. */
  readonly server: Deno.HttpServer<Deno.NetAddr>;
  /** Whether any request has come by it. */
  isUsed(): boolean;
}

/** How it listens. */
export interface LastingServerOptions {
  /** The port; 0 for a free one, which it then keeps. */
  readonly port: number;
  /** Listens on a port. */
  readonly listen: (port: number) => PlatformServer;
  /** Takes why it can't accept, or not listen, once for a row of failures. */
  readonly failed: (reason: string) => void;
}

/** A server that accepts until it is shut down. */
export class LastingServer {
  /** The port that it has. */
  readonly port: number;
  readonly #options: LastingServerOptions;
  /** The one that accepts, if there is one, and those before it that have connections. */
  readonly #servers = new Set<PlatformServer>();
  #listenedMs = 0;
  #restMs = REST_MS;
  #told: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /**
   * Listens.
   *
   * @throws {Error} of the platform, when it can't.
   */
  constructor(options: LastingServerOptions) {
    this.#options = options;
    this.port = this.#listen(options.port);
  }

  /** Accepts nothing new; resolves when what is in flight has been answered. */
  async shutdown(): Promise<void> {
    this.#close();
    await Promise.all(Array.from(this.#servers, ({ server }) => server.shutdown()));
  }

  /** Resolves once all is over that the signal of its servers has broken. */
  async aborted(): Promise<void> {
    this.#close();
    // Those that were lost have told so.
    await Promise.allSettled(Array.from(this.#servers, ({ server }) => server.finished));
  }

  #close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #listen(port: number): number {
    const one = this.#options.listen(port);
    this.#listenedMs = performance.now();
    this.#servers.add(one);
    one.server.finished.then(
      () => void this.#servers.delete(one),
      (error) => this.#lost(one, error),
    );
    return one.server.addr.port;
  }

  #lost(one: PlatformServer, error: unknown): void {
    if (this.#isClosed) return;
    if (performance.now() - this.#listenedMs > LASTING_MS) {
      this.#restMs = REST_MS;
      this.#told = undefined;
    }
    if (!one.isUsed()) this.#release(one);
    const [oldest] = this.#servers;
    if (this.#servers.size > LOST_MAX && oldest !== undefined) this.#release(oldest);
    this.#rest(error);
  }

  /** Its descriptors are wanted: no request is in flight on them, or it has had its time. */
  #release(one: PlatformServer): void {
    this.#servers.delete(one);
    // Nobody is left who could do anything about a connection that does not close.
    one.server.shutdown().catch(() => {});
  }

  #rest(error: unknown): void {
    // The platform wraps what a server ends with.
    const reason = reasonOf(error).replace(/^Error: /, "");
    if (reason !== this.#told) this.#options.failed(reason);
    this.#told = reason;
    this.#timer = setTimeout(() => this.#again(), this.#restMs);
    this.#restMs = Math.min(2 * this.#restMs, REST_MS_MAX);
  }

  #again(): void {
    try {
      this.#listen(this.port);
    } catch (error) {
      this.#rest(error);
    }
  }
}
