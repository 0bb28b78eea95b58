/**
 * The accepting end of TLS. It is loaded by instances that have a certificate, and by no other.
 *
 * @module
 */

import { closeConn } from "../../../transports/secure/dismissal.ts";
import { InnerTls, type TlsChannel, type TlsPair } from "../../../transports/secure/inner_tls.ts";
import type { Wire } from "./outbox.ts";

/** What is read of who connected before anything is done for it. */
const FIRST_BYTES = 1_024;

/** Makes wires of connections, with one certificate. */
export class SecureWires {
  readonly #inner: InnerTls;

  /**
   * Nobody has connected yet.
   *
   * @throws {Error} when the pair can't be used.
   */
  constructor(pair: TlsPair) {
    this.#inner = new InnerTls(pair);
  }

  /**
   * Agrees on keys with who connected. It has no deadline of its own: closing `outer` ends it.
   *
   * @throws {Error} when the other end leaves, or speaks something else.
   */
  async secure(outer: Deno.TcpConn): Promise<Wire> {
    const first = new Uint8Array(FIRST_BYTES);
    // Whoever says nothing has cost nothing more than its connection.
    const count = await outer.read(first);
    if (count === null) throw new Error("the peer closed the connection");
    const channel = await this.#inner.secure(outer, first.subarray(0, count));
    const wire = new SecureWire(channel);
    try {
      await channel.conn.handshake();
    } catch (error) {
      wire.close();
      throw error;
    }
    return wire;
  }

  /** Makes no more wires; those that there are stay. */
  close(): void {
    this.#inner.close();
  }
}

class SecureWire implements Wire {
  readonly #channel: TlsChannel;

  constructor(channel: TlsChannel) {
    this.#channel = channel;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#channel.conn.read(buffer);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#channel.conn.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#channel.conn.closeWrite();
  }

  close(): void {
    closeConn(this.#channel.conn);
    this.#channel.relay.finish();
  }
}
