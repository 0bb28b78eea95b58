/**
 * The in-plug of a service: where it listens, whom it lets in, and what it says of those whom it
 * does not.
 *
 * @module
 */

import { STATUS } from "../../protocol/status.ts";
import type { SessionHello } from "../sessions/session.ts";
import { TicketChecker } from "../tickets/ticket_checker.ts";
import type { StartInfo } from "./start.ts";

/** An in-plug that is bound, or why it is not. */
export type Listening = { readonly listener: Deno.TcpListener | Deno.TlsListener } | {
  readonly failure: { readonly status: number; readonly reason: string };
};

/**
 * Binds the in-plug, with the certificate of the instance if it has one. A taken one leads to
 * another plug, not to a failure.
 */
export function listenOnPlug(start: StartInfo): Listening {
  const { plug: port, network: hostname, sessionCertificate: cert, sessionKey: key } = start;
  try {
    return cert === undefined || key === undefined
      ? { listener: Deno.listen({ hostname, port }) }
      : { listener: Deno.listenTls({ hostname, port, cert, key }) };
  } catch (error) {
    const isTaken = error instanceof Deno.errors.AddrInUse;
    const why = isTaken ? "another program listens there" : String(error);
    const status = isTaken ? STATUS.conflict : STATUS.failed;
    return { failure: { status, reason: `Cannot listen on plug "${port}": ${why}` } };
  }
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
