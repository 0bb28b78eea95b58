/**
 * From the manager's registry to what the admin API shows of services.
 *
 * @module
 */

import type { ServiceManifest } from "../../../protocol/manifest.ts";
import { lastCrashMs } from "../../../roles/manager/memory/crash_records.ts";
import type { Registry } from "../../../roles/manager/memory/registry.ts";
import { isoTime, listOf, type ListOptions } from "./registry_view.ts";
import type { ListView, ServiceView } from "./view.ts";

/** The services, of which some run and some could. */
export function viewServices(
  registry: Registry,
  { service, limit, nowMs = 0 }: ListOptions & { readonly nowMs?: number } = {},
): ListView<ServiceView> {
  const manifests = new Map<string, ServiceManifest | undefined>();
  for (const { repository, manifests: known } of registry.agents.values()) {
    for (const name of repository) manifests.set(name, manifests.get(name) ?? known[name]);
  }
  for (const name of registry.services.keys()) manifests.set(name, manifests.get(name));
  const agents = agentsByService(registry);
  const connected = connectedByService(registry);
  const view = ([name, manifest]: [string, ServiceManifest | undefined]): ServiceView => ({
    service: name,
    agents: agents.get(name) ?? [],
    plugs: manifest?.plugs ?? plugsOfInstance(registry, name),
    connected: [...connected.get(name) ?? []].map(([dest, connections]) => ({
      service: dest,
      connections,
    })),
    idle: manifest === undefined
      ? null
      : { connectionMs: manifest.connectionIdleMs, serviceMs: manifest.serviceIdleMs },
    instances: countInstances(registry, name),
    ...crashesOf(registry, name, nowMs),
  });
  const isAsked = ([name]: [string, unknown]) => service === undefined || name === service;
  return listOf(manifests, { isAsked, limit, view });
}

/** A service whose pause is over and that is in no crash loop may be started as any other. */
function crashesOf(
  registry: Registry,
  service: string,
  nowMs: number,
): Pick<ServiceView, "restarts" | "lastCrash" | "crash"> {
  const { count = 0, lastMs } = registry.crashCounts.get(service) ?? {};
  const counted = { restarts: count, lastCrash: lastMs === undefined ? null : isoTime(lastMs) };
  const crashed = registry.crashes.get(service);
  if (crashed === undefined) return { ...counted, crash: null };
  const { inRow, isLooping, pauseMs, reason } = crashed;
  const untilMs = lastCrashMs(crashed) + pauseMs;
  if (!isLooping && untilMs <= nowMs) return { ...counted, crash: null };
  return { ...counted, crash: { inRow, isLooping, pausedUntil: isoTime(untilMs), reason } };
}

function agentsByService(registry: Registry): Map<string, string[]> {
  const agents = new Map<string, string[]>();
  for (const { agent, repository } of registry.agents.values()) {
    for (const service of repository) {
      const names = agents.get(service) ?? [];
      names.push(agent);
      agents.set(service, names);
    }
  }
  return agents;
}

function connectedByService(registry: Registry): Map<string, Map<string, number>> {
  const connected = new Map<string, Map<string, number>>();
  for (const { service, destService } of registry.connections.values()) {
    const dests = connected.get(service) ?? new Map<string, number>();
    dests.set(destService, (dests.get(destService) ?? 0) + 1);
    connected.set(service, dests);
  }
  return connected;
}

/** What runs from the start has no manifest: its instances say what they may connect to. */
function plugsOfInstance(registry: Registry, service: string): readonly string[] | "*" {
  const [serviceID] = registry.services.get(service)?.instances ?? [];
  if (serviceID === undefined) return [];
  return registry.instances.get(serviceID)?.plugs.out ?? [];
}

function countInstances(registry: Registry, service: string): ServiceView["instances"] {
  const counts = { starting: 0, running: 0, closing: 0 };
  for (const serviceID of registry.services.get(service)?.instances ?? []) {
    const state = registry.instances.get(serviceID)?.state;
    if (state !== undefined) counts[state] += 1;
  }
  return counts;
}
