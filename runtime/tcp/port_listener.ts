/**
 * One port of a gateway: each connection to it goes on in a tunnel to its service.
 *
 * @module
 */

import type { ReportedPort } from "../../protocol/announcements.ts";
import { reasonOf } from "../../protocol/errors.ts";
import { Accepting } from "../../transports/accepting.ts";
import type { Exchange } from "../limits/limited_exchange.ts";
import { refusalsTeller } from "../service/in_plug.ts";
import { openTunnel } from "./open.ts";
import { Tunnel } from "./tunnel.ts";

/** How a port is served. */
export interface PortListenerOptions extends ReportedPort {
  /** Sends a request to a service. */
  readonly exchange: Exchange;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
}

/** Connections of one port at a time, where mesh.json says nothing else: what a session carries. */
export const PORT_CONNECTIONS_MAX = 1_000;

/** A client that is connected. */
interface Client {
  readonly tunnel: Tunnel;
  /** Ends the wait for a tunnel; undefined once there is one. */
  waiting: AbortController | undefined;
}

/** A port that accepts connections, until `drain`, `retire` or `abort`. */
export class PortListener {
  /** The service that it leads to. */
  readonly service: string;
  /** Most connections at a time, as it was told. */
  readonly connectionsMax: number | undefined;
  readonly #accepting: Accepting<Deno.TcpConn>;
  readonly #exchange: Exchange;
  readonly #refused: (reason: string) => void;
  readonly #clients = new Set<Client>();

  /** Accepts from now on. */
  constructor(listener: Deno.TcpListener, options: PortListenerOptions) {
    const { port, service, connectionsMax, exchange, warn } = options;
    this.service = service;
    this.connectionsMax = connectionsMax;
    this.#exchange = exchange;
    this.#refused = refusalsTeller((text) => warn(`port ${port}: ${text}`));
    this.#accepting = new Accepting(listener, {
      accepted: (connection) => this.#admit(connection),
      failed: (error) => this.#refused(reasonOf(error)),
    });
  }

  /** Accepts nothing new; resolves when the clients have gone by themselves. */
  async retire(): Promise<void> {
    this.#accepting.close();
    while (this.#clients.size > 0) {
      await Promise.all([...this.#clients].map(({ tunnel }) => tunnel.ended));
    }
  }

  /** Accepts nothing new, and lets the clients go; resolves when they have gone. */
  async drain(): Promise<void> {
    this.#accepting.close();
    for (const { waiting, tunnel } of this.#clients) {
      if (waiting === undefined) tunnel.leave();
      else waiting.abort(new Error("the gateway is stopping"));
    }
    await this.retire();
  }

  /** Ends everything at once. */
  abort(): void {
    this.#accepting.close();
    for (const { waiting, tunnel } of this.#clients) {
      waiting?.abort(new Error("the gateway is stopping"));
      tunnel.end();
    }
  }

  #admit(connection: Deno.TcpConn): void {
    const connectionsMax = this.connectionsMax ?? PORT_CONNECTIONS_MAX;
    if (this.#clients.size >= connectionsMax) {
      connection.close();
      return this.#refused(`${connectionsMax} are open`);
    }
    connection.setNoDelay(true);
    connection.setKeepAlive(true);
    const tunnel = new Tunnel(connection, { of: "client" });
    const client = { tunnel, waiting: new AbortController() };
    this.#clients.add(client);
    void tunnel.ended.then(() => this.#clients.delete(client));
    void this.#serve(client);
  }

  async #serve(client: Client): Promise<void> {
    const { tunnel, waiting } = client;
    if (waiting === undefined) return;
    try {
      const opened = await openTunnel({
        service: this.service,
        exchange: this.#exchange,
        outgoing: (until) => tunnel.outgoing(until),
        signal: waiting.signal,
      });
      client.waiting = undefined;
      if ("incoming" in opened) return await tunnel.receive(opened.incoming);
      this.#refused(opened.refusal);
    } catch (error) {
      if (!waiting.signal.aborted) this.#refused(reasonOf(error));
    }
    tunnel.end();
  }
}
