/**
 * The gateway in a Web Worker: what the entry can ask of it.
 *
 * @module
 */

import type { LinkID } from "../../roles/step.ts";
import { linkMessagePort } from "../../transports/message_port.ts";
import type { Route } from "../config/mesh_config.ts";
import { addressRanges } from "../gateway/address_ranges.ts";
import { createGatewayApp } from "../gateway/gateway_app.ts";
import { GatewayHost } from "../gateway/gateway_host.ts";
import { WebSockets } from "../gateway/web_sockets.ts";
import { CLOSE } from "../web_sockets/messages.ts";
import { type HttpServer, listenHttp } from "../listen_http.ts";

/** How a gateway worker is started. */
export interface GatewayWorkerOptions {
  /** The address to listen on. */
  readonly hostname: string;
  /** The port to listen on; 0 for a free one. */
  readonly port: number;
  /** What is reachable from outside. */
  readonly routes: readonly Route[];
  /** The secret with which the operator may call any service. */
  readonly token: string;
  /** Addresses and ranges of proxies whose `forwarded` and `x-forwarded-*` is believed. */
  readonly trustForwarded?: readonly string[] | undefined;
}

/** What the entry can ask of the gateway worker. */
export interface GatewayWorker {
  /** Listens for users; returns the port. */
  start(options: GatewayWorkerOptions, warn: (text: string) => void): number;
  /** Takes the agent's end of a channel; it replaces the one before. */
  linkAgent(port: MessagePort): void;
  /** Accepts nothing new; resolves when every request in flight has been answered. */
  drain(): Promise<void>;
  /** Ends everything at once. */
  stop(): void;
}

/** The gateway of this worker. */
export function createGatewayWorker(): GatewayWorker {
  let host: GatewayHost | undefined;
  let server: HttpServer | undefined;
  let agentLink: LinkID | undefined;
  const webSockets = new WebSockets();
  return {
    start({ hostname, port, routes, token, trustForwarded }, warn) {
      const gateway = new GatewayHost({ warn });
      const app = createGatewayApp({
        routes: () => routes,
        token,
        exchange: gateway.exchange,
        webSockets,
        ...(trustForwarded === undefined ? {} : { trusted: addressRanges(trustForwarded) }),
      });
      server = listenHttp({ hostname, port, what: "the gateway", flag: "--port" }, app);
      host = gateway;
      return server.port;
    },
    linkAgent(port) {
      if (host === undefined) throw new Error("Cannot link the gateway: it was not started");
      if (agentLink !== undefined) host.abortLink(agentLink, "its other end is gone");
      agentLink = host.openAgentLink((events) => linkMessagePort(port, { name: "agent" }, events));
    },
    async drain() {
      // They would not end by themselves.
      const closed = webSockets.close({ code: CLOSE.goingAway, reason: "the mesh is stopping" });
      await Promise.all([closed, server?.drain()]);
    },
    stop() {
      host?.stop("the mesh is stopping");
    },
  };
}
