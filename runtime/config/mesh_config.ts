/**
 * What a mesh consists of: its services and how they are reached from outside.
 *
 * @module
 */

import {
  HEALTH_DEFAULTS,
  type HealthCheck,
  type InstanceBounds,
  MANIFEST_DEFAULTS,
  type ServiceManifest,
} from "../../protocol/manifest.ts";
import { isWithin } from "./places.ts";
import { ownPlace } from "./service_files.ts";
import type { ReportedPort } from "../../protocol/announcements.ts";
import type { RouteLimits } from "../../protocol/route_limits.ts";

/** A mesh that was read and checked; every path in it is absolute. */
export interface MeshConfig {
  /** The name for people: the one in the file, else the name of the folder. */
  readonly name: string;
  /** The folder that relative paths start from. */
  readonly folder: string;
  /** The file that configures the mesh; absent for a folder without configuration. */
  readonly file?: string;
  /** The services by name, in the order in which they were written or found. */
  readonly services: ReadonlyMap<string, ServiceConfig>;
  /** What is reachable from outside, in the order in which it was written or found. */
  readonly routes: readonly Route[];
  /** The ports of its gateways that lead to services over TCP. @default {[]} */
  readonly ports?: readonly ReportedPort[];
  /** How its gateway is set up. @default {{}} */
  readonly gateway?: GatewayConfig;
}

/** How a gateway is set up. */
export interface GatewayConfig {
  /** How many workers share its port. @default {1} */
  readonly workers?: number | undefined;
  /** Addresses and ranges of proxies whose `x-forwarded-*` is believed. @default {[]} */
  readonly trustForwarded?: readonly string[] | undefined;
  /** Most requests that wait for connections at one worker. @default {20_000} */
  readonly waiting?: number | undefined;
}

/** One service of a mesh. */
export interface ServiceConfig {
  /** Its name, which is unique in the mesh. */
  readonly name: string;
  /**
   * The file whose default export is the service; for a program, the file that configures it. Its
   * folder is the working folder.
   */
  readonly entry: string;
  /** The services that it may reach, or `"*"` for all. */
  readonly plugs: readonly string[] | "*";
  /** How long what is unused stays. */
  readonly idle: ServiceIdle;
  /** How long a start may take, in milliseconds. */
  readonly startTimeoutMs: number;
  /** How long a soft shutdown may take before the hard one, in milliseconds. */
  readonly graceMs: number;
  /** What it may do besides what every service may. */
  readonly permissions: ServicePermissions;
  /** Most requests in flight on one connection to it; absent for no bound. */
  readonly concurrency?: number;
  /** Which of the hosts that may start it is chosen: the one with the most room, or the fullest. */
  readonly placement?: "spread" | "pack";
  /** Labels that a host must have to start it. */
  readonly labels?: Readonly<Record<string, string>>;
  /** How many instances there are; absent for one at most. */
  readonly instances?: InstanceBounds;
  /** How many spare processes its agent keeps for it. @default {0} */
  readonly warm?: number;
  /** Those of its plugs that are started ahead of need. @default {[]} */
  readonly eager?: readonly string[];
  /** An instance that holds more memory is replaced; absent for no bound. Bytes. */
  readonly memoryBytes?: number;
  /** When an instance counts as hanging; absent for the defaults. */
  readonly health?: HealthCheck;
  /** Set when it runs in a worker of its agent. @default {a process of its own} */
  readonly runtime?: "worker";
  /** Set when it is a program of any language, and not a module. */
  readonly program?: ProgramConfig;
  /** Files with the values of variables that are set in its environment. @default {{}} */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Variables that are set in its environment; it may read them without a permission. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * What it may not use, whatever its permissions are: the host that runs it says so, no file.
   *
   * @default {nothing}
   */
  readonly closed?: ClosedPlaces;
}

/** A service that is a program of any language. */
export interface ProgramConfig {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** What it speaks. */
  readonly protocol: "http" | "tcp" | "smmp";
  /** The path that answers 2xx when it can take requests; absent: its port accepts. */
  readonly ready?: string;
}

/** What belongs to the mesh alone on a host that runs services. */
export interface ClosedPlaces {
  /** Absolute paths of files and folders with secrets. */
  readonly paths: readonly string[];
  /** Absolute paths of files that are closed to who may not read them. @default {[]} */
  readonly unasked?: readonly string[];
  /** Where roles listen, each `HOST:PORT`. */
  readonly net: readonly string[];
  /** Whether only who has a certificate is let in there, which no service has. @default {false} */
  readonly isProved?: boolean;
}

/** How long what is unused stays before it is closed. */
export interface ServiceIdle {
  /** A connection to the service, in milliseconds. */
  readonly connectionMs: number;
  /** An instance without connection and data, in milliseconds. */
  readonly serviceMs: number;
}

/**
 * What a service declares to need, one list for each permission of Deno. Empty lists grant
 * nothing; no entry contains a comma, so that a list can become one flag.
 */
