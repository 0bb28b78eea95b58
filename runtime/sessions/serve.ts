/**
 * The in-plug of an instance: accepts sessions.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { Accepting } from "../../transports/accepting.ts";
import { after } from "../../transports/timer.ts";
import { AcceptedSession, type AcceptOptions, HANDSHAKE_MS } from "./accept.ts";
import { heartbeatMsOf } from "./wires/heartbeat.ts";
import type { Wire } from "./wires/outbox.ts";
import { SESSION_LIMITS, type SessionServer } from "./session.ts";

/** How to serve sessions on a listener. */
export interface ServeOptions extends AcceptOptions {
  /** Where to accept; the server closes it. */
  readonly listener: Deno.TcpListener;
  /**
   * Agrees on keys with who connected; closing the connection ends that. See `secure_wires.ts`.
   *
   * @default {sessions are plain}
   */
  readonly secure?: ((connection: Deno.TcpConn) => Promise<Wire>) | undefined;
}

/** Accepts sessions on the in-plug of an instance, until `drain` or `abort`. */
export function serveSessions(options: ServeOptions): SessionServer {
  return new Server(options);
}

/** Somebody who connected, and has no session yet. */
interface Newcomer {
  /** Sends it away. */
  abort(reason: string): void;
}

class Server implements SessionServer {
  readonly ended: Promise<void>;
  readonly #options: ServeOptions;
  readonly #sessions = new Set<AcceptedSession>();
  /** Those who have no session that is open yet, the oldest first. */
  readonly #newcomers = new Set<Newcomer>();
  readonly #settle: () => void;
  readonly #listening: Accepting<Deno.TcpConn>;
  #accepting = true;

  constructor(options: ServeOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settle = resolve;
    this.#listening = new Accepting(options.listener, {
      accepted: (connection) => {
        connection.setNoDelay(true);
        this.#admit(connection);
      },
      failed: (error) => options.events.failed?.(error),
    });
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

  #admit(connection: Deno.TcpConn): void {
    const { secure } = this.#options;
    this.#makeRoom();
    const { hostname } = connection.remoteAddr;
    if (secure === undefined) this.#open(connection, hostname);
    else this.#agree(connection, secure);
  }

  /** Lets who connected agree on keys first, for as long as a hello may take. */
  async #agree(
    connection: Deno.TcpConn,
    secure: (connection: Deno.TcpConn) => Promise<Wire>,
  ): Promise<void> {
    const { handshakeTimeoutMs = HANDSHAKE_MS, events } = this.#options;
    let reason: string | undefined;
    const abort = (why: string) => {
      reason ??= why;
      try {
        connection.close();
      } catch {
        // It has gone by itself.
      }
    };
    const newcomer = { abort };
    this.#newcomers.add(newcomer);
    const cancel = after(handshakeTimeoutMs, () => abort(`no TLS within ${handshakeTimeoutMs} ms`));
    try {
      const wire = await secure(connection);
      this.#newcomers.delete(newcomer);
      if (reason === undefined) this.#open(wire, connection.remoteAddr.hostname);
      else wire.close();
    } catch (error) {
      // It was sent away, or speaks something else.
      reason ??= `no TLS: ${reasonOf(error)}`;
    }
    cancel();
    this.#newcomers.delete(newcomer);
    if (reason !== undefined) events.refused?.(reason);
    this.#settleWhenEmpty();
  }

  #open(wire: Wire, hostname: string): void {
    const keepAliveMs = this.#options.keepAliveMs ?? heartbeatMsOf(hostname);
    // Who is one too many is told so, once it has shown that it means this instance.
    const tooMany = () => {
      const { sessions } = SESSION_LIMITS;
      return this.sessions < sessions ? undefined : `${sessions} sessions are open`;
    };
    const session = new AcceptedSession(wire, { ...this.#options, keepAliveMs, tooMany });
    this.#sessions.add(session);
    this.#newcomers.add(session);
    void session.decided.then(() => this.#newcomers.delete(session));
    session.ended.then(() => {
      this.#sessions.delete(session);
      this.#newcomers.delete(session);
      this.#settleWhenEmpty();
    });
  }

  /**
   * Whoever means it says hello in a moment. So of too many that do not the oldest has to go: a
   * flood of them keeps nobody out who is quicker than it.
   */
  #makeRoom(): void {
    for (const oldest of this.#newcomers) {
      if (this.#newcomers.size < SESSION_LIMITS.handshakes) return;
      this.#newcomers.delete(oldest);
      oldest.abort(`${SESSION_LIMITS.handshakes} newer connections have not said hello either`);
    }
  }

  #close(): void {
    if (!this.#accepting) return;
    this.#accepting = false;
    this.#listening.close();
    for (const newcomer of this.#newcomers) newcomer.abort("the instance accepts nobody any more");
    this.#settleWhenEmpty();
  }

  #settleWhenEmpty(): void {
    const isEmpty = this.#sessions.size === 0 && this.#newcomers.size === 0;
    if (!this.#accepting && isEmpty) this.#settle();
  }

  #sum(of: (session: AcceptedSession) => number): number {
    let sum = 0;
    for (const session of this.#sessions) sum += of(session);
    return sum;
  }
}
