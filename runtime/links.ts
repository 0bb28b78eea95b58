/**
 * The links of a role: each gets an identity that is never used again, and everything that comes by
 * it goes through `parseMessage`. What is no message is counted, logged and, where somebody waits
 * for an answer, answered with 400.
 *
 * @module
 */

import { isRecord, messageID, serviceID } from "../protocol/fields.ts";
import {
  isMessageType,
  type Message,
  type MessageDefinition,
  MESSAGES,
} from "../protocol/messages.ts";
import { parseMessage } from "../protocol/parse_message.ts";
import { STATUS } from "../protocol/status.ts";
import type { LinkClosed, LinkID, MessageArrived } from "../roles/step.ts";
import type { Link, LinkEvents } from "../transports/link.ts";

/** Something that came by a link and changed nothing. */
export interface Refusal {
  /** The link. */
  readonly link: LinkID;
  /** The type of the message, or `malformed`. */
  readonly type: string;
  /** 4xx. */
  readonly status: number;
  /** Why. */
  readonly reason: string;
  /** Tells refusals of one type and status apart when they are told; few. @default {""} */
  readonly topic?: string;
}

/** What links tell their owner. */
export interface LinkTableOptions {
  /** Takes messages and the end of links. */
  readonly dispatch: (event: MessageArrived | LinkClosed) => void;
  /** Takes what was refused. */
  readonly refused: (refusal: Refusal) => void;
}

/** The open links of one role. */
export class LinkTable {
  readonly #options: LinkTableOptions;
  readonly #links = new Map<LinkID, Link>();
  #opened = 0;

  /** No links yet. */
  constructor(options: LinkTableOptions) {
    this.#options = options;
  }

  /** Takes in a link that is made from the events that it will tell; returns its identity. */
  open(name: string, make: (events: LinkEvents) => Link): LinkID {
    const link = this.#newID(name);
    this.#links.set(link, make(this.#events(link)));
    return link;
  }

  /** Takes in a link that exists already: returns its identity and the events for it. */
  admit(name: string, made: Link): { readonly link: LinkID; readonly events: LinkEvents } {
    const link = this.#newID(name);
    this.#links.set(link, made);
    return { link, events: this.#events(link) };
  }

  /** Sends by a link; one that is gone swallows it. */
  send(link: LinkID, message: Message): void {
    this.#links.get(link)?.send(message);
  }

  /** Sends what is none of the protocol; a link that is gone swallows it. */
  sendLine(link: LinkID, value: unknown): void {
    this.#links.get(link)?.send(value);
  }

  /** Closes a link once what was sent has left; `linkClosed` follows. */
  close(link: LinkID): void {
    this.#links.get(link)?.close();
  }

  /** Ends a link at once; `linkClosed` follows. */
  abort(link: LinkID, reason: string): void {
    this.#links.get(link)?.abort(reason);
  }

  /** Closes every link. */
  closeAll(): void {
    for (const link of this.#links.values()) link.close();
  }

  #newID(name: string): LinkID {
    this.#opened += 1;
    return `${name}@${this.#opened}`;
  }

  #events(link: LinkID): LinkEvents {
    const { dispatch, refused } = this.#options;
    return {
      received: (value) => {
        const parsed = parseMessage(value);
        if ("message" in parsed) {
          return dispatch({ kind: "message", link, message: parsed.message });
        }
        const type = isRecord(value) && isMessageType(value.type) ? value.type : "malformed";
        refused({ link, type, ...parsed });
        const answer = answerTo(value, parsed.reason);
        if (answer !== undefined) this.send(link, answer);
      },
      malformed: (reason) =>
        refused({ link, type: "malformed", status: STATUS.badRequest, reason }),
      closed: (reason) => {
        this.#links.delete(link);
        dispatch({ kind: "linkClosed", link, reason });
      },
    };
  }
}

/** The answer to a request that could not be read, if its sender can be told at all. */
function answerTo(value: unknown, reason: string): Message | undefined {
  if (!isRecord(value) || !isMessageType(value.type)) return undefined;
  const definition: MessageDefinition = MESSAGES[value.type];
  if (definition.answer === undefined || !messageID.accepts(value.messageID)) return undefined;
  const answer = parseMessage({
    type: definition.answer,
    messageID: value.messageID,
    status: STATUS.badRequest,
    reason,
    ...(serviceID.accepts(value.serviceID) ? { serviceID: value.serviceID } : {}),
    ...("agentNetwork" in value ? { agentNetwork: value.agentNetwork } : {}),
  });
  return "message" in answer ? answer.message : undefined;
}
