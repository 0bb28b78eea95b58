/**
 * The manager in a Web Worker: what the entry can ask of it.
 *
 * @module
 */

import type { Fact } from "../../roles/manager/memory/facts.ts";
import type { LinkID } from "../../roles/step.ts";
import { linkMessagePort } from "../../transports/message_port.ts";
import type { CommandOutcome, ManagerHost } from "../manager/manager_host.ts";
import { serveManager } from "../manager/served_manager.ts";
import { Batches } from "./batches.ts";
import { listenHttp } from "../listen_http.ts";

/** How a manager worker is started. */
export interface ManagerWorkerOptions {
  /** The data folder, or `none` to keep facts in memory. */
  readonly data: string;
  /** The address of the admin API. */
  readonly adminHost: string;
  /** The port of the admin API; 0 for a free one. */
  readonly adminPort: number;
  /** The secret of the operator. */
  readonly token: string;
  /** Where the gateway is reached. */
  readonly gatewayUrl: string;
}

/**
 * Nothing between the workers of one process can break without notice, and the entry notices the
 * death of one: an agent that is busy for some seconds need not be taken for silent.
 */
const LOCAL_TIMES = { healthIntervalMs: 5_000, agentSilentMs: 20_000 } as const;

/** What the entry can ask of the manager worker. */
export interface ManagerWorker {
  /** Opens the store and the admin API; returns its port. */
  start(
    options: ManagerWorkerOptions,
    facts: (facts: readonly Fact[]) => void,
    warn: (text: string) => void,
  ): number;
  /** Takes the agent's end of a channel; it replaces the one before. */
  linkAgent(port: MessagePort): void;
  /** Ends every service; resolves when all have ended. */
  stopMesh(): Promise<CommandOutcome>;
  /** Closes the store and the admin API. */
  stop(): Promise<void>;
}

/** The manager of this worker. */
export function createManagerWorker(): ManagerWorker {
  let host: ManagerHost | undefined;
  let agentLink: LinkID | undefined;
  let close: () => Promise<void> = () => Promise.resolve();
  const running = (): ManagerHost => {
    if (host === undefined) throw new Error("Cannot use the manager: it was not started");
    return host;
  };
  return {
    start(options, facts, warn) {
      const { data, adminHost: hostname, adminPort: port, token, gatewayUrl } = options;
      const served = serveManager({
        data,
        admin: { token },
        gatewayUrl,
        warn,
        manager: LOCAL_TIMES,
      });
      const manager = served.host;
      const batches = new Batches({
        take: facts,
        // A busy mesh records tens of thousands a second: some seconds of them may wait.
        waitingMax: 200_000,
        left: (count) => warn(`${count} facts are not shown, but in the history: too many at once`),
      });
      manager.subscribe((some) => batches.add(some));
      const server = listenHttp(
        { hostname, port, what: "the admin API", flag: "--admin-port", warn },
        served.app,
      );
      host = manager;
      close = async () => {
        served.stop();
        // The entry lets go of this worker with the answer, and of all that is on its way then.
        await batches.flush();
        await server.abort();
        served.close();
      };
      return server.port;
    },
    linkAgent(port) {
      if (agentLink !== undefined) running().abortLink(agentLink, "its other end is gone");
      agentLink = running().openLink((events) => linkMessagePort(port, { name: "agent" }, events));
    },
    stopMesh: () => running().command({ kind: "stopMesh" }),
    stop: () => close(),
  };
}
