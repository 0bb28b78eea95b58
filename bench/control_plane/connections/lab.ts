/**
 * The mesh in which connections are measured: manager and agent in workers as in local mode, a
 * SQLite store, a client and a destination in processes of their own, and a relay beside them.
 *
 * @module
 */

import type { Fact } from "../../../roles/manager/memory/facts.ts";
import { SERVICE_DEFAULTS, type ServiceConfig } from "../../../runtime/config/mesh_config.ts";
import type { ManagerWorker } from "../../../runtime/local/manager_worker.ts";
import { callback, transferred, WorkerCall } from "../../../runtime/local/worker_call.ts";
import type { Message } from "../../../protocol/messages.ts";
import { parseMessage } from "../../../protocol/parse_message.ts";
import type { Link } from "../../../transports/link.ts";
import { linkMessagePort } from "../../../transports/message_port.ts";
import { listenTcp, type TcpListener } from "../../../transports/tcp.ts";
import type { BenchAgent } from "./agent_worker.ts";
import { CLIENT_SERVICE, DEST_SERVICE, type Order } from "./control.ts";

const HOUR_MS = 3_600_000;
/** Longest wait for a worker: under a test its modules are checked first. Milliseconds. */
const DEADLINE_MS = 60_000;
/** An order takes less than this. Milliseconds. */
const ORDER_MS = 120_000;

function serviceOf(name: string): ServiceConfig {
  const idle = { connectionMs: HOUR_MS, serviceMs: HOUR_MS };
  return { ...SERVICE_DEFAULTS, name, entry: `/${name}.ts`, plugs: "*", idle };
}

/** A mesh that was built to measure connections in it. */
export class ConnectionLab {
  readonly #manager = new WorkerCall<ManagerWorker>(
    new Worker(new URL("../../../workers/manager.ts", import.meta.url), { type: "module" }),
    { name: "manager", deadlineMs: DEADLINE_MS },
  );
  readonly #agent = new WorkerCall<BenchAgent>(
    new Worker(new URL("agent_worker.ts", import.meta.url), { type: "module" }),
    { name: "agent", deadlineMs: DEADLINE_MS },
  );
  readonly #relays: Worker[] = [];
  readonly #control: TcpListener;
  readonly #client = Promise.withResolvers<Link>();
  readonly #counts = new Map<Fact["kind"], number>();
  #relayPort = 0;
  #answered: (values: number[]) => void = () => {};
  #changed: () => void = () => {};

  /** Waits for the client to take its orders. */
  constructor() {
    this.#control = listenTcp({}, (link) => {
      this.#client.resolve(link);
      return {
        received: (finding) => this.#answered(valuesOf(finding)),
        malformed: (reason) => console.error(reason),
        closed: () => {},
      };
    });
  }

  /** Starts everything, with the history in a folder. */
  async start(data: string): Promise<void> {
    const admin = { adminHost: "127.0.0.1", adminPort: 0, token: "bench", gatewayUrl: "" };
    await this.#manager.call("start", [
      { data, ...admin },
      callback((facts: readonly Fact[]) => this.#count(facts)),
      callback((text: string) => console.error(text)),
    ]);
    const services = new Map([CLIENT_SERVICE, DEST_SERVICE].map((name) => [name, serviceOf(name)]));
    await this.#agent.call("start", [services, this.#control.port]);
    const between = new MessageChannel();
    await this.#manager.call("linkAgent", [transferred(between.port1)]);
    await this.#agent.call("linkManager", [transferred(between.port2)]);
    const gateway = new MessageChannel();
    await this.#agent.call("linkGateway", [transferred(gateway.port1)]);
    await startServices(gateway.port2);
    await this.#startRelays();
  }

  /** Orders the client to measure something; returns what it found. */
  async measure(order: Order): Promise<number[]> {
    const client = await this.#client.promise;
    const { promise, resolve, reject } = Promise.withResolvers<number[]>();
    const timer = setTimeout(() => reject(new Error(`Cannot measure "${order.kind}"`)), ORDER_MS);
    this.#answered = resolve;
    client.send(order);
    const values = await promise;
    clearTimeout(timer);
    return values;
  }

  /** Measures the relay, by the same client. */
  relay(count: number): Promise<number[]> {
    return this.measure({ kind: "relay", count, port: this.#relayPort });
  }

  /** Resolves when every connection that was offered is recorded as closed; returns how many. */
  async settled(): Promise<number> {
    for (;;) {
      const [offered = 0, opened = 0, closed = 0] = [
        this.#counts.get("connectionOffered"),
        this.#counts.get("connectionOpened"),
        this.#counts.get("connectionClosed"),
      ];
      if (offered > 0 && offered === closed && offered === opened) return offered;
      await new Promise<void>((resolve) => this.#changed = resolve);
    }
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await this.#agent.call("stop", []);
    await this.#manager.call("stop", []);
    for (const worker of [this.#agent, this.#manager, ...this.#relays]) worker.terminate();
    this.#control.close();
  }

  async #startRelays(): Promise<void> {
    const start = async (target?: number): Promise<number> => {
      const worker = new Worker(new URL("relay_worker.ts", import.meta.url), { type: "module" });
      this.#relays.push(worker);
      const { promise, resolve } = Promise.withResolvers<number>();
      worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
      worker.postMessage({ target });
      return await promise;
    };
    this.#relayPort = await start(await start());
  }

  #count(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (!("connectionID" in fact) || fact.service !== CLIENT_SERVICE) continue;
      this.#counts.set(fact.kind, 1 + (this.#counts.get(fact.kind) ?? 0));
    }
    this.#changed();
  }
}

function valuesOf(finding: unknown): number[] {
  const isFinding = typeof finding === "object" && finding !== null && "values" in finding;
  return isFinding && Array.isArray(finding.values) ? finding.values : [];
}

/** As a gateway would: registers, and asks for both services, which starts them. */
async function startServices(port: MessagePort): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const waiting = new Set([1, 2, 3]);
  const link = linkMessagePort(port, {}, {
    received(value) {
      const parsed = parseMessage(value);
      if (!("message" in parsed)) return;
      const { message } = parsed;
      if ("status" in message && message.status !== 200) reject(new Error(JSON.stringify(message)));
      if (message.type === "serviceRegisterResponse") {
        for (const service of askFor(message.serviceID ?? 0)) link.send(service);
      }
      if ("messageID" in message) waiting.delete(message.messageID);
      if (waiting.size === 0) resolve();
    },
    malformed: (reason) => reject(new Error(reason)),
    closed: () => {},
  });
  const plugsConfiguration = { in: null, out: "*" as const };
  const registration = { messageID: 1, typeOfService: "gateway", plugsConfiguration };
  link.send({ type: "serviceRegisterRequest", ...registration });
  await promise;
}

function askFor(serviceID: number): Message[] {
  return [CLIENT_SERVICE, DEST_SERVICE].map((destServiceName, index) => {
    const asked = { messageID: 2 + index, serviceID, sourcePlug: 1 + index };
    return { type: "connectionRequest", ...asked, destServiceName };
  });
}
