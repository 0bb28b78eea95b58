/**
 * An HTTPS server whose certificate changes while it runs.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { Credentials } from "../../transports/secure/identity.ts";
import {
  type HttpApp,
  type HttpServer,
  listenHttp,
  type ListenHttpOptions,
} from "../listen_http.ts";

/** How often a port that was just given up is asked for again, and how soon. */
const REOPEN_MS = 20;
/** After so many attempts it is said that they fail. */
const ATTEMPTS_QUIET = 50;

/** How it listens. */
export interface RenewedServerOptions extends Omit<ListenHttpOptions, "secure"> {
  /** What it proves itself by at first; without it, it serves HTTP. */
  readonly credentials: Credentials | undefined;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
}

/** How another certificate takes the place of one. */
export interface RenewOptions {
  /** Whether what is in flight is broken, and not answered. @default {false} */
  readonly isBreaking?: boolean;
}

/**
 * A server of the platform has one certificate for ever. So a new one takes its place on the same
 * port, some milliseconds after it; what the old one has in flight is answered by it.
 */
export class RenewedServer {
  /** The port that it has. */
  readonly port: number;
  readonly #options: RenewedServerOptions;
  readonly #app: HttpApp;
  #server: HttpServer | undefined;
  /** Those before that have something in flight: streams of events may never end. */
  readonly #retired = new Set<HttpServer>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /**
   * Listens.
   *
   * @throws {Error} when the port is taken or the address is not this machine's, with what to do.
   */
  constructor(options: RenewedServerOptions, app: HttpApp) {
    this.#options = options;
    this.#app = app;
    this.#server = this.#listen(options.port, options.credentials);
    this.port = this.#server.port;
  }

  /**
   * Proves itself by another certificate from here on.
   *
   * @param credentials The certificate.
   * @param options Whether what is in flight is broken. @default {it is answered}
   */
  renew(credentials: Credentials, { isBreaking = false }: RenewOptions = {}): void {
    const before = this.#server;
    if (isBreaking) { for (const server of this.#retired) void server.abort(); }
    if (before !== undefined && isBreaking) void before.abort();
    else if (before !== undefined) {
      this.#retired.add(before);
      void before.retire().finally(() => this.#retired.delete(before));
    }
    this.#server = undefined;
    clearTimeout(this.#timer);
    this.#reopen(credentials, 1);
  }

  /** Breaks what is in flight; resolves when all is closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const servers = [...this.#retired, ...(this.#server === undefined ? [] : [this.#server])];
    await Promise.all(servers.map((server) => server.abort()));
  }

  #reopen(credentials: Credentials, attempt: number): void {
    if (this.#isClosed) return;
    try {
      this.#server = this.#listen(this.port, credentials);
    } catch (error) {
      if (attempt === ATTEMPTS_QUIET) this.#options.warn(reasonOf(error));
      this.#timer = setTimeout(() => this.#reopen(credentials, attempt + 1), REOPEN_MS);
    }
  }

  #listen(port: number, credentials: Credentials | undefined): HttpServer {
    const secure = credentials && { cert: credentials.certificate, key: credentials.key };
    return listenHttp({ ...this.#options, port, secure }, this.#app);
  }
}
