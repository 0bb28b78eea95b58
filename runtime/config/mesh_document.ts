/**
 * Makes a mesh of a mesh.json whose shape is right, and finds what its shape cannot show: names
 * that mean nothing, files that are not there, routes that stand twice.
 *
 * @module
 */

import { resolve } from "node:path";
import type { ProblemList } from "./config_error.ts";
import {
  type Route,
  SERVICE_DEFAULTS,
  type ServiceConfig,
  type ServicePermissions,
} from "./mesh_config.ts";
import { routeLimits } from "./schema/limits_schema.ts";
import type { MeshDocument, RouteDocument, ServiceDocument } from "./schema/mesh_schema.ts";
import { checkLife, lifeOf } from "./life_document.ts";
import { parseRouteKey } from "./routes.ts";
import { COMMA_PROBLEM, entryCandidates, findNameProblem, isFile } from "./service_files.ts";
import { suggestionText } from "./suggestion.ts";

/** The endings of files that Deno runs as a module. */
const ENTRY_ENDING = /\.(ts|js|tsx|jsx|mts|mjs)$/;

/** Variables by which an agent talks to what it starts. */
const RESERVED_VARIABLE = /^SMMP_/;

/** Where a document stands, and who hears what is wrong with it. */
export interface DocumentContext {
  /** The absolute path of the mesh folder. */
  readonly folder: string;
  /** The absolute path of the document. */
  readonly file: string;
  /** Gets a problem for everything that is wrong. */
  readonly problems: ProblemList;
  /** Whether services of other hosts may be named too. */
  readonly isPart: boolean;
}

/**
 * Reads the services of a document.
 *
 * @param document The `services` of mesh.json.
 * @param context Where the document stands, and who hears what is wrong with it.
 * @returns The services; one that has a problem may be missing.
 */
export async function readServices(
  document: NonNullable<MeshDocument["services"]>,
  context: DocumentContext,
): Promise<Map<string, ServiceConfig>> {
  const services = new Map<string, ServiceConfig>();
  const names = Object.keys(document);
  if (names.length === 0 && !context.isPart) {
    context.problems.add(["services"], "expected at least one service");
  }
  for (const [name, service] of Object.entries(document)) {
    const nameProblem = findNameProblem(name);
    if (nameProblem !== undefined) context.problems.add(["services", name], nameProblem);
    checkPlugs({ name, service, names }, context);
    checkVariables(name, service, context.problems);
    checkLife(name, service, context.problems);
    const entry = service.command === undefined
      ? await findEntry(name, service.entry, context)
      : context.file;
    services.set(name, makeService({ name, entry, service }, context.folder));
  }
  return services;
}

function checkPlugs(
  { name, service, names }: { name: string; service: ServiceDocument; names: readonly string[] },
  { problems, isPart }: DocumentContext,
): void {
  if (service.plugs === undefined || service.plugs === "*") return;
  // The path has no index: entries that the schema refused are gone, so it could be another's.
  const path = ["services", name, "plugs"];
  for (const [index, dest] of service.plugs.entries()) {
    if (!isService(dest, { names, isPart })) {
      problems.add(path, `expected a service, found "${dest}": ${suggestionText(dest, names)}`);
    } else if (service.plugs.indexOf(dest) !== index) {
      problems.add(path, `expected each service once, found "${dest}" again`);
    }
  }
}

/** Whether a name is that of a service, here or, in the part of one host, elsewhere. */
function isService(
  name: string,
  { names, isPart }: { names: readonly string[]; isPart: boolean },
): boolean {
  return names.includes(name) || (isPart && findNameProblem(name) === undefined);
}

function checkVariables(name: string, service: ServiceDocument, problems: ProblemList): void {
  const { env = {}, secrets = {} } = service;
  for (const variable of Object.keys(secrets)) {
    if (!Object.hasOwn(env, variable)) continue;
    problems.add(["services", name, "secrets", variable], "is set by env already");
  }
  const written = [...Object.keys(env), ...Object.keys(secrets)];
  for (const variable of written) {
    const path = ["services", name, Object.hasOwn(env, variable) ? "env" : "secrets", variable];
    if (!/^[A-Za-z_]\w*$/.test(variable)) {
      problems.add(path, "expected a variable's name of letters, digits and _, found this one");
    } else if (RESERVED_VARIABLE.test(variable)) {
      problems.add(path, "variables that start with SMMP_ are set by the agent");
    }
  }
}

