/**
 * What a ticket says and how it is written. A ticket shows an instance that the manager sent the
 * one who dials: it is signed with a key that only the manager, the instance and its agent know,
 * over who dials, from which out-plug, and whom. What it says besides is when it was made.
 *
 * @module
 */

/** Who is introduced to whom: one connection. */
export interface Introduction {
  /** The instance that dials. */
  readonly sourceID: number;
  /** Its out-plug. */
  readonly sourcePlug: number;
  /** The instance that is dialled. */
  readonly destServiceID: number;
}

/** What can be read of a ticket without its key. */
export interface TicketParts {
  /** Names the run of the manager that made it: each run has a clock of its own. */
  readonly run: string;
  /** When it was made, in milliseconds of the clock of that run. */
  readonly atMs: number;
  /** The signature, in base64url. */
  readonly signature: string;
}

const TICKET = /^([\w-]{8})\.(\d{1,15})\.([\w-]{43})$/;

/** The text that a ticket's signature is made of. */
export function signedText(
  { sourceID, sourcePlug, destServiceID }: Introduction,
  { run, atMs }: Pick<TicketParts, "run" | "atMs">,
): string {
  return `smmp ticket ${run} ${atMs} ${sourceID} ${sourcePlug} ${destServiceID}`;
}

/** Writes a ticket. */
export function ticketText({ run, atMs, signature }: TicketParts): string {
  return `${run}.${atMs}.${signature}`;
}

/** Reads a ticket; undefined when the text is none. */
export function readTicket(text: string): TicketParts | undefined {
  const [, run, atMs, signature] = TICKET.exec(text) ?? [];
  if (run === undefined || atMs === undefined || signature === undefined) return undefined;
  return { run, atMs: Number(atMs), signature };
}
