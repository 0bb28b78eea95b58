/**
 * A gateway with its HTTP server: the same in a worker and in a process of its own.
 *
 * @module
 */

import type { ReportedRoute } from "../../protocol/announcements.ts";
import type { Route } from "../config/mesh_config.ts";
import { GATEWAY_PLACE, listenHttp, type ListenHttpOptions } from "../listen_http.ts";
import { CLOSE } from "../web_sockets/messages.ts";
import { addressRanges } from "./address_ranges.ts";
import { WaitingPages } from "./cold/waiting_pages.ts";
import { createGatewayApp } from "./gateway_app.ts";
import { GatewayHost } from "./gateway_host.ts";
import { WebSockets } from "./web_sockets.ts";

/** How a gateway is served. */
export interface ServedGatewayOptions
  extends Pick<ListenHttpOptions, "hostname" | "port" | "isShared"> {
  /** What is reachable from outside now. */
  readonly routes: () => readonly Route[];
  /** The secret with which the operator may call any service. */
  readonly token: string;
  /** Most requests that wait for connections. @default {20_000} */
  readonly waitingMax?: number | undefined;
  /** Addresses and ranges of proxies whose `forwarded` and `x-forwarded-*` is believed. */
  readonly trustForwarded?: readonly string[] | undefined;
  /** Why it ends, when it does, for users and the history. @default {"the mesh is stopping"} */
  readonly ending?: string;
  /** Takes the ways in from outside, as the manager tells them: all, at each change. */
  readonly told?: (routes: readonly ReportedRoute[]) => void;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
}

/** A gateway that listens for users. */
export interface ServedGateway {
  /** The gateway. */
  readonly host: GatewayHost;
  /** The port that it has. */
  readonly port: number;
  /** Accepts nothing new; resolves when every request in flight has been answered. */
  drain(): Promise<void>;
  /** Ends everything at once. */
  stop(): void;
}

/**
 * Listens for users. Their requests wait until the gateway has a link to its agent.
 *
 * @throws {Error} when the port is taken or the address is not this machine's, with what to do.
 */
export function serveGateway(options: ServedGatewayOptions): ServedGateway {
  const { hostname, port, isShared = false, routes, token, told, warn } = options;
  const { trustForwarded = [], waitingMax: waitingAllMax } = options;
  const { ending = "the mesh is stopping" } = options;
  const host = new GatewayHost({
    warn,
    ...(told === undefined ? {} : { routes: told }),
    ...(waitingAllMax === undefined ? {} : { source: { waitingAllMax } }),
  });
  const webSockets = new WebSockets();
  const waitingPages = new WaitingPages({ services: host.services });
  const app = createGatewayApp({
    routes,
    token,
    exchange: host.exchange,
    webSockets,
    waitingPages,
    ...(trustForwarded.length === 0 ? {} : { trusted: addressRanges(trustForwarded) }),
  });
  const server = listenHttp({ hostname, port, isShared, ...GATEWAY_PLACE }, app);
  return {
    host,
    port: server.port,
    async drain() {
      waitingPages.close();
      // They would not end by themselves.
      const closed = webSockets.close({ code: CLOSE.goingAway, reason: ending });
      await Promise.all([closed, server.drain()]);
    },
    stop: () => host.stop(ending),
  };
}
