/**
 * The ports of a gateway that lead to services over TCP, byte by byte.
 *
 * @module
 */

import type { ReportedPort } from "../../protocol/announcements.ts";
import { reasonOf } from "../../protocol/errors.ts";
import { after } from "../../transports/timer.ts";
import { assertFree, cannotListen } from "../listen_http.ts";
import type { Exchange } from "../limits/limited_exchange.ts";
import { PortListener } from "./port_listener.ts";

/** How ports are served. */
export interface TcpPortsOptions {
  /** The address to listen on. */
  readonly hostname: string;
  /** Whether others of this user may listen there too, who share what comes. */
  readonly isShared: boolean;
  /** Sends a request to a service. */
  readonly exchange: Exchange;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
}

/** A port that could not be had is tried again after this. Milliseconds. */
const RETRY_MS = 5_000;

/** What can't listen, for an error. */
function placeOf(hostname: string, { port, service }: ReportedPort) {
  return { hostname, port, what: `service "${service}"`, flag: '"ports" of mesh.json' };
}

/**
 * Whoever shares its ports with others finds out only here that a stranger shares one too.
 *
 * @throws {Error} when somebody listens on one of them already, with what to do.
 */
export function assertPortsFree(hostname: string, ports: readonly ReportedPort[]): void {
  for (const port of ports) assertFree(placeOf(hostname, port));
}

/** The ports that are open now. */
export class TcpPorts {
  readonly #options: TcpPortsOptions;
  readonly #listeners = new Map<number, PortListener>();
  /** Those that listen no more, and whose connections go on. */
  readonly #former = new Set<PortListener>();
  /** What was told of a port that can't be had, so that it is told once. */
  readonly #told = new Map<number, string>();
  #stopRetrying: (() => void) | undefined;
  #isEnding = false;

  /** Nothing listens yet. */
  constructor(options: TcpPortsOptions) {
    this.#options = options;
  }

  /**
   * Listens on all of them.
   *
   * @throws {Error} when one is taken or can't be had, with what to do; then none is open.
   */
  listen(ports: readonly ReportedPort[]): void {
    try {
      for (const port of ports) this.#open(port);
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  /** Makes these the ports that are open. One that can't be had is told of, and tried again. */
  follow(ports: readonly ReportedPort[]): void {
    if (this.#isEnding) return;
    this.#stopRetrying?.();
    const wanted = new Map(ports.map((one) => [one.port, one]));
    for (const [port, listener] of this.#listeners) {
      const { service, connectionsMax } = wanted.get(port) ?? {};
      if (listener.service === service && listener.connectionsMax === connectionsMax) continue;
      this.#listeners.delete(port);
      this.#retire(listener);
    }
    let isMissing = false;
    for (const port of ports) isMissing = !this.#tryOpen(port) || isMissing;
    if (isMissing) this.#stopRetrying = after(RETRY_MS, () => this.follow(ports));
  }

  /** Accepts nothing new; resolves when every connection has ended, which takes a moment. */
  async drain(): Promise<void> {
    this.#end();
    const all = [...this.#listeners.values(), ...this.#former];
    await Promise.all(all.map((listener) => listener.drain()));
  }

  /** Ends everything at once. */
  abort(): void {
    this.#end();
    for (const listener of [...this.#listeners.values(), ...this.#former]) listener.abort();
  }

  #end(): void {
    this.#isEnding = true;
    this.#stopRetrying?.();
  }

  #retire(listener: PortListener): void {
    this.#former.add(listener);
    void listener.retire().then(() => this.#former.delete(listener));
  }

  #tryOpen(port: ReportedPort): boolean {
    try {
      this.#open(port);
      this.#told.delete(port.port);
      return true;
    } catch (error) {
      const reason = reasonOf(error);
      if (this.#told.get(port.port) !== reason) this.#options.warn(reason);
      this.#told.set(port.port, reason);
      return false;
    }
  }

  #open(port: ReportedPort): void {
    const { hostname, isShared, exchange, warn } = this.#options;
    if (this.#listeners.has(port.port)) return;
    try {
      const shared = isShared ? { reusePort: true } : {};
      const listener = Deno.listen({ hostname, port: port.port, ...shared });
      this.#listeners.set(port.port, new PortListener(listener, { ...port, exchange, warn }));
    } catch (error) {
      throw new Error(cannotListen(placeOf(hostname, port), error), { cause: error });
    }
  }
}
