/**
 * The gateway in a Web Worker: what the entry can ask of it.
 *
 * @module
 */

import type { LinkID } from "../../roles/step.ts";
import { linkMessagePort } from "../../transports/message_port.ts";
import type { ReportedPort } from "../../protocol/announcements.ts";
import type { Route } from "../config/mesh_config.ts";
import { type ServedGateway, serveGateway } from "../gateway/served_gateway.ts";

/** How a gateway worker is started. */
export interface GatewayWorkerOptions {
  /** The address to listen on. */
  readonly hostname: string;
  /** The port to listen on; 0 for a free one. */
  readonly port: number;
  /** What is reachable from outside. */
  readonly routes: readonly Route[];
  /** The ports that lead to services over TCP. */
  readonly ports: readonly ReportedPort[];
  /** The secret with which the operator may call any service. */
  readonly token: string;
  /** Whether other workers listen there too. @default {false} */
  readonly isShared?: boolean;
  /** Most requests that wait for connections. */
  readonly waitingMax?: number | undefined;
  /** Addresses and ranges of proxies whose `forwarded` and `x-forwarded-*` is believed. */
  readonly trustForwarded?: readonly string[] | undefined;
}

/** What the entry can ask of the gateway worker. */
export interface GatewayWorker {
  /** Listens for users; returns the port. */
  start(options: GatewayWorkerOptions, warn: (text: string) => void): number;
  /** What is reachable from outside is something else from now on. */
  update(routes: readonly Route[], ports: readonly ReportedPort[]): void;
  /** Takes the agent's end of a channel; it replaces the one before. */
  linkAgent(port: MessagePort): void;
  /** Accepts nothing new; resolves when every request in flight has been answered. */
  drain(): Promise<void>;
  /** Ends everything at once. */
  stop(): void;
}

/** The gateway of this worker. */
export function createGatewayWorker(): GatewayWorker {
  let served: ServedGateway | undefined;
  let agentLink: LinkID | undefined;
  let routes: readonly Route[] = [];
  return {
    start({ routes: first, ...options }, warn) {
      routes = first;
      served = serveGateway({ ...options, routes: () => routes, warn });
      return served.port;
    },
    update(now, ports) {
      routes = now;
      served?.follow(ports);
    },
    linkAgent(port) {
      if (served === undefined) throw new Error("Cannot link the gateway: it was not started");
      const { host } = served;
      if (agentLink !== undefined) host.abortLink(agentLink, "its other end is gone");
      agentLink = host.openAgentLink((events) => linkMessagePort(port, { name: "agent" }, events));
    },
    drain: () => served?.drain() ?? Promise.resolve(),
    stop: () => served?.stop(),
  };
}
