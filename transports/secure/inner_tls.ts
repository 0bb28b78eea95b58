/**
 * Where TLS is spoken: on a port within the host, behind a relay.
 *
 * @module
 */

import { acceptNext } from "../accepting.ts";
import { closeConn } from "./dismissal.ts";
import { Relay } from "./relay.ts";

/** TLS itself is spoken within the host. */
const INNER_HOSTNAME = "127.0.0.1";
/** How long a port rests after a failure to accept, which mostly means: no descriptor left. */
const RETRY_MS = 100;

/** A certificate with its key, PEM. */
export interface TlsPair {
  /** The certificate. */
  readonly certificate: string;
  /** Its private key. */
  readonly key: string;
}

/** TLS with somebody who connected. */
export interface TlsChannel {
  /** The connection, whose handshake has not run. */
  readonly conn: Deno.TlsConn;
  /** What passes its bytes on, and must be ended with it. */
  readonly relay: Relay;
}

/** The port within the host on which TLS is spoken with one certificate. */
export class InnerTls {
  readonly #listener: Deno.TlsListener;
  /** Who waits for the end of a connection that was made to here, by the port of its other end. */
  readonly #awaited = new Map<number, (conn: Deno.TlsConn) => void>();
  /** What was accepted before the one who made it knew of it, by the same. */
  readonly #early = new Map<number, Deno.TlsConn>();
  /** How many connections to here are being made. */
  #making = 0;
  #closing = false;
  #closed = false;

  /**
   * Listens on a free port of the loopback, for what comes from here only.
   *
   * @throws {Error} when the pair can't be used.
   */
  constructor({ certificate, key }: TlsPair) {
    const where = { hostname: INNER_HOSTNAME, port: 0 };
    this.#listener = Deno.listenTls({ ...where, cert: certificate, key });
    this.#run();
  }

  /**
   * Speaks TLS with somebody who connected.
   *
   * @param outer The connection, which belongs to the channel from here on.
   * @param first What was read from it already.
   * @throws {Error} when the system gives no connection for it; then `outer` is closed.
   */
  async secure(outer: Deno.TcpConn, first: Uint8Array): Promise<TlsChannel> {
    this.#making += 1;
    let inner: Deno.TcpConn | undefined;
    try {
      const { hostname, port } = this.#listener.addr;
      inner = await Deno.connect({ hostname, port });
      for (const conn of [outer, inner]) conn.setNoDelay(true);
      const conn = await this.#accepted(inner.localAddr.port);
      return { conn, relay: new Relay({ outer, inner, first }) };
    } catch (error) {
      closeConn(outer);
      // What TLS has of it ends with it, now or once it is accepted.
      if (inner !== undefined) closeConn(inner);
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
    if (!this.#closing || this.#closed) return;
    this.#closed = true;
    this.#listener.close();
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
        conn = await acceptNext(this.#listener);
      } catch {
        // It was closed, or there is no descriptor left: who waits gives up at its deadline.
        if (this.#closed) return;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        continue;
      }
      this.#meet(conn);
    }
  }

  #meet(conn: Deno.TlsConn): void {
    const { remoteAddr } = conn;
    // Another loopback address has ports of its own, so the same one there is somebody else's.
    if (remoteAddr.transport !== "tcp" || remoteAddr.hostname !== INNER_HOSTNAME) {
      conn.close();
      return;
    }
    const { port } = remoteAddr;
    const meet = this.#awaited.get(port);
    this.#awaited.delete(port);
    if (meet !== undefined) meet(conn);
    else if (this.#early.size < this.#making) this.#early.set(port, conn);
    else conn.close();
  }
}
