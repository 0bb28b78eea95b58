/**
 * Where a service that is to be a worker runs, and whether it can be confined there.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { ServiceConfig } from "../config/mesh_config.ts";
import { isWithin } from "../config/places.ts";
import { isFileSync, ownPlace } from "../config/service_files.ts";
import { closedNames, closedToWriters } from "../launcher/closed_names.ts";
import { cachePlaces } from "../launcher/prepared/cache_folder.ts";

/** The files by which Deno knows how the modules of a folder are resolved. */
const CONFIG_FILES = ["deno.json", "deno.jsonc", "package.json"];

/**
 * The working folder of the process in which a service is a worker: where its deno.json or
 * package.json is, since a process has one; else where the service stands.
 */
export function hostFolder(entry: string): string {
  for (let folder = dirname(entry);; folder = dirname(folder)) {
    if (CONFIG_FILES.some((name) => isFileSync(join(folder, name)))) return folder;
    if (folder === dirname(folder)) return dirname(ownPlace(entry));
  }
}

/**
 * Why a service is better a process than a worker, if so. A worker can be refused all that it has
 * no permission for, but nothing inside what it has one for; a process can.
 */
export function unconfinedBecause(service: ServiceConfig): string | undefined {
  const { closed, entry, permissions: { read, write } } = service;
  if (closed !== undefined && closed.net.length > 0 && closed.isProved !== true) {
    return "this agent has no certificates, so the ports of the mesh are closed to its services, " +
      "and a worker can't be kept from them";
  }
  const open = [ownPlace(entry), ...read, ...write];
  const paths = closed?.paths ?? [];
  const names = [...closedNames(paths, open).names, ...closedToWriters(paths, write)];
  // One with a comma can't be closed to the process of workers.
  const secret = names.find((path) => path.includes(",")) ??
    names.find((path) => open.some((place) => isWithin(path, place))) ??
    // What is kept there all services run.
    cachePlaces().find((path) => write.some((place) => isWithin(path, place)));
  return secret === undefined
    ? undefined
    : `it may use a folder that has ${secret} in it, which a worker can't be kept from`;
}
