/**
 * Secure links by dialling: TLS that proves the listener, then a proof of this end, then a link.
 *
 * @module
 */

import type { AcceptLink, Link } from "../link.ts";
import { connectTcp, DialError, type TcpDialOptions } from "../tcp.ts";
import { acceptTcp } from "../tcp_link.ts";
import { after } from "../timer.ts";
import { proveToListener } from "./dialler_proof.ts";
import { whyHandshakeFailed, whyNotServer } from "./handshake_error.ts";
import { type Credentials, type IdentityRole, tlsName } from "./identity.ts";

/** Whom to dial and how to prove who dials. */
export interface SecureDialOptions extends TcpDialOptions {
  /** What this end proves itself by, and whom it believes. */
  credentials: Credentials;
  /** Who must be at the other end. Its name is that of its role when there is none. */
  expects: { readonly role: IdentityRole; readonly name?: string };
  /**
   * How long the handshake may take once the connection is there.
   *
   * @default {5000}
   */
  handshakeMs?: number;
}

/**
 * Connects, verifies by TLS that the other end is the expected one, proves to it who this end is,
 * and makes a link of the connection.
 *
 * @throws {DialError} when one of it fails; the message says which and why.
 */
export async function dialSecure(options: SecureDialOptions, accept: AcceptLink): Promise<Link> {
  const { hostname = "127.0.0.1", port, expects } = options;
  const server = tlsName({ role: expects.role, name: expects.name ?? expects.role });
  const { conn, first } = await connectAgain(options, server);
  const name = options.name ?? `${server} at ${hostname}:${port}`;
  // Deno can't switch off Nagle's algorithm at the listener's end of TLS: there a small write waits
  // until the one before is acknowledged, which a dialler that has nothing to say does after 40 ms.
  return acceptTcp(conn, { ...options, name, first, answersAtOnce: true }, accept);
}

/** A connection whose both ends are proved. */
interface Proved {
  readonly conn: Deno.TlsConn;
  /** What the listener said already after its welcome. */
  readonly first: Uint8Array;
}

/**
 * Connects, a second time when the first connection breaks before a word was said: that is what a
 * listener that changes its certificate does to one that it had not accepted yet.
 */
async function connectAgain(options: SecureDialOptions, server: string): Promise<Proved> {
  try {
    return await connect(options, server);
  } catch (error) {
    if (!isBroken(error)) throw error;
    return await connect(options, server);
  }
}

function isBroken(error: unknown): boolean {
  const cause = error instanceof DialError ? error.cause : undefined;
  return cause instanceof Deno.errors.ConnectionReset ||
    cause instanceof Deno.errors.NotConnected;
}

async function connect(options: SecureDialOptions, server: string): Promise<Proved> {
  const { hostname = "127.0.0.1", port, credentials, handshakeMs = 5_000 } = options;
  const what = `Cannot connect to "${hostname}:${port}"`;
  const tcp = await connectTcp(options);
  let open: Deno.Conn = tcp;
  let isLate = false;
  const cancel = after(handshakeMs, () => {
    isLate = true;
    close(open);
  });
  try {
    tcp.setNoDelay(true);
    const { authority } = credentials;
    const conn = await Deno.startTls(tcp, { hostname: server, caCerts: [authority] });
    open = conn;
    if (isLate) throw new Error("it is late");
    await conn.handshake();
    const first = await proveToListener(conn, { credentials, server });
    return { conn, first };
  } catch (cause) {
    close(open);
    const why = isLate
      ? `no answer to the handshake within ${handshakeMs} ms`
      : whyNotServer(cause, server) ?? whyHandshakeFailed(cause);
    throw new DialError(`${what}: ${why}`, { cause });
  } finally {
    cancel();
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed already, which is what is wanted.
  }
}
