/**
 * Secure links by dialling: TLS that proves the listener, then a proof of this end, then a link.
 *
 * @module
 */

import type { AcceptLink, Link } from "../link.ts";
import { connectTcp, DialError, type TcpDialOptions } from "../tcp.ts";
import { acceptTcp } from "../tcp_link.ts";
import { after } from "../timer.ts";
import { closeConn } from "./dismissal.ts";
import { proveToListener } from "./handshake/dialler_proof.ts";
import { whyHandshakeFailed, whyNotServer } from "./handshake/handshake_error.ts";
import { type Credentials, type IdentityRole, tlsName } from "./identity.ts";
import { generationName, goodFrom } from "./handshake/revocation.ts";

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
  const { conn, first } = await connect(options, server);
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

async function connect(options: SecureDialOptions, server: string): Promise<Proved> {
  const { hostname = "127.0.0.1", port, credentials, handshakeMs = 5_000 } = options;
  const what = `Cannot connect to "${hostname}:${port}"`;
  const proving = generationName(server, goodFrom(credentials.revoked, server));
  const tcp = await connectTcp(options);
  let open: Deno.Conn = tcp;
  let isLate = false;
  const cancel = after(handshakeMs, () => {
    isLate = true;
    closeConn(open);
  });
  try {
    tcp.setNoDelay(true);
    const { authority } = credentials;
    const conn = await Deno.startTls(tcp, { hostname: proving, caCerts: [authority] });
    open = conn;
    if (isLate) throw new Error("it is late");
    await conn.handshake();
    const first = await proveToListener(conn, { credentials, server });
    return { conn, first };
  } catch (cause) {
    closeConn(open);
    const why = isLate
      ? `no answer to the handshake within ${handshakeMs} ms`
      : whyNotServer(cause, { server, proving }) ?? whyHandshakeFailed(cause);
    throw new DialError(`${what}: ${why}`, { cause });
  } finally {
    cancel();
  }
}
