/**
 * Loads a mesh from a folder or a mesh.json.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { basename, dirname, join, resolve } from "node:path";
import { readBoundedText } from "../bounded_file.ts";
import { ConfigError, ProblemList } from "./config_error.ts";
import { JsonTextError, parseJsonText } from "./json_text.ts";
import { type MeshConfig, SERVICE_DEFAULTS, type ServiceConfig } from "./mesh_config.ts";
import { type DocumentContext, readRoutes, readServices } from "./mesh_document.ts";
import { checkRoutesOfPorts, readPorts } from "./ports.ts";
import { MESH_FILE_BYTES_MAX } from "./schema/mesh_schema.ts";
import { applySchema } from "./schema/schema_problems.ts";
import { COMMA_PROBLEM, findServices } from "./service_files.ts";

/** The name of the file that configures a folder. */
export const MESH_FILE = "mesh.json";

/** What is loaded. */
export interface LoadOptions {
  /**
   * Whether it is the part of one host: then its plugs and routes may name services that only other
   * hosts have, and a name that is mistyped is found when it is asked for.
   *
   * @default {false}
   */
  readonly isPart?: boolean;
}

/**
 * Loads and checks a mesh.
 *
 * A folder with a mesh.json is what that file says. In a folder without one, each `name.ts`,
 * `name.js`, `name.tsx` and `name/mod.ts` is a service, every service is reachable at `/<name>/`
 * and may reach every other.
 *
 * @param path The path of a folder, or of a file like mesh.json.
 * @param options Whether it is a part.
 * @returns The mesh, with absolute paths.
 * @throws {ConfigError} If there is no such mesh, or anything is wrong with it.
 */
export async function loadMesh(
  path: string,
  { isPart = false }: LoadOptions = {},
): Promise<MeshConfig> {
  const absolute = resolve(path);
  if (absolute.includes(",")) throw failure(absolute, COMMA_PROBLEM);
  const info = await statOrUndefined(absolute);
  if (info === undefined) {
    throw failure(absolute, "expected a folder or a mesh.json file, found nothing there");
  }
  if (info.isDirectory) {
    const file = join(absolute, MESH_FILE);
    return await isThere(file) ? await loadFile(file, isPart) : await loadFolder(absolute);
  }
  if (!absolute.endsWith(".json")) {
    throw failure(absolute, "expected a folder or a mesh.json file, found another file");
  }
  return await loadFile(absolute, isPart);
}

async function statOrUndefined(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw failure(path, `cannot be read: ${reasonOf(error)}`);
  }
}

/** Also a link to nothing is there: without the file that it should be, everything is open. */
async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw failure(path, `cannot be read: ${reasonOf(error)}`);
  }
}

async function loadFolder(folder: string): Promise<MeshConfig> {
  const problems = new ProblemList(folder);
  const services = await discover(folder, { problems, isPart: false });
  throwIfAny(folder, problems);
  const names = [...services.keys()];
  const routes = names.map((name) => ({ path: `/${name}`, service: name, keepPrefix: false }));
  return { name: nameOf(folder), folder, services, routes };
}

/** The services of a folder without configuration: each may reach every other. */
async function discover(
  folder: string,
  { problems, isPart }: Pick<DocumentContext, "problems" | "isPart">,
): Promise<Map<string, ServiceConfig>> {
  const entries = await findServicesOrFail(folder, problems);
  // A part may be that of a gateway, which has routes only.
  if (entries.size === 0 && !isPart) {
    problems.add([], "expected a service, such as greeter.ts or greeter/mod.ts, found none");
  }
  const services = new Map<string, ServiceConfig>();
  for (const [name, entry] of entries) {
    services.set(name, { ...SERVICE_DEFAULTS, name, entry, plugs: "*" });
  }
  return services;
}

async function findServicesOrFail(
  folder: string,
  problems: ProblemList,
): Promise<Map<string, string>> {
  try {
    return await findServices(folder, problems);
  } catch (error) {
    throw failure(folder, `cannot be listed: ${reasonOf(error)}`);
  }
}

async function loadFile(file: string, isPart: boolean): Promise<MeshConfig> {
  const { value, positions, repeated } = parseFile(file, await readText(file));
  const problems = new ProblemList(file, positions);
  for (const { path, position } of repeated) {
    problems.addAt(position, path, "expected each key once, found it again");
  }
  const document = applySchema(value, problems);
  if (document === undefined) throw new ConfigError(file, problems.sorted);
  const folder = dirname(file);
  const services = document.services === undefined
    ? await discover(folder, { problems, isPart })
    : await readServices(document.services, { folder, file, problems, isPart });
  const names = [...services.keys()];
  const named = { services: document.services, names, problems, isPart };
  if (document.routes === undefined && document.ports === undefined) {
    problems.add(["routes"], "expected an object, found nothing");
  }
  const routes = readRoutes(document.routes ?? {}, named);
  checkRoutesOfPorts(document.routes ?? {}, { services, problems });
  const { name = nameOf(folder) } = document;
  const ports = document.ports === undefined
    ? {}
    : { ports: readPorts(document.ports, { services, problems, isPart }) };
  throwIfAny(file, problems);
  const gateway = document.gateway === undefined ? {} : { gateway: document.gateway };
  return { name, folder, file, services, routes, ...ports, ...gateway };
}

async function readText(file: string): Promise<string> {
  try {
    return await readBoundedText(file, MESH_FILE_BYTES_MAX);
  } catch (error) {
    throw failure(file, `cannot be read: ${reasonOf(error)}`);
  }
}

function parseFile(file: string, text: string): ReturnType<typeof parseJsonText> {
  try {
    return parseJsonText(text);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    const { message, position } = error;
    throw new ConfigError(file, [{ file, path: "", message, position }]);
  }
}

function nameOf(folder: string): string {
  return basename(folder) || "mesh";
}

function throwIfAny(path: string, problems: ProblemList): void {
  const { sorted } = problems;
  if (sorted.length > 0) throw new ConfigError(path, sorted);
}

function failure(file: string, message: string): ConfigError {
  return new ConfigError(file, [{ file, path: "", message }]);
}