async function findEntry(
  name: string,
  written: string | undefined,
  { folder, problems }: DocumentContext,
): Promise<string> {
  if (written === undefined) {
    const candidates = entryCandidates(folder, name);
    for (const candidate of candidates) if (await isFile(candidate)) return candidate;
    const all = candidates.join(", ");
    problems.add(["services", name], `expected an entry, or one of these files: ${all}`);
    return "";
  }
  const path = ["services", name, "entry"];
  const entry = resolve(folder, written);
  if (/^[a-z]{2,}:/.test(written)) {
    problems.add(path, `expected the path of a file, found "${written}"`);
  } else if (written.includes(",")) {
    problems.add(path, COMMA_PROBLEM);
  } else if (!ENTRY_ENDING.test(written)) {
    problems.add(path, `expected a file that ends with .ts, .js or .tsx, found "${written}"`);
  } else if (!await isFile(entry)) {
    problems.add(path, `expected a file, found none at ${entry}`);
  }
  return entry;
}

function makeService(
  { name, entry, service }: { name: string; entry: string; service: ServiceDocument },
  folder: string,
): ServiceConfig {
  const { idle } = service;
  const { connectionMs, serviceMs } = SERVICE_DEFAULTS.idle;
  return {
    name,
    entry,
    plugs: service.plugs ?? [],
    idle: typeof idle === "number" ? { connectionMs: idle, serviceMs: idle } : {
      connectionMs: idle?.connection ?? connectionMs,
      serviceMs: idle?.service ?? serviceMs,
    },
    startTimeoutMs: service.startTimeout ?? SERVICE_DEFAULTS.startTimeoutMs,
    graceMs: service.grace ?? SERVICE_DEFAULTS.graceMs,
    permissions: readPermissions(service.permissions ?? {}, folder),
    ...lifeOf(service, folder),
    ...(service.concurrency === undefined ? {} : { concurrency: service.concurrency }),
    ...(service.placement === undefined ? {} : { placement: service.placement }),
    ...(service.labels === undefined ? {} : { labels: service.labels }),
    env: { ...service.env },
  };
}

function readPermissions(
  written: NonNullable<ServiceDocument["permissions"]>,
  folder: string,
): ServicePermissions {
  const { read = [], write = [], net = [], env = [], run = [], sys = [], ffi = [] } = written;
  const absolute = (paths: readonly string[]) => paths.map((path) => resolve(folder, path));
  const permissions = {
    read: absolute(read),
    write: absolute(write),
    net,
    env,
    // A name without a slash is looked up in PATH, so it must stay as it is.
    run: run.map((program) => program.includes("/") ? resolve(folder, program) : program),
    sys,
    ffi: absolute(ffi),
  };
  return written.import === undefined ? permissions : { ...permissions, import: written.import };
}

/**
 * Reads the routes of a document.
 *
 * @param document The `routes` of mesh.json.
 * @param services The `services` of mesh.json, whose limits hold for routes that say none.
 * @param names The services of the mesh.
 * @param problems Gets a problem for everything that is wrong.
 * @returns The routes that have no problem.
 */
export function readRoutes(
  document: NonNullable<MeshDocument["routes"]>,
  { services, names, problems, isPart }: {
    services: MeshDocument["services"];
    names: readonly string[];
    problems: ProblemList;
    isPart: boolean;
  },
): Route[] {
  const routes = new Map<string, Route>();
  for (const [key, target] of Object.entries(document)) {
    const written: RouteDocument = typeof target === "string" ? { service: target } : target;
    const { service, keepPrefix = false } = written;
    const said = routeLimits(written, services?.[service]);
    const limits = said === undefined ? {} : { limits: said };
    const parsed = parseRouteKey(key);
    const known = typeof parsed === "string" ? undefined : `${parsed.host ?? ""}${parsed.path}`;
    if (typeof parsed === "string") problems.add(["routes", key], parsed);
    else if (known !== undefined && routes.has(known)) {
      problems.add(["routes", key], `expected each route once, found "${known}" again`);
    } else if (known !== undefined) {
      routes.set(known, { ...parsed, service, keepPrefix, ...limits });
    }
    if (!isService(service, { names, isPart })) {
      const path = typeof target === "string" ? ["routes", key] : ["routes", key, "service"];
      const hint = suggestionText(service, names);
      problems.add(path, `expected a service, found "${service}": ${hint}`);
    }
  }
  return [...routes.values()];
}
