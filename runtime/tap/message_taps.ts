/**
 * Whoever watches the messages of a manager. Nobody, most of the time: then it costs one look at a
 * number for each message.
 *
 * @module
 */

import {
  type Message,
  type MessageDefinition,
  MESSAGES,
  type MessageType,
} from "../../protocol/messages.ts";
import type { LinkID } from "../../roles/step.ts";
import { clockMs } from "../host.ts";
import {
  type Concerned,
  concernedBy,
  isOfService,
  shownMessage,
  type TapEntry,
} from "./tapped_message.ts";

/** Which messages are wanted: those that meet all of what is said. */
export interface TapFilter {
  /** Only of this type. */
  readonly type?: MessageType | undefined;
  /** Only what concerns this service, or an instance of it. */
  readonly service?: string | undefined;
  /** Only what concerns this instance. */
  readonly serviceID?: number | undefined;
}

/** Where messages can be watched. */
export interface TapSource {
  /** Calls a listener with each message that is wanted; returns how to end that. */
  open(filter: TapFilter, listener: (entry: TapEntry) => void): () => void;
}

/** What is known of those who send and get messages. */
export interface TapKnowledge {
  /** The name of the agent of a link. */
  agentOf(link: LinkID): string | undefined;
  /** The service of a live instance. */
  serviceOf(serviceID: number): string | undefined;
  /** The instance at the other end of a live connection. */
  destOf(serviceID: number, sourcePlug: number): number | undefined;
}

/** A message that passes. */
export interface Passing {
  /** The link by which it goes. */
  readonly link: LinkID;
  /** What it says. */
  readonly message: Message;
  /** Whether the manager sends it, and did not get it. */
  readonly isLeaving: boolean;
}

interface Tap {
  readonly filter: TapFilter;
  readonly listener: (entry: TapEntry) => void;
}

/** Most requests of which it is remembered whom their answers concern. */
const REQUESTS_MAX = 10_000;

/** The taps of one manager. */
export class MessageTaps implements TapSource {
  readonly #knowledge: TapKnowledge;
  readonly #taps = new Set<Tap>();
  /** Answers name nobody: whom they concern is known by what they answer. */
  readonly #requests = new Map<string, Concerned>();

  /** Nobody watches yet. */
  constructor(knowledge: TapKnowledge) {
    this.#knowledge = knowledge;
  }

  /** Whether anybody watches. */
  get areOpen(): boolean {
    return this.#taps.size > 0;
  }

  open(filter: TapFilter, listener: (entry: TapEntry) => void): () => void {
    const tap = { filter, listener };
    this.#taps.add(tap);
    return () => {
      this.#taps.delete(tap);
      if (!this.areOpen) this.#requests.clear();
    };
  }

  /** A message passes: it has come and is not handled yet, or is about to leave. */
  pass(passing: Passing): void {
    const concerned = this.#concernedBy(passing);
    let entry: TapEntry | undefined;
    for (const { filter, listener } of this.#taps) {
      if (!this.#isWanted(filter, passing.message, concerned)) continue;
      entry ??= this.#entryOf(passing, concerned);
      listener(entry);
    }
  }

  #isWanted(
    { type, service, serviceID }: TapFilter,
    message: Message,
    { instances, services }: Concerned,
  ): boolean {
    return (type === undefined || type === message.type) &&
      (serviceID === undefined || instances.has(serviceID)) &&
      (service === undefined || services.has(service));
  }

  /** Whom a message names, and whom that which it answers did. */
  #concernedBy({ link, message, isLeaving }: Passing): Concerned {
    const named = concernedBy(message);
    const asked = this.#askedBy({ link, message, isLeaving });
    const instances = new Set([...asked?.instances ?? [], ...named.instances]);
    const destServiceID = this.#destOf(message);
    if (destServiceID !== undefined) instances.add(destServiceID);
    const services = new Set([...asked?.services ?? [], ...named.services]);
    for (const serviceID of instances) {
      const service = this.#knowledge.serviceOf(serviceID);
      if (service !== undefined) services.add(service);
    }
    const concerned = { instances, services };
    const { answer }: MessageDefinition = MESSAGES[message.type];
    if (answer !== undefined && "messageID" in message) {
      this.#remember(keyOf(link, answer, message.messageID), concerned);
    }
    return concerned;
  }

  /** What tells of a connection names its source, and seldom its destination. */
  #destOf(message: Message): number | undefined {
    if (!("serviceID" in message && "sourcePlug" in message)) return undefined;
    const { serviceID, sourcePlug } = message;
    const isTold = serviceID === undefined || "sourceServiceID" in message;
    return isTold ? undefined : this.#knowledge.destOf(serviceID, sourcePlug);
  }

  #askedBy({ link, message }: Passing): Concerned | undefined {
    if (!("messageID" in message)) return undefined;
    const key = keyOf(link, message.type, message.messageID);
    const asked = this.#requests.get(key);
    this.#requests.delete(key);
    return asked;
  }

  #remember(key: string, concerned: Concerned): void {
    this.#requests.delete(key);
    this.#requests.set(key, concerned);
    if (this.#requests.size <= REQUESTS_MAX) return;
    const [oldest] = this.#requests.keys();
    if (oldest !== undefined) this.#requests.delete(oldest);
  }

  #entryOf({ link, message, isLeaving }: Passing, { instances }: Concerned): TapEntry {
    const agent = this.#agentOf(link, message);
    const [serviceID] = "serviceID" in message ? [message.serviceID] : instances;
    const other = serviceID === undefined || !isOfService(message)
      ? agent
      : `${this.#knowledge.serviceOf(serviceID) ?? "?"}#${serviceID}`;
    return {
      kind: "message",
      at: new Date(clockMs()).toISOString(),
      agent,
      from: isLeaving ? "manager" : other,
      to: isLeaving ? other : "manager",
      message: shownMessage(message),
    };
  }

  #agentOf(link: LinkID, message: Message): string {
    const known = this.#knowledge.agentOf(link);
    if (known !== undefined) return known;
    return message.type === "agentRegisterRequest" ? message.agentName ?? link : link;
  }
}

function keyOf(link: LinkID, type: string, messageID: number): string {
  return `${link} ${type} ${messageID}`;
}
