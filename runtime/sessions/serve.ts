/**
 * The in-plug of an instance: accepts sessions.
 *
 * @module
 */

import { AcceptedSession, type AcceptOptions } from "./accept.ts";
import { heartbeatMsOf } from "./heartbeat.ts";
import { SESSION_LIMITS, type SessionServer } from "./session.ts";

/** How to serve sessions on a listener. */
export interface ServeOptions extends AcceptOptions {
  /** Where to accept, by TLS or without; the server closes it. */
  readonly listener: Deno.TcpListener | Deno.TlsListener;
}

const ACCEPT_PAUSE_MS = 100;

/** Accepts sessions on the in-plug of an instance, until `drain` or `abort`. */
export function serveSessions(options: ServeOptions): SessionServer {
  return new Server(options);
}

class Server implements SessionServer {
  readonly ended: Promise<void>;
  readonly #options: ServeOptions;
  readonly #sessions = new Set<AcceptedSession>();
  /** Those of them that are not open yet, the oldest first. */
  readonly #greeting = new Set<AcceptedSession>();
  readonly #settle: () => void;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #accepting = true;

  constructor(options: ServeOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settle = resolve;
    this.#accept();
  }

  get inFlight(): number {
    return this.#sum((session) => session.inFlight);
  }

  get bufferedBytes(): number {
    return this.#sum((session) => session.bufferedBytes);
  }

  get sessions(): number {
    return this.#sum((session) => session.isOpen ? 1 : 0);
  }

  async drain(): Promise<void> {
    this.#close();
    for (const session of this.#sessions) session.leave("the instance is shutting down");
    await this.ended;
  }

  abort(reason: string): void {
    this.#close();
    for (const session of this.#sessions) session.abort(reason);
  }

  async #accept(): Promise<void> {
    while (this.#accepting) {
      try {
        const connection = await this.#options.listener.accept();
        // That of TLS can't be told to be prompt, so the dialling end helps it: see acknowledge().
        if ("setNoDelay" in connection) connection.setNoDelay(true);
        this.#admit(connection);
      } catch (error) {
        if (!this.#accepting) break;
        // A peer that has gone before it was accepted, or too many open files: both pass.
        this.#options.events.failed?.(error);
        await new Promise<void>((resolve) => this.#pause = setTimeout(resolve, ACCEPT_PAUSE_MS));
      }
    }
  }

  #admit(connection: Deno.TcpConn | Deno.TlsConn): void {
    if (this.#sessions.size - this.#greeting.size >= SESSION_LIMITS.sessions) {
      connection.close();
      this.#options.events.refused?.(`${SESSION_LIMITS.sessions} sessions are open`);
      return;
    }
    this.#makeRoom();
    const keepAliveMs = this.#options.keepAliveMs ?? heartbeatMsOf(connection.remoteAddr.hostname);
    const session = new AcceptedSession(connection, { ...this.#options, keepAliveMs });
    this.#sessions.add(session);
    this.#greeting.add(session);
    void session.decided.then(() => this.#greeting.delete(session));
    session.ended.then(() => {
      this.#sessions.delete(session);
      this.#settleWhenEmpty();
    });
  }

  /**
   * Whoever means it says hello in a moment. So of too many that do not the oldest has to go: a
   * flood of them keeps nobody out who is quicker than it.
   */
  #makeRoom(): void {
    for (const oldest of this.#greeting) {
      if (this.#greeting.size < SESSION_LIMITS.handshakes) return;
      this.#greeting.delete(oldest);
      oldest.drop(`${SESSION_LIMITS.handshakes} newer connections have not said hello either`);
    }
  }

  #close(): void {
    if (!this.#accepting) return;
    this.#accepting = false;
    clearTimeout(this.#pause);
    this.#options.listener.close();
    this.#settleWhenEmpty();
  }

  #settleWhenEmpty(): void {
    if (!this.#accepting && this.#sessions.size === 0) this.#settle();
  }

  #sum(of: (session: AcceptedSession) => number): number {
    let sum = 0;
    for (const session of this.#sessions) sum += of(session);
    return sum;
  }
}
