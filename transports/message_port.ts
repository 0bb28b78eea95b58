/**
 * A link between two threads of one process, over a raw `MessagePort`.
 *
 * Between the two ends travel: an array, the values of one turn of the sender; a number, how many
 * values the receiver has taken so far, so that the sender knows what is waiting; a string, that
 * the link is closed and why, because a port does not tell that its peer is gone.
 *
 * @module
 */

import { textOf } from "./codec.ts";
import { CLOSED_HERE, CLOSED_THERE, type Link, type LinkEvents } from "./link.ts";
import { WAITING_VALUES_MAX } from "./memory.ts";
import { atEndOfTurn } from "./turn.ts";

/** After how many values the receiver says how many it has taken. */
const RECEIPT_EVERY = 256;
const REASON_LENGTH_MAX = 1000;

/** How to link a port. */
export interface MessagePortOptions {
  /**
   * What to call this end in logs.
   *
   * @default {"port"}
   */
  name?: string;
  /**
   * How many values may wait for the other thread before the link breaks; at least 1024, as the
   * receiver does not say of every single value that it took it.
   *
   * @default {WAITING_VALUES_MAX}
   */
  waitingValuesMax?: number;
}

/**
 * Makes one end of a link from a port of a `MessageChannel`; the other port, in whatever thread,
 * becomes the other end in the same way.
 *
 * The link owns the port from here on. A thread that dies says nothing on its ports: whoever
 * started it must abort this end.
 *
 * @throws {RangeError} when `waitingValuesMax` is less than 1024.
 *
 * @example Link the two ports of a channel
 * ```ts
 * import { linkMessagePort } from "./message_port.ts";
 *
 * const quiet = { received() {}, malformed() {}, closed() {} };
 * const { port1, port2 } = new MessageChannel();
 * const one = linkMessagePort(port1, { name: "one" }, quiet);
 * linkMessagePort(port2, { name: "two" }, { ...quiet, received: (value) => console.log(value) });
 * one.send({ type: "greeting" });
 * one.close();
 * ```
 */
export function linkMessagePort(
  port: MessagePort,
  options: MessagePortOptions,
  events: LinkEvents,
): Link {
  return new PortEnd(port, options, events);
}

class PortEnd implements Link {
  readonly name: string;
  readonly #port: MessagePort;
  readonly #events: LinkEvents;
  readonly #waitingValuesMax: number;
  #batch: unknown[] = [];
  #ended = false;
  #sent = 0;
  #taken = 0;
  #received = 0;
  #receipted = 0;

  constructor(port: MessagePort, options: MessagePortOptions, events: LinkEvents) {
    const { name = "port", waitingValuesMax = WAITING_VALUES_MAX } = options;
    if (waitingValuesMax < 4 * RECEIPT_EVERY) {
      throw new RangeError(
        `Cannot link "${name}": waitingValuesMax must be at least 1024: ${waitingValuesMax}`,
      );
    }
    this.name = name;
    this.#port = port;
    this.#events = events;
    this.#waitingValuesMax = waitingValuesMax;
    port.onmessageerror = () => this.#malformed("a message that cannot be cloned");
    port.onmessage = (event) => this.#take(event.data);
  }

  send(value: unknown): void {
    if (this.#ended) return;
    this.#batch.push(value);
    if (this.#sent + this.#batch.length - this.#taken > this.#waitingValuesMax) {
      this.abort(`Cannot send on "${this.name}": ${this.#waitingValuesMax} values are waiting`);
    } else if (this.#batch.length === 1) {
      atEndOfTurn(() => this.#flush());
    }
  }

  close(): void {
    this.#flush();
    this.#end(CLOSED_HERE, CLOSED_THERE);
  }

  abort(reason: string): void {
    this.#end(reason, `${CLOSED_THERE}: ${reason}`.slice(0, REASON_LENGTH_MAX));
  }

  #flush(): void {
    if (this.#ended || this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    try {
      this.#port.postMessage(batch);
      this.#sent += batch.length;
    } catch (error) {
      this.abort(`Cannot send a value on "${this.name}": ${textOf(error)}`);
    }
  }

  /** Ends the link once; the other end is told, unless it was the one that ended it. */
  #end(reason: string, farewell?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#batch = [];
    if (farewell !== undefined) this.#port.postMessage(farewell);
    this.#port.onmessage = null;
    this.#port.onmessageerror = null;
    this.#port.close();
    queueMicrotask(() => this.#events.closed(reason));
  }

  #malformed(what: string): void {
    if (!this.#ended) this.#events.malformed(`Cannot take what came on "${this.name}": ${what}`);
  }

  #take(data: unknown): void {
    if (this.#ended) return;
    if (Array.isArray(data)) this.#takeBatch(data);
    else if (typeof data === "number") this.#takeReceipt(data);
    else if (typeof data === "string") this.#end(data);
    else this.#malformed(`neither values nor a word of the link: ${typeof data}`);
  }

  #takeBatch(values: unknown[]): void {
    this.#received += values.length;
    for (const value of values) {
      if (this.#ended) return;
      this.#events.received(value);
    }
    if (this.#received - this.#receipted >= RECEIPT_EVERY && !this.#ended) {
      this.#receipted = this.#received;
      this.#port.postMessage(this.#received);
    }
  }

  #takeReceipt(taken: number): void {
    if (Number.isSafeInteger(taken) && taken >= this.#taken && taken <= this.#sent) {
      this.#taken = taken;
    } else {
      this.#malformed(`a receipt for ${taken} values`);
    }
  }
}
