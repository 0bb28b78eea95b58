/**
 * How an instance checks tickets. It runs in the processes of services, so it imports nothing that
 * the service's own configuration could change.
 *
 * A ticket opens one session, once, and is good for half a minute. Its age is told by the clock of
 * the manager that made it, which an instance knows from the newest ticket that it saw of that run
 * of the manager; from there it counts on, a little slower than its own clock. So hosts need no
 * common time, a fresh ticket is never found old, and what differs is only how long an old one that
 * nobody used lives on: a hundredth of the time in which no other ticket came.
 *
 * @module
 */

import { type Introduction, readTicket, signedText, type TicketParts } from "./ticket_text.ts";

/** How tickets are checked. */
export interface TicketCheckerOptions {
  /** The key of this instance's tickets. */
  readonly ticketKey: string;
  /** The instance that checks. */
  readonly serviceID: number;
  /** A clock that only goes forward, in milliseconds. @default {performance.now} */
  readonly nowMs?: () => number;
}

/** How long a ticket is good for. Milliseconds. */
export const TICKET_MS = 30_000;

/** Most used tickets that are remembered one by one; what is older than them all is refused. */
const USED_MAX = 10_000;

/** Runs of managers that are remembered: the one that is, and those before it. */
const RUNS_MAX = 1_000;

/** No clock of a host goes wrong by more than this. */
const OWN_SPEED = 0.99;

/** What is known of one run of a manager. */
interface Run {
  /** The newest time of its clock that a ticket showed. */
  newestMs: number;
  /** When that was, by the clock of this instance. */
  seenMs: number;
  /** Tickets up to this time are not taken any more, as those used may be forgotten. */
  forgottenMs: number;
  /** When each used ticket was made, by `source:plug`, in the order of their use. */
  readonly used: Map<string, number>;
}

/** Checks the tickets of those who dial one instance. */
export class TicketChecker {
  readonly #options: TicketCheckerOptions;
  readonly #key: Promise<CryptoKey>;
  readonly #nowMs: () => number;
  readonly #runs = new Map<string, Run>();

  /** No ticket was used yet. */
  constructor(options: TicketCheckerOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    const bytes = new TextEncoder().encode(options.ticketKey);
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    this.#key = crypto.subtle.importKey("raw", bytes, algorithm, false, ["verify"]);
    // Whoever checks a ticket hears of it; before that nobody waits.
    this.#key.catch(() => {});
  }

  /**
   * Takes a ticket, which is used by that.
   *
   * @returns Why it is refused; undefined when it is good.
   */
  async refusalOf(
    text: string,
    source: Omit<Introduction, "destServiceID">,
  ): Promise<string | undefined> {
    if (text === "") return "it shows no ticket of the manager";
    const ticket = readTicket(text);
    const destServiceID = this.#options.serviceID;
    if (ticket === undefined || !await this.#isSigned(ticket, { ...source, destServiceID })) {
      return "its ticket is not one of the manager for this connection";
    }
    // Nothing is awaited from here on: of two that come with the same ticket one is first.
    return this.#use(ticket, `${source.sourceID}:${source.sourcePlug}`);
  }

  async #isSigned(ticket: TicketParts, introduction: Introduction): Promise<boolean> {
    const text = new TextEncoder().encode(signedText(introduction, ticket));
    return await crypto.subtle.verify("HMAC", await this.#key, bytesOf(ticket.signature), text);
  }

  #use({ run: name, atMs }: TicketParts, connection: string): string | undefined {
    const nowMs = this.#nowMs();
    const run = this.#runOf(name, { atMs, nowMs });
    const runMs = timeOf(run, nowMs);
    if (atMs < runMs - TICKET_MS || atMs <= run.forgottenMs) return "its ticket has expired";
    if (run.used.has(connection)) return "its ticket was used before";
    if (atMs > runMs) {
      run.newestMs = atMs;
      run.seenMs = nowMs;
    }
    run.used.set(connection, atMs);
    forgetOld(run, runMs - TICKET_MS);
    return undefined;
  }

  #runOf(name: string, first: { atMs: number; nowMs: number }): Run {
    const known = this.#runs.get(name);
    if (known !== undefined) return known;
    for (const [oldest, before] of this.#runs) {
      forgetOld(before, timeOf(before, first.nowMs) - TICKET_MS);
      if (this.#runs.size >= RUNS_MAX) this.#runs.delete(oldest);
    }
    const run = { newestMs: first.atMs, seenMs: first.nowMs, forgottenMs: -1, used: new Map() };
    this.#runs.set(name, run);
    return run;
  }
}

/** What the clock of a run shows, at least. */
function timeOf(run: Run, nowMs: number): number {
  return run.newestMs + OWN_SPEED * (nowMs - run.seenMs);
}

/** Forgets what has expired by itself; of more than can be remembered, the first that were used. */
function forgetOld(run: Run, expiredMs: number): void {
  for (const [connection, atMs] of run.used) {
    const isTooMany = run.used.size > USED_MAX;
    if (!isTooMany && atMs >= expiredMs) return;
    run.used.delete(connection);
    if (isTooMany) run.forgottenMs = Math.max(run.forgottenMs, atMs);
  }
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
