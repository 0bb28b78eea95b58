/**
 * What is reachable from outside: the routes of all agents that are known, told to each gateway as
 * it registers and whenever they change. An agent that is away keeps its routes until it is lost,
 * as its services will be started when somebody asks for them.
 *
 * @module
 */

import type { ReportedPort, ReportedRoute } from "../../../../protocol/announcements.ts";
import { LIMITS } from "../../../../protocol/limits.ts";
import { manifestIn } from "../../../../protocol/manifest.ts";
import type { AgentRecord, Instance, Registry } from "../../memory/registry.ts";
import { newMessageID, send, type Turn } from "../../turn.ts";

function keyOf({ host, path }: { host?: string; path: string }): string {
  return `${host ?? ""} ${path}`;
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** A way in that two services want; the first one keeps it. */
export interface RouteConflict {
  /** The way in, as it is written: a route, or a port. */
  readonly route: string;
  /** The service that has it. */
  readonly kept: string;
  /** The service that wants it too. */
  readonly refused: string;
}

/**
 * Joins the routes and ports of all agents. Of two that lead the same way to different services the
 * one of the agent that is known for longer counts; so does the first one of one agent.
 */
export function joinRoutes(
  registry: Registry,
): { routes: ReportedRoute[]; ports: ReportedPort[]; conflicts: RouteConflict[] } {
  const byKey = new Map<string, ReportedRoute>();
  const byPort = new Map<number, ReportedPort>();
  const conflicts: RouteConflict[] = [];
  for (const { repository, manifests } of registry.agents.values()) {
    for (const service of repository) {
      for (const route of manifestIn(manifests, service)?.routes ?? []) {
        const key = keyOf(route);
        const { service: kept } = byKey.get(key) ?? {};
        if (kept === undefined && byKey.size < LIMITS.routes) {
          byKey.set(key, { ...route, service });
        } else if (kept !== undefined && kept !== service) {
          conflicts.push({ route: `${route.host ?? ""}${route.path}`, kept, refused: service });
        }
      }
      for (const port of manifestIn(manifests, service)?.ports ?? []) {
        const { service: kept } = byPort.get(port.port) ?? {};
        if (kept === undefined && byPort.size < LIMITS.ports) {
          byPort.set(port.port, { ...port, service });
        } else if (kept !== undefined && kept !== service) {
          conflicts.push({ route: `port ${port.port}`, kept, refused: service });
        }
      }
    }
  }
  const routes = [...byKey].sort(([one], [other]) => compare(one, other)).map(([, route]) => route);
  const ports = [...byPort.values()].sort((one, other) => one.port - other.port);
  return { routes, ports, conflicts };
}

/** The ways in that an agent wants for one of its services, though they lead to another. */
export function conflictsOf(turn: Turn, { repository }: AgentRecord): RouteConflict[] {
  const own = new Set(repository);
  return joinRoutes(turn.state.registry).conflicts.filter(({ refused }) => own.has(refused));
}

/** An instance that takes requests from outside, and accepts no connection. */
function isGateway(instance: Instance): boolean {
  return !instance.launched && instance.plugs.in === null;
}

/**
 * Tells gateways what is reachable from outside: all of them when it has changed, else those that
 * have just arrived.
 */
export function tellRoutes(turn: Turn): void {
  const { state, arrived } = turn;
  const { routes, ports } = turn.hasNewRoutes ? joinRoutes(state.registry) : state;
  const isChanged = JSON.stringify([routes, ports]) !== JSON.stringify([state.routes, state.ports]);
  state.routes = routes;
  state.ports = ports;
  const told = isChanged ? state.registry.instances.keys() : arrived;
  for (const serviceID of told) {
    const instance = state.registry.instances.get(serviceID);
    const link = state.linkOfAgent.get(instance?.agent ?? "");
    if (instance === undefined || link === undefined || !isGateway(instance)) continue;
    const messageID = newMessageID(turn);
    const open = ports.length === 0 ? {} : { ports };
    send(turn, link, { type: "routesInfo", messageID, serviceID, routes, ...open });
  }
}
