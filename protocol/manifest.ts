/**
 * What an agent announces about a service that it can start: its edges and its times.
 *
 * @module
 */

import { LIMITS } from "./limits.ts";
import type { RouteLimits } from "./route_limits.ts";

/**
 * What the manager must know of a service to decide about it. How to start it stays at the agent.
 */
export interface ServiceManifest {
  /** Services that it may connect to: its edges in the abstract graph. `"*"` allows every edge. */
  readonly plugs: readonly string[] | "*";
  /** A connection to it is closed after this long without use. Milliseconds. */
  readonly connectionIdleMs: number;
  /** An instance is shut down after this long with no connection and no data. Milliseconds. */
  readonly serviceIdleMs: number;
  /** An instance that has not confirmed its start within this is a failed start. Milliseconds. */
  readonly startTimeoutMs: number;
  /** Time between the soft and the hard shutdown of an instance. Milliseconds. */
  readonly graceMs: number;
  /** The ways in from outside that lead to it. @default {[]} */
  readonly routes?: readonly ServiceRoute[];
  /** The ports of gateways that lead to it over TCP, byte by byte. @default {[]} */
  readonly ports?: readonly ServicePort[];
  /**
   * Which of the hosts that may start it is chosen: the one with the most room, or the fullest.
   *
   * @default {"spread"}
   */
  readonly placement?: "spread" | "pack";
  /** Labels that a host must have to start it. @default {{}} */
  readonly labels?: Readonly<Record<string, string>>;
  /** Most requests in flight on one connection to it. @default {no bound} */
  readonly concurrency?: number;
  /** How many instances there are. @default {INSTANCES_DEFAULTS} */
  readonly instances?: InstanceBounds;
  /** Those of its plugs that are started ahead of need when an instance starts. @default {[]} */
  readonly eager?: readonly string[];
  /** An instance that holds more memory than this is replaced. Bytes. @default {no bound} */
  readonly memoryBytes?: number;
  /**
   * How it is found out that an instance hangs; it promises that every instance answers. Default:
   * {@linkcode HEALTH_DEFAULTS}, and silence counts only after a first answer.
   */
  readonly health?: HealthCheck;
}

/** How many instances of a service there are at a time, apart from one that replaces another. */
export interface InstanceBounds {
  /** So many run even when nobody asks for them. */
  readonly min: number;
  /** No more are started. */
  readonly max: number;
}

/** How an instance is asked whether it is well. */
export interface HealthCheck {
  /** A path of the service itself that must answer 2xx or 3xx; default: to run is to be well. */
  readonly path?: string;
  /** Time between two questions. Milliseconds. */
  readonly intervalMs: number;
  /** How long an answer may take. Milliseconds. */
  readonly timeoutMs: number;
  /** So many questions in a row without a good answer, and it is replaced. */
  readonly failures: number;
}

/** A way in from outside that leads to a service. */
export interface ServiceRoute {
  /** The host that a request must name, in lower case; absent for any. */
  readonly host?: string;
  /** The start of the path: `"/"`, or segments without a slash at the end. */
  readonly path: string;
  /** Whether the service sees the whole path; else what comes after the prefix. */
  readonly keepPrefix: boolean;
  /** What holds for the requests that come in by it. @default {{}} */
  readonly limits?: RouteLimits;
}

/** A port of every gateway that leads to a service over TCP. */
export interface ServicePort {
  /** The port, 1 to 65535. */
  readonly port: number;
  /** Most connections by it at a time, at each gateway. @default {what the gateway says} */
  readonly connectionsMax?: number;
}

/** The defaults of the first implementations where they had one (idle), and ours. */
export const MANIFEST_DEFAULTS: ServiceManifest = {
  plugs: [],
  connectionIdleMs: 30_000,
  serviceIdleMs: 60_000,
  startTimeoutMs: 10_000,
  graceMs: 5_000,
};

/** The manifest of a service among those of a repository; undefined when it has none there. */
export function manifestIn(
  manifests: Readonly<Record<string, ServiceManifest>>,
  service: string,
): ServiceManifest | undefined {
  // "constructor" is a name of a service too, and every object inherits something of that name.
  return Object.hasOwn(manifests, service) ? manifests[service] : undefined;
}

/** One instance at most, since a service may keep its state in memory; none when nobody asks. */
export const INSTANCES_DEFAULTS: InstanceBounds = { min: 0, max: 1 };

/** A process that only is busy must not count as dead, so the times are long. */
export const HEALTH_DEFAULTS: HealthCheck = { intervalMs: 10_000, timeoutMs: 5_000, failures: 2 };

/** Requests in flight on one connection to a service that may have several instances. */
export const CONCURRENCY_DEFAULT = 100;

/** Most requests in flight on one connection to a service; undefined: no bound. */
export function concurrencyOf(manifest: ServiceManifest | undefined): number | undefined {
  const { concurrency, instances = INSTANCES_DEFAULTS } = manifest ?? {};
  // Without a bound nobody would ever ask for the second instance.
  return concurrency ?? (instances.max > 1 ? CONCURRENCY_DEFAULT : undefined);
}

const NAME = /^[a-z][a-z0-9-]*$/;

/** Whether a text can name a service or an agent: lower-case letters, digits and dashes. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= LIMITS.nameCharacters && NAME.test(value);
}
