/**
 * A port on which TLS is spoken, with a certificate that may change.
 *
 * @module
 */

import { textOf } from "../codec.ts";
import { closeConn } from "./dismissal.ts";
import { Relay } from "./relay.ts";

/** How long a port rests after a failure to accept, which mostly means: no descriptor left. */
const RETRY_MS = 100;
/** TLS itself is spoken within the host. */
const INNER_HOSTNAME = "127.0.0.1";

/** A certificate with its key, PEM. */
export interface TlsPair {
  /** The certificate. */
  readonly certificate: string;
  /** Its private key. */
  readonly key: string;
}

/** What a {@linkcode TlsPort} tells. */
export interface TlsPortEvents {
  /** Somebody connected, and has said nothing yet. */
  connected(conn: Deno.TcpConn): void;
  /** Something of the system is wrong, as a sentence. */
  failed(reason: string): void;
}

/** Where to open a port. */
export interface TlsPortOptions {
  /** The address. */
  readonly hostname: string;
  /** The port; 0 lets the system choose. */
  readonly port: number;
  /** What to prove this end by. */
  readonly pair: TlsPair;
}

/** TLS with somebody who connected. */
export interface TlsChannel {
  /** The connection, whose handshake has not run. */
  readonly conn: Deno.TlsConn;
  /** What passes its bytes on, and must be ended with it. */
  readonly relay: Relay;
}

/**
 * Accepts connections on one port, and speaks TLS with those that it is told to. The port is a
 * plain one; TLS is spoken on a port within the host that only serves what comes from here. That
 * one is replaced when the certificate changes, without a moment in which nobody listens.
 */
export class TlsPort {
  /** The address that is listened on. */
  readonly hostname: string;
  /** The port that is listened on, never 0. */
  readonly port: number;
  readonly #events: TlsPortEvents;
  readonly #listener: Deno.TcpListener;
  #inside: Inside;
  #closed = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /**
   * Opens a port.
   *
   * @throws {Deno.errors.AddrInUse} when it is taken.
   * @throws {Error} when the pair can't be used.
   */
  constructor({ hostname, port, pair }: TlsPortOptions, events: TlsPortEvents) {
    this.#events = events;
    this.#inside = new Inside(pair);
    try {
      this.#listener = Deno.listen({ hostname, port });
    } catch (error) {
      this.#inside.close();
      throw error;
    }
    this.hostname = this.#listener.addr.hostname;
    this.port = this.#listener.addr.port;
    this.#run();
  }

  /**
   * Uses another pair from here on.
   *
   * @throws {Error} when it can't be used; then the pair of before is used on.
   */
  renew(pair: TlsPair): void {
    if (this.#closed) return;
    const next = new Inside(pair);
    this.#inside.close();
    this.#inside = next;
  }

  /**
   * Speaks TLS with somebody who connected.
   *
   * @param conn The connection, which belongs to the channel from here on.
   * @param first What was read from it already.
   * @throws {Error} when the system gives no connection for it; then `conn` is closed.
   */
  async secure(conn: Deno.TcpConn, first: Uint8Array): Promise<TlsChannel> {
    return await this.#inside.secure(conn, first);
  }

  /** Accepts nothing more. Channels that are open stay open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#listener.close();
    this.#inside.close();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#events.connected(await this.#listener.accept());
      } catch (error) {
        if (this.#closed) return;
        this.#events.failed(`Cannot accept on port "${this.port}": ${textOf(error)}`);
        this.#retry = setTimeout(() => this.#run(), RETRY_MS);
        return;
      }
    }
  }
}

/** The port within the host on which TLS is spoken with one certificate. */
class Inside {
  readonly #listener: Deno.TlsListener;
  /** Who waits for the end of a connection that was made to here, by the port of its other end. */
  readonly #awaited = new Map<number, (conn: Deno.TlsConn) => void>();
  /** What was accepted before the one who made it knew of it, by the same. */
  readonly #early = new Map<number, Deno.TlsConn>();
  /** How many connections to here are being made. */
  #making = 0;
  #closing = false;

  constructor({ certificate, key }: TlsPair) {
    const where = { hostname: INNER_HOSTNAME, port: 0 };
    this.#listener = Deno.listenTls({ ...where, cert: certificate, key });
    this.#run();
  }

  async secure(outer: Deno.TcpConn, first: Uint8Array): Promise<TlsChannel> {
    this.#making += 1;
    try {
      const { hostname, port } = this.#listener.addr;
      const inner = await Deno.connect({ hostname, port });
      for (const conn of [outer, inner]) conn.setNoDelay(true);
      const conn = await this.#accepted(inner.localAddr.port);
      return { conn, relay: new Relay({ outer, inner, first }) };
    } catch (error) {
      closeConn(outer);
      throw error;
    } finally {
      this.#making -= 1;
      this.#closeWhenDone();
    }
  }

  /** Closes as soon as nobody is on the way here. */
  close(): void {
    this.#closing = true;
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (this.#making > 0) return;
    // What nobody waits for was made by somebody else on this host.
    for (const conn of this.#early.values()) conn.close();
    this.#early.clear();
    if (this.#closing) this.#listener.close();
  }

  #accepted(port: number): Promise<Deno.TlsConn> {
    const conn = this.#early.get(port);
    this.#early.delete(port);
    if (conn !== undefined) return Promise.resolve(conn);
    return new Promise((resolve) => this.#awaited.set(port, resolve));
  }

  async #run(): Promise<void> {
    for (;;) {
      let conn: Deno.TlsConn;
      try {
        conn = await this.#listener.accept();
      } catch {
        // It was closed, or there is no descriptor left: who waits gives up at its deadline.
        if (this.#closing) return;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        continue;
      }
      this.#meet(conn);
    }
  }

  #meet(conn: Deno.TlsConn): void {
    const { remoteAddr } = conn;
    const port = remoteAddr.transport === "tcp" ? remoteAddr.port : 0;
    const meet = this.#awaited.get(port);
    this.#awaited.delete(port);
    if (meet !== undefined) meet(conn);
    else if (this.#making > 0) this.#early.set(port, conn);
    else conn.close();
  }
}
