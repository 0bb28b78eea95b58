/**
 * The in-plug of a service: where it listens, whom it lets in, and what it says of those whom it
 * does not.
 *
 * @module
 */

import { STATUS } from "../../protocol/status.ts";
import type { Wire } from "../sessions/wires/outbox.ts";
import type { SessionHello } from "../sessions/session.ts";
import { TicketChecker } from "../tickets/ticket_checker.ts";
import type { StartInfo } from "./start.ts";

/** An in-plug that is bound, or why it is not. */
export type Listening = { readonly listener: Deno.TcpListener } | {
  readonly failure: { readonly status: number; readonly reason: string };
};

/** Binds the in-plug; a taken one leads to another plug, not to a failure. */
export function listenOnPlug({ plug: port, network: hostname }: StartInfo): Listening {
  try {
    return { listener: Deno.listen({ hostname, port }) };
  } catch (error) {
    const isTaken = error instanceof Deno.errors.AddrInUse;
    const why = isTaken ? "another program listens there" : String(error);
    const status = isTaken ? STATUS.conflict : STATUS.failed;
    return { failure: { status, reason: `Cannot listen on plug "${port}": ${why}` } };
  }
}

/**
 * What agrees on keys with who connects; undefined for an instance without a certificate. What it
 * needs is loaded meanwhile, by those who have one.
 */
export function keysOf(
  { sessionCertificate: certificate, sessionKey: key }: StartInfo,
): ((connection: Deno.TcpConn) => Promise<Wire>) | undefined {
  if (certificate === undefined || key === undefined) return undefined;
  const wires = import("../sessions/wires/secure_wires.ts").then(({ SecureWires }) =>
    new SecureWires({ certificate, key })
  );
  // What is wrong with them is told of each connection, as it is refused by that.
  wires.catch(() => {});
  return async (connection) => await (await wires).secure(connection);
}

/** What says why a hello is refused: only whom the manager has introduced is let in. */
export function doorOf(
  { ticketKey, serviceID }: StartInfo,
): (hello: SessionHello, ticket: string) => Promise<string | undefined> {
  const checker = new TicketChecker({ ticketKey, serviceID });
  return ({ serviceID: sourceID, sourcePlug }, ticket) =>
    checker.refusalOf(ticket, { sourceID, sourcePlug });
}

/** Least time between two lines about connections that were refused. Milliseconds. */
const TELL_MS = 60_000;

/**
 * Tells of connections that were refused: of the first at once, then at most once a minute, so that
 * who knocks for ever fills no log.
 *
 * @param tell Takes a line for a person.
 * @param nowMs A clock that only goes forward. By default that of the process.
 */
export function refusalsTeller(
  tell: (text: string) => void,
  nowMs: () => number = () => performance.now(),
): (reason: string) => void {
  let count = 0;
  let toldMs = -Infinity;
  return (reason) => {
    count += 1;
    if (nowMs() - toldMs < TELL_MS) return;
    toldMs = nowMs();
    tell(`refused a connection: ${reason}${count === 1 ? "" : ` (${count} so far)`}`);
  };
}
