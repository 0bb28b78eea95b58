/**
 * A port on which TLS is spoken, with a certificate that may change.
 *
 * @module
 */

import { Accepting } from "../accepting.ts";
import { textOf } from "../codec.ts";
import { InnerTls, type TlsChannel, type TlsPair } from "./inner_tls.ts";

/** What a {@linkcode TlsPort} tells. */
export interface TlsPortEvents {
  /** Somebody connected, and has said nothing yet. */
  connected(conn: Deno.TcpConn): void;
  /** Something of the system is wrong, as a sentence. */
  failed(reason: string): void;
}

export type { TlsChannel, TlsPair };

/** Where to open a port. */
export interface TlsPortOptions {
  /** The address. */
  readonly hostname: string;
  /** The port; 0 lets the system choose. */
  readonly port: number;
  /** What to prove this end by. */
  readonly pair: TlsPair;
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
  readonly #accepting: Accepting<Deno.TcpConn>;
  #inside: InnerTls;
  #closed = false;

  /**
   * Opens a port.
   *
   * @throws {Deno.errors.AddrInUse} when it is taken.
   * @throws {Error} when the pair can't be used.
   */
  constructor({ hostname, port, pair }: TlsPortOptions, events: TlsPortEvents) {
    this.#events = events;
    this.#inside = new InnerTls(pair);
    const listener = this.#listen(hostname, port);
    this.hostname = listener.addr.hostname;
    this.port = listener.addr.port;
    this.#accepting = new Accepting(listener, {
      accepted: (conn) => this.#events.connected(conn),
      failed: (error) =>
        this.#events.failed(`Cannot accept on port "${this.port}": ${textOf(error)}`),
    });
  }

  #listen(hostname: string, port: number): Deno.TcpListener {
    try {
      return Deno.listen({ hostname, port });
    } catch (error) {
      this.#inside.close();
      throw error;
    }
  }

  /**
   * Uses another pair from here on.
   *
   * @throws {Error} when it can't be used; then the pair of before is used on.
   */
  renew(pair: TlsPair): void {
    if (this.#closed) return;
    const next = new InnerTls(pair);
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
    this.#accepting.close();
    this.#inside.close();
  }
}
