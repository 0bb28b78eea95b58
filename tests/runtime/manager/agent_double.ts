/**
 * An agent that says what a test tells it to, linked to a manager in memory.
 *
 * @module
 */

import type { Message, MessageOf, MessageType } from "../../../protocol/messages.ts";
import { parseMessage } from "../../../protocol/parse_message.ts";
import type { ManagerHost } from "../../../runtime/manager/manager_host.ts";
import type { Link } from "../../../transports/link.ts";
import { linkMemoryPair } from "../../../transports/memory.ts";

/** An agent, seen from its manager. */
export class AgentDouble {
  /** What the manager sent, in order. */
  readonly received: Message[] = [];
  readonly #link: Link;
  readonly #waiting = new Set<() => void>();
  #hasEnded = false;

  /** Links it with a manager; it does not register by itself. */
  constructor(manager: ManagerHost) {
    let end: Link | undefined;
    manager.openLink((left) => {
      const right = {
        received: (value: unknown) => {
          const parsed = parseMessage(value);
          if (!("message" in parsed)) throw new Error(parsed.reason);
          this.received.push(parsed.message);
          this.#wake();
        },
        malformed: (reason: string) => {
          throw new Error(reason);
        },
        closed: () => {
          this.#hasEnded = true;
          this.#wake();
        },
      };
      const [managerEnd, agentEnd] = linkMemoryPair({ left, right });
      end = agentEnd;
      return managerEnd;
    });
    if (end === undefined) throw new Error("no link was made");
    this.#link = end;
  }

  /** Says something. */
  send(...messages: readonly Message[]): void {
    for (const message of messages) this.#link.send(message);
  }

  /** Says something and waits for the answer of a type. */
  async ask<Type extends MessageType>(message: Message, type: Type): Promise<MessageOf<Type>> {
    const count = this.all(type).length;
    this.send(message);
    return await this.wait(type, count);
  }

  /** Waits for a message of a type, the first that came or one with so many before it. */
  async wait<Type extends MessageType>(type: Type, before = 0): Promise<MessageOf<Type>> {
    for (;;) {
      const found = this.all(type)[before];
      if (found !== undefined) return found;
      if (this.#hasEnded) throw new Error(`Cannot get "${type}": the link has ended`);
      await this.#next();
    }
  }

  /** Says something and waits for anything that comes. */
  async provoke(message: Message): Promise<void> {
    const count = this.received.length;
    this.send(message);
    while (this.received.length === count) await this.#next();
  }

  /** Waits until the link has ended. */
  async ended(): Promise<void> {
    while (!this.#hasEnded) await this.#next();
  }

  /** All messages of a type so far. */
  all<Type extends MessageType>(type: Type): MessageOf<Type>[] {
    return this.received.filter((message): message is MessageOf<Type> => message.type === type);
  }

  /** Breaks the link. */
  abort(): void {
    this.#link.abort("a test broke it");
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