export interface ServicePermissions {
  /** Absolute paths of files and folders that it may read, besides its own. */
  readonly read: readonly string[];
  /** Absolute paths of files and folders that it may write. */
  readonly write: readonly string[];
  /** Hosts, each with a port or without, that it may use, besides the loopback. */
  readonly net: readonly string[];
  /** Variables that it may read, besides those of `env`. */
  readonly env: readonly string[];
  /** Programs that it may run: absolute paths, and names without a slash. */
  readonly run: readonly string[];
  /** System information that it may ask for, such as `hostname`. */
  readonly sys: readonly string[];
  /** Absolute paths of libraries that it may load. */
  readonly ffi: readonly string[];
  /** Hosts that it may import code from; absent leaves Deno's own default. */
  readonly import?: readonly string[];
}

/** One way in from outside. */
export interface Route {
  /** The host that a request must name, in lower case; absent for any. */
  readonly host?: string;
  /** The start of the path: `"/"`, or segments without a slash at the end. */
  readonly path: string;
  /** The service that answers. */
  readonly service: string;
  /** Whether the service sees the whole path; else what comes after the prefix. */
  readonly keepPrefix: boolean;
  /** What holds for its requests; absent when nothing is said. */
  readonly limits?: RouteLimits;
}

/** What a service gets that says nothing else. */
export const SERVICE_DEFAULTS = {
  idle: {
    connectionMs: MANIFEST_DEFAULTS.connectionIdleMs,
    serviceMs: MANIFEST_DEFAULTS.serviceIdleMs,
  },
  startTimeoutMs: MANIFEST_DEFAULTS.startTimeoutMs,
  graceMs: MANIFEST_DEFAULTS.graceMs,
  permissions: { read: [], write: [], net: [], env: [], run: [], sys: [], ffi: [] },
  env: {},
} as const satisfies Partial<ServiceConfig>;

/**
 * Takes from a service what its agent announces to the manager.
 *
 * @param service The service.
 * @returns Its edges and its times, and where it may run.
 */
export function manifestOf(service: ServiceConfig): ServiceManifest {
  return {
    plugs: service.plugs,
    connectionIdleMs: service.idle.connectionMs,
    serviceIdleMs: service.idle.serviceMs,
    startTimeoutMs: service.startTimeoutMs,
    graceMs: service.graceMs,
    ...(service.concurrency === undefined ? {} : { concurrency: service.concurrency }),
    ...(service.instances === undefined ? {} : { instances: service.instances }),
    ...(service.eager === undefined ? {} : { eager: service.eager }),
    ...(service.memoryBytes === undefined ? {} : { memoryBytes: service.memoryBytes }),
    ...healthIn(service),
    ...(service.placement === undefined ? {} : { placement: service.placement }),
    ...(service.labels === undefined ? {} : { labels: service.labels }),
  };
}

/** To announce it is to promise an answer, which a program with a protocol of its own need not. */
function healthIn({ health, program }: ServiceConfig): Pick<ServiceManifest, "health"> {
  if (health === undefined && program?.protocol === "smmp") return {};
  return { health: health ?? HEALTH_DEFAULTS };
}

/** Most files of a mesh that are closed to who may not read them; a mesh has a few. */
const UNASKED_MAX = 200;

/**
 * Closes places to services: whatever they are allowed, it does not hold there. And the files with
 * what is secret among them, which a service could import without a permission, to all that have
 * none to read them: the configuration of the mesh, and what `secrets` name.
 *
 * @param mesh The services, and the file that configures them.
 * @param closed What they may not use.
 * @returns The same services, that far.
 */
export function closedTo(
  { services, file }: Pick<MeshConfig, "services" | "file">,
  closed: ClosedPlaces,
): Map<string, ServiceConfig> {
  const all = [...services.values()];
  const secrets = all.flatMap((service) => Object.values(service.secrets ?? {}));
  const files = [...new Set([...(file === undefined ? [] : [file]), ...secrets])]
    .slice(0, UNASKED_MAX);
  // What nobody may read is closed like all else, so that workers of one process are kept from it.
  const unasked = files.filter((path) => all.some((service) => mayUse(service, path)));
  const paths = [...closed.paths, ...files.filter((path) => !unasked.includes(path))];
  return new Map(
    [...services].map(([name, service]) => {
      const own = unasked.filter((path) => !mayUse(service, path));
      return [name, { ...service, closed: { ...closed, paths, unasked: own } }];
    }),
  );
}

function mayUse(
  { entry, permissions: { read, write }, program }: ServiceConfig,
  path: string,
): boolean {
  // A program has no sandbox, and its entry is the configuration itself.
  return program === undefined &&
    [ownPlace(entry), ...read, ...write].some((place) => isWithin(path, place));
}

/**
 * Takes the labels off services, for a mesh of one host: where there is no choice, a mesh that is
 * made for many hosts runs too.
 *
 * @param services The services.
 * @returns The same services, which may run anywhere.
 */
export function withoutLabels(
  services: ReadonlyMap<string, ServiceConfig>,
): Map<string, ServiceConfig> {
  const unlabelled = new Map<string, ServiceConfig>();
  for (const [name, { labels: _labels, ...service }] of services) unlabelled.set(name, service);
  return unlabelled;
}
