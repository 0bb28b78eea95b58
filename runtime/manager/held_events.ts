/**
 * What reaches a manager that cannot record: new work is refused at the door, what tells of the
 * world waits until it can be recorded.
 *
 * @module
 */

import type { Message, MessageOf } from "../../protocol/messages.ts";
import { STATUS } from "../../protocol/status.ts";
import type { LinkClosed, LinkID, MessageArrived } from "../../roles/step.ts";

/** What may arrive. */
export type Arrival = MessageArrived | LinkClosed;

/** How {@linkcode HeldEvents} act on links. */
export interface HeldEventsOptions {
  /** Answers by a link. */
  readonly send: (link: LinkID, message: Message) => void;
  /** Ends a link from which too much came; its end arrives afterwards. */
  readonly abort: (link: LinkID, reason: string) => void;
  /** At most so many events wait. @default {HELD_EVENTS_MAX} */
  readonly eventsMax?: number;
}

/** How many events wait at most when the options do not say. */
export const HELD_EVENTS_MAX = 100_000;

/** Events that wait, in their order. */
export class HeldEvents {
  readonly #options: HeldEventsOptions;
  readonly #eventsMax: number;
  #events: Arrival[] = [];
  /** Where the use of a connection waits, by its link, source and plug. */
  readonly #uses = new Map<string, number>();
  /** Links that nobody knew before: all that came by them waits here. */
  readonly #newLinks = new Set<LinkID>();

  /** None wait. */
  constructor(options: HeldEventsOptions) {
    this.#options = options;
    this.#eventsMax = options.eventsMax ?? HELD_EVENTS_MAX;
  }

  /** How many wait. */
  get size(): number {
    return this.#events.length;
  }

  /** Takes an event: it waits, or is answered because of `reason`, or is of no use later. */
  take(event: Arrival, reason: string): void {
    if (event.kind === "linkClosed") return this.#forgetLink(event);
    const { link, message } = event;
    const refusal = { status: STATUS.unavailable, reason };
    switch (message.type) {
      case "connectionRequest": {
        const { messageID } = message;
        return this.#options.send(link, { type: "connectionResponse", messageID, ...refusal });
      }
      case "serviceRegisterRequest": {
        const { messageID } = message;
        return this.#options.send(link, { type: "serviceRegisterResponse", messageID, ...refusal });
      }
      case "agentHealthResponse":
      case "serviceHealthResponse":
        // Nobody is judged by his silence meanwhile.
        return;
      case "instancesUsageInfo":
        // What is newer follows soon, and is no matter of the history.
        return;
      case "processData":
        return this.#holdUse(event, message);
      case "agentRegisterRequest":
        this.#newLinks.add(link);
    }
    this.#hold(event);
  }

  /** Gives the events that wait; none do afterwards. */
  release(): Arrival[] {
    const events = this.#events;
    this.#events = [];
    this.#uses.clear();
    this.#newLinks.clear();
    return events;
  }

  #hold(event: Arrival): void {
    if (this.#events.length < this.#eventsMax || event.kind === "linkClosed") {
      this.#events.push(event);
      return;
    }
    const reason = `${this.#events.length} messages wait already, as nothing can be recorded`;
    this.#options.abort(event.link, reason);
  }

  /** Use is told once a second, so that of one connection is added up. */
  #holdUse(event: MessageArrived, message: MessageOf<"processData">): void {
    const key = `${event.link}/${message.serviceID}/${message.sourcePlug}`;
    const at = this.#uses.get(key);
    const before = at === undefined ? undefined : this.#events[at];
    if (at === undefined || before?.kind !== "message" || before.message.type !== "processData") {
      this.#uses.set(key, this.#events.length);
      return this.#hold(event);
    }
    const { count = 0, intervalMs = 0 } = before.message;
    const sum = {
      ...message,
      count: count + (message.count ?? 0),
      intervalMs: intervalMs + (message.intervalMs ?? 0),
    };
    this.#events[at] = { ...event, message: sum };
  }

  /**
   * What came by a link that ended is forgotten: its agent reports what it has by its next link.
   * So the events that wait are bounded by the size of the mesh, however long they do.
   */
  #forgetLink(event: LinkClosed): void {
    const { link } = event;
    this.#events = this.#events.filter((held) => held.link !== link);
    this.#uses.clear();
    for (const [at, held] of this.#events.entries()) {
      if (held.kind !== "message" || held.message.type !== "processData") continue;
      this.#uses.set(`${held.link}/${held.message.serviceID}/${held.message.sourcePlug}`, at);
    }
    if (!this.#newLinks.delete(link)) this.#hold(event);
  }
}
