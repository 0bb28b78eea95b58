/**
 * The kinds of values that say what an agent has: what it can start, what runs there, and what its
 * host is like.
 *
 * @module
 */

import {
  concurrency,
  count,
  durationMs,
  isPlugs,
  isRecord,
  type Kind,
  list,
  path,
  plug,
  type PlugConfiguration,
  plugConfiguration,
  port,
  serviceID,
  token,
} from "./fields.ts";
import { LIMITS } from "./limits.ts";
import {
  type HealthCheck,
  type InstanceBounds,
  isName,
  type ServiceManifest,
  type ServicePort,
  type ServiceRoute,
} from "./manifest.ts";
import { isRouteLimits } from "./route_limits.ts";

function isShortText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= LIMITS.labelCharacters;
}

/** Labels of a host, or those that a service asks for: by name, a value. */
export const labels: Kind<Readonly<Record<string, string>>> = {
  name: "labels",
  accepts: (value): value is Readonly<Record<string, string>> => {
    if (!isRecord(value)) return false;
    const entries = Object.entries(value);
    return entries.length <= LIMITS.labelEntries &&
      entries.every(([key, one]) => isShortText(key) && isShortText(one));
  },
};

function isOptional<Value>(value: unknown, accepts: (value: unknown) => value is Value): boolean {
  return value === undefined || accepts(value);
}

function isServiceRoute(value: unknown): value is ServiceRoute {
  return isRecord(value) && path.accepts(value.path) && typeof value.keepPrefix === "boolean" &&
    isOptional(value.limits, isRouteLimits) &&
    (value.host === undefined ||
      (typeof value.host === "string" && value.host.length <= LIMITS.networkCharacters));
}

function isServiceRoutes(value: unknown): value is readonly ServiceRoute[] {
  return Array.isArray(value) && value.length <= LIMITS.serviceRoutes &&
    value.every(isServiceRoute);
}

function isServicePort(value: unknown): value is ServicePort {
  return isRecord(value) && port.accepts(value.port) && value.port > 0 &&
    isOptional(value.connectionsMax, isConnectionsMax);
}

function isConnectionsMax(value: unknown): value is number {
  return count.accepts(value) && value >= 1 && value <= LIMITS.portConnections;
}

function isServicePorts(value: unknown): value is readonly ServicePort[] {
  return Array.isArray(value) && value.length <= LIMITS.servicePorts && value.every(isServicePort);
}

function isPlacement(value: unknown): value is "spread" | "pack" {
  return value === "spread" || value === "pack";
}

function isInstanceBounds(value: unknown): value is InstanceBounds {
  return isRecord(value) && count.accepts(value.min) && count.accepts(value.max) &&
    value.max >= 1 && value.min <= value.max && value.max <= LIMITS.instances;
}

function isHealthCheck(value: unknown): value is HealthCheck {
  return isRecord(value) && durationMs.accepts(value.intervalMs) && value.intervalMs > 0 &&
    durationMs.accepts(value.timeoutMs) && value.timeoutMs > 0 &&
    count.accepts(value.failures) && value.failures >= 1 &&
    value.failures <= LIMITS.healthFailures && isOptional(value.path, path.accepts);
}

function isNames(value: unknown): value is readonly string[] {
  return value !== "*" && isPlugs(value);
}

function isManifest(value: unknown): value is ServiceManifest {
  return isRecord(value) && isPlugs(value.plugs) && durationMs.accepts(value.connectionIdleMs) &&
    durationMs.accepts(value.serviceIdleMs) && durationMs.accepts(value.startTimeoutMs) &&
    durationMs.accepts(value.graceMs) && isOptional(value.routes, isServiceRoutes) &&
    isOptional(value.ports, isServicePorts) &&
    isOptional(value.placement, isPlacement) &&
    isOptional(value.labels, (one) => labels.accepts(one)) &&
    isOptional(value.concurrency, (one) => concurrency.accepts(one)) &&
    isOptional(value.instances, isInstanceBounds) && isOptional(value.eager, isNames) &&
    isOptional(value.memoryBytes, (one) => count.accepts(one)) &&
    isOptional(value.health, isHealthCheck);
}

