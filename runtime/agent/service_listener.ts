/**
 * Where an agent accepts the services of its host.
 *
 * @module
 */

import type { AcceptLink } from "../../transports/link.ts";
import { SERVICE_LINE_BYTES_MAX } from "../../transports/lines.ts";
import { listenTcp, type TcpListener } from "../../transports/tcp.ts";
import type { AgentData } from "./records/agent_data.ts";

/** Services of its host reach the agent here, wherever they themselves can be reached. */
export const LOOPBACK = "127.0.0.1";

/**
 * Ports for an agent that is to be found again. They are below those that the system gives to who
 * dials: while the agent is away nobody can get its port by accident.
 */
const PORTS = { first: 19_000, count: 1_000 } as const;

/** How many ports are tried. */
const TRIES_MAX = 50;

/**
 * Listens for services: where the agent before did, if there was one.
 *
 * @param data The data folder of the agent; undefined: any port will do.
 * @param accept Takes each link.
 * @throws {Error} when the port of the agent before is taken, or no port can be had.
 */
export function listenForServices(data: AgentData | undefined, accept: AcceptLink): TcpListener {
  if (data === undefined) return listen(0, accept);
  if (data.port !== undefined) return listenAgain(data.port, data.folder, accept);
  for (let tries = 1;; tries += 1) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    try {
      const listener = listen(port, accept);
      data.keepPort(port);
      return listener;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || tries === TRIES_MAX) throw error;
    }
  }
}

function listenAgain(port: number, folder: string, accept: AcceptLink): TcpListener {
  try {
    return listen(port, accept);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    const reason = `Cannot listen for services on "${LOOPBACK}:${port}", where the agent of the ` +
      `data folder "${folder}" did: another program listens there, perhaps that agent still runs`;
    throw new Error(reason, { cause: error });
  }
}

function listen(port: number, accept: AcceptLink): TcpListener {
  return listenTcp({ hostname: LOOPBACK, port, lineBytesMax: SERVICE_LINE_BYTES_MAX }, accept);
}
