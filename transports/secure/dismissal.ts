/**
 * How a listener sends a dialler away, so that the dialler learns why.
 *
 * @module
 */

import { after } from "../timer.ts";
import { writeLine } from "./handshake/line_input.ts";

/** How long a dialler has to read why it is refused. */
const LINGER_MS = 1_000;
/** How many bytes of a dialler that is refused are read and dropped. */
const DROPPED_BYTES_MAX = 256 * 1024;

/** How to send a dialler away. */
export interface Dismissal {
  /** Why. */
  readonly reason: string;
  /** What may still be reading from the connection. */
  readonly reading: Promise<unknown>;
}

/**
 * Tells a dialler why it is refused, and closes its connection. A socket that is closed with
 * unread input destroys what the other end has not read yet, so that input is dropped first, for
 * as long and as much as one that wants to read the reason needs.
 */
export async function dismiss(conn: Deno.TlsConn, dismissal: Dismissal): Promise<void> {
  const told = tell(conn, dismissal);
  const late = Promise.withResolvers<void>();
  const cancel = after(LINGER_MS, late.resolve);
  // Whatever goes wrong while somebody is sent away is no news: the reason is known already.
  await Promise.race([told, late.promise]).catch(() => {});
  cancel();
  closeConn(conn);
  await told.catch(() => {});
}

async function tell(conn: Deno.TlsConn, { reason, reading }: Dismissal): Promise<void> {
  await writeLine(conn, { type: "secureRefusal", reason });
  await conn.closeWrite();
  // What reads already goes on until the other end closes, or says something.
  await reading.catch(() => {});
  const buffer = new Uint8Array(16 * 1024);
  let dropped = 0;
  while (dropped < DROPPED_BYTES_MAX) {
    const count = await conn.read(buffer);
    if (count === null) return;
    dropped += count;
  }
}

/** Closes a connection that may be closed already, which is what is wanted. */
export function closeConn(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is.
  }
}
