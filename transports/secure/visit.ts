/**
 * A connection that is not a link yet: from its first byte until its dialler is let in or sent
 * away.
 *
 * @module
 */

import { closeConn, dismiss } from "./dismissal.ts";
import { HandshakeError } from "./handshake/handshake_error.ts";
import { writeLine } from "./handshake/line_input.ts";
import { checkDialler, type Entrance } from "./handshake/listener_check.ts";
import type { PeerIdentity } from "./identity.ts";
import type { TlsChannel, TlsPort } from "./tls_port.ts";

const HELLO_BYTES_MAX = 2 * 1024;
/** The first byte of whoever speaks TLS. */
const TLS_HANDSHAKE = 0x16;

/** One connection, which it owns until the dialler is let in. */
export class Visit {
  /** The address of the dialler. */
  readonly hostname: string;
  /** Its address and port. */
  readonly from: string;
  readonly #outer: Deno.TcpConn;
  #channel: TlsChannel | undefined;
  /** Whether TLS has done its part, so that the dialler can be told something. */
  #isSecure = false;
  #isOver = false;

  /** Nothing is read yet. */
  constructor(outer: Deno.TcpConn) {
    this.#outer = outer;
    const { hostname, port } = outer.remoteAddr;
    this.hostname = hostname;
    this.from = `${hostname}:${port}`;
  }

  /** Whether it has been ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Speaks TLS with the dialler, and asks and verifies who it is.
   *
   * @throws {HandshakeError} when it is not to be let in.
   * @throws what a connection throws.
   */
  async ask(port: TlsPort, entrance: () => Entrance): Promise<PeerIdentity> {
    const first = await readHello(this.#outer);
    const channel = await port.secure(this.#outer, first);
    this.#channel = channel;
    // It may have been sent away while there was no channel to end.
    if (this.#isOver) this.end();
    await channel.conn.handshake();
    this.#isSecure = true;
    return await checkDialler(channel.conn, entrance());
  }

  /** Tells the dialler that it is in. @returns What is the caller's from here on. */
  async welcome(): Promise<TlsChannel> {
    if (this.#channel === undefined) throw new HandshakeError("it was not asked");
    await writeLine(this.#channel.conn, { type: "secureWelcome" });
    return this.#channel;
  }

  /**
   * Tells the dialler why it is refused, if it can be told, and ends.
   *
   * @param reason Why.
   * @param reading What may still read from it.
   */
  async dismiss(reason: string, reading: Promise<unknown>): Promise<void> {
    if (this.#channel && this.#isSecure) await dismiss(this.#channel.conn, { reason, reading });
    this.end();
  }

  /** Ends it at once, whatever it is doing. */
  end(): void {
    this.#isOver = true;
    if (this.#channel === undefined) {
      closeConn(this.#outer);
      return;
    }
    this.#channel.relay.abort();
    closeConn(this.#channel.conn);
  }
}

/** Reads how a dialler begins, which is the same for all that speak TLS. */
async function readHello(conn: Deno.TcpConn): Promise<Uint8Array> {
  const buffer = new Uint8Array(HELLO_BYTES_MAX);
  const count = await conn.read(buffer);
  if (count === null) throw new HandshakeError("it closed the connection without a word");
  if (buffer[0] !== TLS_HANDSHAKE) throw new HandshakeError("it does not speak TLS");
  return buffer.subarray(0, count);
}
