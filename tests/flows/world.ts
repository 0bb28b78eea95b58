/**
 * The world of a transcript: a simulated clock, links in memory that keep their order, and the
 * trace of everything that happens. Nothing here knows what the messages mean.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Message } from "../../protocol/messages.ts";
import { parseMessage } from "../../protocol/parse_message.ts";

/** A role and its host, as the world sees them. */
export interface Actor {
  /** How the trace calls it. */
  readonly name: string;
  /** A message came by a link. */
  receive(link: string, message: Message): void;
  /** A link ended. */
  linkClosed(link: string, reason: string): void;
  /** A deadline has come. */
  tick(): void;
  /** When its next deadline is. */
  nextDeadlineMs(): number | undefined;
}

interface End {
  readonly actor: Actor;
  readonly link: string;
}

/** Shows the fields of a message or a fact on one line. */
export function fieldsText(fields: object, hidden: readonly string[]): string {
  return Object.entries(fields)
    .filter(([key, value]) => !hidden.includes(key) && value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === "number" ? value : JSON.stringify(value)}`)
    .join(" ");
}

/** Time, links and the trace. */
export class World {
  /** The simulated time. */
  nowMs = 0;
  /** The trace so far. */
  readonly lines: string[] = [];
  readonly #actors = new Set<Actor>();
  readonly #soon: (() => void)[] = [];
  readonly #later: { readonly atMs: number; readonly run: () => void }[] = [];
  readonly #far = new Map<string, End>();
  /** How often each message arrives. */
  readonly #copies: number;
  #lastLink = 0;

  /** A world in which nothing is. */
  constructor(copies = 1) {
    this.#copies = copies;
  }

  /** Adds a line to the trace. */
  say(text: string): void {
    this.lines.push(
      `${(this.nowMs / 1_000).toFixed(3).padStart(9)}  ${text.replaceAll("\n", "\\n")}`,
    );
  }

  /** Lets an actor's deadlines come. */
  add(actor: Actor): void {
    this.#actors.add(actor);
  }

  /** Ends an actor: its links break. */
  remove(actor: Actor, reason: string): void {
    this.#actors.delete(actor);
    for (const key of [...this.#far.keys()]) {
      const [name, link] = key.split(" ");
      if (name === actor.name && link !== undefined) this.cut(actor, link, reason);
    }
  }

  /** Does something after everything that is on its way. */
  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Does something later. */
  later(delayMs: number, run: () => void): void {
    this.#later.push({ atMs: this.nowMs + delayMs, run });
  }

  /** Links two actors, and gives the name of the link. */
  connect(one: Actor, other: Actor): string {
    this.#lastLink += 1;
    const link = `link-${this.#lastLink}`;
    this.#far.set(`${one.name} ${link}`, { actor: other, link });
    this.#far.set(`${other.name} ${link}`, { actor: one, link });
    return link;
  }

  /** Sends by a link, as text and through the door, as between processes. */
  send(from: Actor, link: string, message: Message): void {
    const far = this.#far.get(`${from.name} ${link}`);
    const { type } = message;
    const hop = `${from.name} -> ${far?.actor.name ?? "nobody"}`;
    this.say(`${hop}: ${type} ${fieldsText(message, ["type"])}`);
    if (far === undefined) return;
    const parsed = parseMessage(JSON.parse(JSON.stringify(message)));
    assert("message" in parsed, `${type} does not pass the door: ${JSON.stringify(parsed)}`);
    for (let copy = 0; copy < this.#copies; copy += 1) {
      this.soon(() => {
        if (this.#actors.has(far.actor)) far.actor.receive(far.link, parsed.message);
      });
    }
  }

  /** Breaks a link at both ends, after what is on its way. */
  cut(from: Actor, link: string, reason: string): void {
    const far = this.#far.get(`${from.name} ${link}`);
    if (far === undefined) return;
    this.#far.delete(`${from.name} ${link}`);
    this.#far.delete(`${far.actor.name} ${far.link}`);
    this.say(`link ${from.name} - ${far.actor.name} ends: ${reason}`);
    for (const end of [{ actor: from, link }, far]) {
      this.soon(() => {
        if (this.#actors.has(end.actor)) end.actor.linkClosed(end.link, reason);
      });
    }
  }

  /** Lets everything happen that happens now. */
  settle(): void {
    for (let run = this.#soon.shift(); run !== undefined; run = this.#soon.shift()) run();
  }

  /** Lets time pass. */
  advance(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    this.settle();
    for (;;) {
      const nextMs = this.#nextMs();
      if (nextMs === undefined || nextMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.#fire();
      this.settle();
    }
    this.nowMs = untilMs;
  }

  #nextMs(): number | undefined {
    const times = this.#later.map(({ atMs }) => atMs);
    for (const actor of this.#actors) {
      const dueAtMs = actor.nextDeadlineMs();
      if (dueAtMs !== undefined) times.push(dueAtMs);
    }
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #fire(): void {
    const due = this.#later.filter(({ atMs }) => atMs <= this.nowMs);
    for (const timer of due) {
      this.#later.splice(this.#later.indexOf(timer), 1);
      timer.run();
    }
    for (const actor of [...this.#actors]) {
      const dueAtMs = actor.nextDeadlineMs();
      if (dueAtMs !== undefined && dueAtMs <= this.nowMs) actor.tick();
    }
  }
}
