/**
 * How the manager makes tickets.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { createSigner } from "./hmac.ts";
import { createTicketClock } from "./ticket_clock.ts";
import { type Introduction, signedText, ticketText } from "./ticket_text.ts";

/** How tickets are made; what is not set is as it must be outside tests. */
export interface TicketIssuerOptions {
  /** The clock of this run, in milliseconds. @default {createTicketClock()} */
  readonly nowMs?: () => number;
}

/** Most keys that are kept ready; with more instances than these all are made ready anew. */
const KEYS_MAX = 20_000;

/** Makes the tickets of one run of a manager. */
export class TicketIssuer {
  readonly #run = randomBytes(6).toString("base64url");
  readonly #signers = new Map<string, (text: string) => string>();
  readonly #nowMs: () => number;

  /** Its tickets are those of a run of its own. */
  constructor(options: TicketIssuerOptions = {}) {
    this.#nowMs = options.nowMs ?? createTicketClock();
  }

  /** Makes a ticket for one connection, with the key of the instance that is dialled. */
  issue(introduction: Introduction, ticketKey: string): string {
    const moment = { run: this.#run, atMs: this.#nowMs() };
    const signature = this.#signer(ticketKey)(signedText(introduction, moment));
    return ticketText({ ...moment, signature });
  }

  #signer(ticketKey: string): (text: string) => string {
    const known = this.#signers.get(ticketKey);
    if (known !== undefined) return known;
    if (this.#signers.size >= KEYS_MAX) this.#signers.clear();
    const signer = createSigner(new TextEncoder().encode(ticketKey));
    this.#signers.set(ticketKey, signer);
    return signer;
  }
}
