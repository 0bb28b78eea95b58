/**
 * A gateway with its HTTP server: the same in a worker and in a process of its own.
 *
 * @module
 */

import type { ReportedPort, ReportedRoute } from "../../protocol/announcements.ts";
import { GATEWAY_PLACE, listenHttp, type ListenHttpOptions } from "../listen_http.ts";
import { TcpPorts } from "../tcp/ports.ts";
import { CLOSE } from "../web_sockets/messages.ts";
import { addressRanges } from "./address_ranges.ts";
import { WaitingPages } from "./cold/waiting_pages.ts";
import { createGatewayApp, type GatewayAppOptions } from "./gateway_app.ts";
import { GatewayHost } from "./gateway_host.ts";
import { WebSockets } from "./web_sockets.ts";

/** How a gateway is served. */
export interface ServedGatewayOptions
  extends Pick<ListenHttpOptions, "hostname" | "port" | "isShared"> {
  /** What is reachable from outside now, or soon, if that is known. */
  readonly routes: GatewayAppOptions["routes"];
  /** The ports that lead to services over TCP; undefined: those that the manager tells. */
  readonly ports: readonly ReportedPort[] | undefined;
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
  /** Makes these the ports that lead to services over TCP. */
  follow(ports: readonly ReportedPort[]): void;
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
  const { hostname, port, isShared = false, routes, ports, token, told, warn } = options;
  const { trustForwarded = [], waitingMax: waitingAllMax } = options;
  const { ending = "the mesh is stopping" } = options;
  const host = new GatewayHost({
    warn,
    routes: (routes, reported) => {
      told?.(routes);
      if (ports === undefined) tcp.follow(reported);
    },
    ...(waitingAllMax === undefined ? {} : { source: { waitingAllMax } }),
  });
  const tcp = new TcpPorts({ hostname, isShared, exchange: host.send, warn });
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
  tcp.listen(ports ?? []);
  const server = listenBeside(tcp, () => {
    return listenHttp({ hostname, port, isShared, warn, ...GATEWAY_PLACE }, app);
  });
  return {
    host,
    port: server.port,
    follow: (now) => tcp.follow(now),
    async drain() {
      waitingPages.close();
      // They would not end by themselves.
      const closed = webSockets.close({ code: CLOSE.goingAway, reason: ending });
      await Promise.all([closed, tcp.drain(), server.drain()]);
    },
    stop: () => {
      tcp.abort();
      host.stop(ending);
    },
  };
}

/** Without its HTTP server a gateway has no open port either. */
function listenBeside<Server>(tcp: TcpPorts, listen: () => Server): Server {
  try {
    return listen();
  } catch (error) {
    tcp.abort();
    throw error;
  }
}
