/**
 * A manager with its store and its admin API: the same in a worker and in a process of its own.
 *
 * @module
 */

import { PLUG_RANGE } from "../../protocol/limits.ts";
import { type AdminApp, type AdminAppOptions, createAdminApp } from "../admin/admin_app.ts";
import { clockMs } from "../host.ts";
import type { OutputQuestion } from "../output/kept_output.ts";
import { openStore } from "../store/open_store.ts";
import { ManagerHost, type ManagerHostOptions } from "./manager_host.ts";

/** How a manager is served. */
export interface ServedManagerOptions {
  /** The data folder, or `none` to keep facts in memory. */
  readonly data: string;
  /** Who may use the admin API. */
  readonly admin: AdminAppOptions;
  /** Where the gateway is reached, if the mesh has one of its own. */
  readonly gatewayUrl?: string | undefined;
  /** Times and bounds of the role. */
  readonly manager?: ManagerHostOptions["manager"];
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
}

/** A manager that runs, and its admin API, which is ready to be served. */
export interface ServedManager {
  /** The manager. */
  readonly host: ManagerHost;
  /** The admin API. */
  readonly app: AdminApp;
  /** Stops deciding, and closes every link. */
  stop(): void;
  /** Closes the store; nothing more is recorded. */
  close(): void;
}

/**
 * Opens the store, recovers what it tells, and makes the admin API.
 *
 * @throws {Error} when the store can't be opened.
 */
export function serveManager(options: ServedManagerOptions): ServedManager {
  const { data, admin, gatewayUrl, warn } = options;
  const store = openStore(data);
  const host = new ManagerHost({
    store,
    warn,
    manager: { plugFirst: somePlug(), ...options.manager },
  });
  const app = createAdminApp({
    registry: () => host.registry,
    now: () => host.now,
    store,
    refusals: () => host.refusals.list(),
    command: (command) => host.command(command),
    subscribe: (listener) => host.subscribe(listener),
    output: {
      agents: () => host.connectedAgents,
      away: (question) => awayAgents(host, question),
      ask: (agent, asked) => host.askForOutput(agent, asked),
    },
    taps: host.taps,
    ready: () => isReady(host),
    problem: () => host.problem,
    gatewayUrl,
    startedAtMs: clockMs(),
  }, admin);
  return { host, app, stop: () => host.stop(), close: () => store.close() };
}

/** Agents without a link that run, or may have run, what a question about output is about. */
function awayAgents(host: ManagerHost, { service, serviceID }: OutputQuestion): string[] {
  const { agents, instances } = host.registry;
  const connected = new Set(host.connectedAgents);
  const of = serviceID === undefined ? undefined : instances.get(serviceID)?.agent;
  return [...agents.values()].filter(({ agent, repository }) =>
    !connected.has(agent) && (serviceID === undefined || of === agent) &&
    (service === undefined || repository.includes(service))
  ).map(({ agent }) => agent);
}

/** Any plug: another mesh on this machine is likely to have begun elsewhere. */
function somePlug(): number {
  const { first, last } = PLUG_RANGE;
  return first + Math.floor(Math.random() * (last - first + 1));
}

/** Whether an agent and a gateway are there, so that a request would be served. */
function isReady(manager: ManagerHost): boolean {
  const { agents, instances } = manager.registry;
  const hasAgent = [...agents.values()].some((agent) => agent.connected);
  return hasAgent && [...instances.values()].some((instance) => !instance.launched);
}
