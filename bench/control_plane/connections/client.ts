/**
 * A service that speaks the protocol without any of our roles: it proves itself to its agent, and
 * then asks for connections as fast as it is ordered to. The connections are never dialled.
 *
 * @module
 */

import { readStart, type StartInfo } from "../../../runtime/service/start.ts";
import type { Message, MessageOf } from "../../../protocol/messages.ts";
import { parseMessage } from "../../../protocol/parse_message.ts";
import { dialTcp } from "../../../transports/tcp.ts";
import type { Link } from "../../../transports/link.ts";
import { CLIENT_SERVICE, CONTROL_VARIABLE, DEST_SERVICE, type Order } from "./control.ts";

/** An answer and the plug that was asked for. */
type Answered = (response: MessageOf<"connectionResponse">, sourcePlug: number) => void;

class Client {
  readonly #start: StartInfo;
  #link: Link | undefined;
  #lastID = 0;
  #answered: Answered = () => {};

  constructor(start: StartInfo) {
    this.#start = start;
  }

  async open(): Promise<void> {
    const { agentNetwork: hostname, agentPort: port, messageID, serviceID, token } = this.#start;
    this.#link = await dialTcp({ hostname, port }, () => ({
      received: (value) => this.#take(value),
      malformed: (reason) => console.error(reason),
      closed: () => Deno.exit(0),
    }));
    this.#link.send({ type: "startServiceResponse", messageID, serviceID, status: 200, token });
  }

  /** Asks for connections one by one, then confirms and closes them all. */
  async ask(count: number): Promise<number[]> {
    const micros: number[] = [];
    const open: [MessageOf<"connectionResponse">, number][] = [];
    for (let index = 0; index < count; index += 1) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const startedMs = performance.now();
      this.#answered = (response, sourcePlug) => {
        micros.push(1_000 * (performance.now() - startedMs));
        open.push([response, sourcePlug]);
        resolve();
      };
      this.#request();
      await promise;
    }
    for (const [response, sourcePlug] of open) this.#settle(response, sourcePlug);
    return micros;
  }

  /** Establishes and closes connections, so many at once; returns how many per second. */
  async establish(count: number, outstanding: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let asked = 0;
    let answered = 0;
    this.#answered = (response, sourcePlug) => {
      answered += 1;
      this.#settle(response, sourcePlug);
      if (asked < count) {
        asked += 1;
        this.#request();
      }
      if (answered === count) resolve();
    };
    const startedMs = performance.now();
    for (; asked < Math.min(outstanding, count); asked += 1) this.#request();
    await promise;
    return 1_000 * count / (performance.now() - startedMs);
  }

  #send(message: Message): void {
    this.#link?.send(message);
  }

  #request(): void {
    this.#lastID += 1;
    const { serviceID } = this.#start;
    const asked = { messageID: this.#lastID, serviceID, sourcePlug: this.#lastID };
    this.#send({ type: "connectionRequest", ...asked, destServiceName: DEST_SERVICE });
  }

  #settle({ messageID, destPlug = 0 }: MessageOf<"connectionResponse">, sourcePlug: number): void {
    const { serviceID } = this.#start;
    this.#send({ type: "connectionConfirmation", messageID, status: 200, sourcePlug, destPlug });
    this.#send({ type: "sourceConnectionClose", serviceID, sourcePlug, destPlug, status: 111 });
  }

  #take(value: unknown): void {
    const parsed = parseMessage(value);
    if (!("message" in parsed) || parsed.message.type !== "connectionResponse") return;
    const { message } = parsed;
    if (message.status !== 200) throw new Error(`Cannot connect: ${message.reason}`);
    this.#answered(message, message.messageID);
  }
}

/** Sends lines as long as a connectionRequest through a relay, one by one. */
async function relay(port: number, count: number): Promise<number[]> {
  const request = { type: "connectionRequest", messageID: 1_000, serviceID: 2, sourcePlug: 1_000 };
  const text = JSON.stringify({ ...request, destServiceName: DEST_SERVICE });
  const line = new TextEncoder().encode(`${text}\n`);
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const buffer = new Uint8Array(64 * 1024);
  const micros: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const startedMs = performance.now();
    await conn.write(line);
    for (let received = 0; received < line.length;) received += await conn.read(buffer) ?? Infinity;
    micros.push(1_000 * (performance.now() - startedMs));
  }
  conn.close();
  return micros;
}

async function carryOut(client: Client, order: Order): Promise<number[]> {
  switch (order.kind) {
    case "ask":
      return await client.ask(order.count);
    case "establish":
      return [await client.establish(order.count, order.outstanding)];
    case "relay":
      return await relay(order.port, order.count);
  }
}

function isOrder(value: unknown): value is Order {
  return typeof value === "object" && value !== null && "kind" in value;
}

const start = readStart();
const client = new Client(start);
await client.open();
if (start.service === CLIENT_SERVICE) {
  const port = Number(Deno.env.get(CONTROL_VARIABLE));
  const control = await dialTcp({ port }, () => ({
    received(order) {
      if (!isOrder(order)) throw new Error("Cannot carry out an order: it is none");
      void carryOut(client, order).then((values) => control.send({ values }));
    },
    malformed: (reason) => console.error(reason),
    closed: () => {},
  }));
}
