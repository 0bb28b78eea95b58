/**
 * The agent in a Web Worker: what the entry can ask of it.
 *
 * @module
 */

import type { LinkID } from "../../roles/step.ts";
import { linkMessagePort } from "../../transports/message_port.ts";
import { AgentHost, type OutputLine } from "../agent/agent_host.ts";
import type { ServiceConfig } from "../config/mesh_config.ts";
import { endMaking } from "../launcher/prepared/deno_run.ts";
import { prepareStarts } from "../launcher/program.ts";
import { Batches } from "./batches.ts";

/** How an agent worker is started. */
export interface AgentWorkerOptions {
  /** Its name. */
  readonly name: string;
  /** The services that it can start. */
  readonly services: ReadonlyMap<string, ServiceConfig>;
  /** What the secrets of its instances follow from. */
  readonly secret: Uint8Array;
}

/** A role that the agent has a link to; gateways are numbered from 0. */
export type AgentPeer = "manager" | number;

/** What the entry can ask of the agent worker. */
export interface AgentWorker {
  /** Listens for services; tells of each link that ended and was not replaced. */
  start(
    options: AgentWorkerOptions,
    output: (lines: readonly OutputLine[]) => void,
    warn: (text: string) => void,
    unlinked: (peer: AgentPeer) => void,
  ): void;
  /** It can start other services from now on; instances of `edited` are replaced. */
  update(services: ReadonlyMap<string, ServiceConfig>, edited: readonly string[]): void;
  /** Takes the manager's end of a channel; it replaces the one before. */
  linkManager(port: MessagePort): void;
  /** Takes the end of a channel of one of the gateways; it replaces the one before. */
  linkGateway(port: MessagePort, index: number): void;
  /** Kills every process; resolves when all are gone. */
  killAll(): Promise<void>;
  /** Closes its links. */
  stop(): void;
}

/** The agent of this worker. */
export function createAgentWorker(): AgentWorker {
  let host: AgentHost | undefined;
  const links = new Map<AgentPeer, LinkID>();
  const running = (): AgentHost => {
    if (host === undefined) throw new Error("Cannot use the agent: it was not started");
    return host;
  };
  const replace = (peer: AgentPeer, open: () => LinkID): void => {
    const before = links.get(peer);
    if (before !== undefined) running().abortLink(before, "its other end is gone");
    links.set(peer, open());
  };
  return {
    start(options, output, warn, tellUnlinked) {
      const { name, services, secret } = options;
      const unlinked = (ended: LinkID) => {
        for (const [peer, link] of links) {
          if (link === ended && links.delete(peer)) tellUnlinked(peer);
        }
      };
      const batches = new Batches({
        take: output,
        left: (count) => warn(`${count} lines of output are not shown: too many at once`),
      });
      host = new AgentHost({
        name,
        network: "127.0.0.1",
        services,
        secret,
        output: (line) => batches.add([line]),
        warn,
        unlinked,
      });
      void prepareStarts();
    },
    update: (services, edited) => running().update({ services, versions: new Map() }, edited),
    linkManager(port) {
      replace(
        "manager",
        () =>
          running().openManagerLink((events) => linkMessagePort(port, { name: "manager" }, events)),
      );
    },
    linkGateway(port, index) {
      replace(
        index,
        () =>
          running().openTrustedLink((events) => linkMessagePort(port, { name: "gateway" }, events)),
      );
    },
    killAll: async () => {
      endMaking();
      await running().killAll();
    },
    stop: () => {
      endMaking();
      return running().stop();
    },
  };
}
