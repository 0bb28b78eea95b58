/**
 * What a mesh that runs consists of becomes something else, without a request that fails for it.
 *
 * @module
 */

import { resolve } from "node:path";
import {
  closedTo,
  type MeshConfig,
  type ServiceConfig,
  withoutLabels,
} from "../config/mesh_config.ts";
import type { AgentWorker } from "./agent_worker.ts";
import type { GatewayWorker } from "./gateway_worker.ts";
import { type WorkerCall, WorkerGoneError } from "./worker_call.ts";

/** A change, and who must know of it. */
export interface MeshChange {
  /** What there was before. */
  readonly before: MeshConfig;
  /** What there is now. */
  readonly now: MeshConfig;
  /** Services whose instances are replaced. */
  readonly edited: readonly string[];
  /** The agent, if it runs. */
  readonly agent: WorkerCall<AgentWorker> | undefined;
  /** The gateways, as far as they run. */
  readonly gateways: readonly (WorkerCall<GatewayWorker> | undefined)[];
  /** The data folder, or `none`. */
  readonly data: string;
}

/** The services of a mesh as its one agent gets them. */
export function preparedServices(
  { services, file }: MeshConfig,
  data: string,
): ReadonlyMap<string, ServiceConfig> {
  const paths = data === "none" ? [] : [resolve(data)];
  const mesh = { services: withoutLabels(services), ...(file === undefined ? {} : { file }) };
  return closedTo(mesh, { paths, net: [] });
}

/**
 * Tells a change to the workers. What a way in leads to is there before the way, and goes after it.
 */
export async function applyChange(change: MeshChange): Promise<void> {
  const { before, now, edited, agent, gateways, data } = change;
  const prepared = (services: MeshConfig["services"]) =>
    preparedServices({ ...now, services }, data);
  const all = new Map([...before.services, ...now.services]);
  await whileItRuns(() => agent?.call("update", [prepared(all), edited]));
  await Promise.all(
    gateways.map((gateway) =>
      whileItRuns(() => gateway?.call("update", [now.routes, now.ports ?? []]))
    ),
  );
  if (all.size === now.services.size) return;
  await whileItRuns(() => agent?.call("update", [prepared(now.services), []]));
}

/** Calls a worker; one that dies meanwhile is started again with what there is then. */
export async function whileItRuns(call: () => Promise<void> | undefined): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof WorkerGoneError)) throw error;
  }
}
