/**
 * Reads what mesh.json says of the life of a service, and finds what its shape cannot show.
 *
 * @module
 */

import { resolve } from "node:path";
import { HEALTH_DEFAULTS, type HealthCheck } from "../../protocol/manifest.ts";
import type { ProblemList } from "./config_error.ts";
import type { HealthDocument, LifeDocument } from "./schema/life_schema.ts";
import type { ProgramConfig, ServiceConfig } from "./mesh_config.ts";
import type { ServiceDocument } from "./schema/mesh_schema.ts";

/** The part of a service's configuration that is about its life. */
export type LifeConfig = Pick<
  ServiceConfig,
  | "instances"
  | "warm"
  | "eager"
  | "memoryBytes"
  | "health"
  | "runtime"
  | "program"
  | "secrets"
>;

/**
 * Tells what does not go together.
 *
 * @param name The service.
 * @param service What mesh.json says of it.
 * @param problems Gets a problem for everything that is wrong.
 */
export function checkLife(name: string, service: ServiceDocument, problems: ProblemList): void {
  const path = ["services", name];
  const { command, eager = [], plugs = [] } = service;
  for (const dest of plugs === "*" ? [] : eager) {
    if (plugs.includes(dest)) continue;
    problems.add([...path, "eager"], `expected one of its plugs, found "${dest}"`);
  }
  if (command === undefined) {
    for (const key of ["protocol", "ready"] as const) {
      if (service[key] !== undefined) problems.add([...path, key], "is for a command only");
    }
    if (service.runtime === "worker") checkWorker(path, service, problems);
    return;
  }
  for (const key of ["entry", "runtime", "warm"] as const) {
    if (service[key] !== undefined) problems.add([...path, key], "is not for a command");
  }
  if (service.ready !== undefined && (service.protocol ?? "http") !== "http") {
    problems.add([...path, "ready"], "is for a program that speaks http only");
  }
  if (service.health?.path !== undefined && service.protocol === "tcp") {
    problems.add([...path, "health", "path"], "is for a program that speaks http only");
  }
  if (command[0] === "") problems.add([...path, "command"], "expected a program, found none");
}

/** What is of a whole process, and no worker of it can have for itself. */
function checkWorker(path: string[], service: ServiceDocument, problems: ProblemList): void {
  const problem = "is not for a worker, which shares its process with others";
  if (service.memory !== undefined) problems.add([...path, "memory"], problem);
  for (const kind of ["run", "ffi", "import"] as const) {
    if (service.permissions?.[kind] === undefined) continue;
    problems.add([...path, "permissions", kind], problem);
  }
}

/**
 * Reads the life of a service.
 *
 * @param document What mesh.json says.
 * @param folder The absolute path of the mesh folder.
 * @returns What was said; nothing else.
 */
export function lifeOf(document: LifeDocument, folder: string): LifeConfig {
  const { instances, warm, eager, memory, health, runtime, secrets } = document;
  const program = programOf(document, folder);
  const { min = 0 } = instances ?? {};
  const files = Object.entries(secrets ?? {}).map(([name, path]) => [name, resolve(folder, path)]);
  return {
    ...(instances === undefined ? {} : {
      instances: { min, max: instances.max ?? Math.max(1, min) },
    }),
    ...(warm === undefined ? {} : { warm }),
    ...(eager === undefined ? {} : { eager }),
    ...(memory === undefined ? {} : { memoryBytes: memory }),
    ...(health === undefined ? {} : { health: healthOf(health) }),
    ...(runtime === "worker" ? { runtime } : {}),
    ...(program === undefined ? {} : { program }),
    ...(secrets === undefined ? {} : { secrets: Object.fromEntries(files) }),
  };
}

function healthOf({ path, interval, timeout, failures }: HealthDocument): HealthCheck {
  return {
    ...(path === undefined ? {} : { path }),
    intervalMs: interval ?? HEALTH_DEFAULTS.intervalMs,
    timeoutMs: timeout ?? HEALTH_DEFAULTS.timeoutMs,
    failures: failures ?? HEALTH_DEFAULTS.failures,
  };
}

function programOf(
  { command, protocol = "http", ready }: LifeDocument,
  folder: string,
): ProgramConfig | undefined {
  const [first, ...rest] = command ?? [];
  if (first === undefined) return undefined;
  // A name without a slash is looked up in PATH, so it must stay as it is.
  const program = first.includes("/") ? resolve(folder, first) : first;
  return { command: [program, ...rest], protocol, ...(ready === undefined ? {} : { ready }) };
}