/** The manifests of a repository, by the name of the service. */
export const manifests: Kind<Readonly<Record<string, ServiceManifest>>> = {
  name: "manifests by name",
  accepts: (value): value is Readonly<Record<string, ServiceManifest>> => {
    if (!isRecord(value)) return false;
    const entries = Object.entries(value);
    return entries.length <= LIMITS.repositoryEntries &&
      entries.every(([key, manifest]) => isName(key) && isManifest(manifest));
  },
};

/** An instance as its agent reports it when the agent registers again. */
export interface ReportedInstance {
  /** Its number. */
  readonly serviceID: number;
  /** Its service. */
  readonly typeOfService: string;
  /** Its ends. */
  readonly plugConfiguration: PlugConfiguration;
  /** Whether the agent launched it, or it runs from the start. */
  readonly launched: boolean;
  /** Whether it has confirmed its start. */
  readonly started: boolean;
  /** The key with which it checks tickets; see `connectionResponse`. */
  readonly ticketKey?: string;
}

/** The instances that an agent has. */
export const reportedInstances: Kind<readonly ReportedInstance[]> = list<ReportedInstance>(
  "list of instances",
  {
    name: "instance",
    accepts: (value): value is ReportedInstance =>
      isRecord(value) && serviceID.accepts(value.serviceID) && isName(value.typeOfService) &&
      plugConfiguration.accepts(value.plugConfiguration) && typeof value.started === "boolean" &&
      typeof value.launched === "boolean" &&
      (value.ticketKey === undefined || token.accepts(value.ticketKey)),
  },
  LIMITS.reportedInstances,
);

/** What an instance uses of its host, with everything that it started itself. */
export interface ReportedUsage {
  /** The instance. */
  readonly serviceID: number;
  /** The memory that its processes hold, shared pages counted in each. Bytes. */
  readonly memoryBytes: number;
  /** The time of a processor that it has used since its start. Milliseconds. */
  readonly cpuMs: number;
  /** The share of one processor that it used lately, in thousandths. */
  readonly cpuPermille: number;
}

/** What instances use of a host. */
export const reportedUsages: Kind<readonly ReportedUsage[]> = list<ReportedUsage>(
  "list of usages",
  {
    name: "usage",
    accepts: (value): value is ReportedUsage =>
      isRecord(value) && serviceID.accepts(value.serviceID) && count.accepts(value.memoryBytes) &&
      count.accepts(value.cpuMs) && count.accepts(value.cpuPermille),
  },
  LIMITS.reportedInstances,
);

/** A connection as the agent of its source reports it. */
export interface ReportedConnection {
  /** The instance that dialled. */
  readonly serviceID: number;
  /** Its out-plug. */
  readonly sourcePlug: number;
  /** The instance that accepted. */
  readonly destServiceID: number;
  /** Its in-plug. */
  readonly destPlug: number;
}

/** The connections whose source is at an agent. */
export const reportedConnections: Kind<readonly ReportedConnection[]> = list<ReportedConnection>(
  "list of connections",
  {
    name: "connection",
    accepts: (value): value is ReportedConnection =>
      isRecord(value) && serviceID.accepts(value.serviceID) && plug.accepts(value.sourcePlug) &&
      serviceID.accepts(value.destServiceID) && plug.accepts(value.destPlug),
  },
  LIMITS.reportedConnections,
);

/** A way in from outside, as a gateway is told of it. */
export interface ReportedRoute extends ServiceRoute {
  /** The service that answers. */
  readonly service: string;
}

/** Everything that is reachable from outside. */
export const routes: Kind<readonly ReportedRoute[]> = list<ReportedRoute>("list of routes", {
  name: "route",
  accepts: (value): value is ReportedRoute =>
    isRecord(value) && isName(value.service) && isServiceRoute(value),
}, LIMITS.routes);

/** A port of every gateway, as a gateway is told of it. */
export interface ReportedPort extends ServicePort {
  /** The service that it leads to. */
  readonly service: string;
}

/** Every port that leads to a service. */
export const ports: Kind<readonly ReportedPort[]> = list<ReportedPort>("list of ports", {
  name: "port of a gateway",
  accepts: (value): value is ReportedPort =>
    isRecord(value) && isName(value.service) && isServicePort(value),
}, LIMITS.ports);
