/**
 * Of which version a service is: a digest of what its process is made of, so that one that was
 * edited can be told from one that was just touched.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { readBounded } from "../../bounded_file.ts";
import type { ServiceConfig } from "../../config/mesh_config.ts";
import { isWithin } from "../../config/places.ts";
import { isFile, ownPlace } from "../../config/service_files.ts";

/** Files of one service that are looked at; a service with more is not told apart by the rest. */
const FILES_MAX = 2_000;
/** A larger file is told apart by its size and its time. Bytes. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** What was read of files, by path, for as long as the files look the same. */
export type FileDigests = Map<string, ReadFile>;

/** What is known of a file. */
export interface ReadFile {
  /** Its size and its time. */
  readonly look: string;
  /** Another one for other contents. */
  readonly digest: string;
  /** The files that it imports by relative names. */
  readonly imports: readonly string[];
}

/** One look at the files of services: each is looked at once, however many services have it. */
interface Look {
  readonly known: FileDigests;
  readonly files: Map<string, ReadFile | undefined>;
}

/** What it finds in comments too does no harm: then a file more counts. */
const IMPORT = /\b(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"'\n]+)["']/g;

/** What the name of a file ends with that can import others. */
export const MODULE = /\.[cm]?[jt]sx?$/;

/** What says of a folder what the imports in it mean. */
const IMPORT_FILES = ["deno.json", "deno.jsonc", "package.json"] as const;

/**
 * Finds the versions of services.
 *
 * @param services The services by name.
 * @param known What was read of files before; what is known of others is removed.
 * @returns The versions by name. What can't be read has no part in them.
 *
 * @example
 * ```ts
 * import { versionsOf } from "./repository_version.ts";
 * const versions = await versionsOf(new Map());
 * console.log(versions.size); // 0
 * ```
 */
export async function versionsOf(
  services: ReadonlyMap<string, ServiceConfig>,
  known: FileDigests = new Map(),
): Promise<Map<string, string>> {
  const versions = new Map<string, string>();
  const look: Look = { known, files: new Map() };
  for (const [name, service] of services) {
    const hash = createHash("sha256").update(JSON.stringify(processPart(service)));
    for (const path of await ownFiles(service, look)) {
      const { digest = "" } = await readFile(path, look) ?? {};
      hash.update(`\n${path} ${digest}`);
    }
    versions.set(name, hash.digest("base64url"));
  }
  for (const path of known.keys()) if (!look.files.has(path)) known.delete(path);
  return versions;
}

/** What of its configuration a process is made of; the rest concerns the manager only. */
function processPart(service: ServiceConfig): Partial<ServiceConfig> {
  const { entry, permissions, env, program, secrets, runtime } = service;
  return {
    entry,
    permissions,
    env,
    ...(program === undefined ? {} : { program }),
    ...(secrets === undefined ? {} : { secrets }),
    ...(runtime === undefined ? {} : { runtime }),
  };
}

/** The files that are a service's own, in their order, and those of its secrets. */
async function ownFiles(service: ServiceConfig, look: Look): Promise<string[]> {
  const { entry, program, secrets = {} } = service;
  const own = program === undefined
    ? await moduleFiles(service, look)
    : await namedFiles(program.command, dirname(entry));
  return [...own, ...Object.values(secrets).toSorted()];
}

/** Files in the folder of the mesh that a command names: mostly they are the program. */
async function namedFiles(command: readonly string[], folder: string): Promise<string[]> {
  const paths = command.map((argument) => resolve(folder, argument))
    .filter((path) => path.startsWith(`${folder}/`));
  const are = await Promise.all(paths.map(isFile));
  return paths.filter((_path, at) => are[at]);
}

/** A module, the folder that it has, and what they import by relative names. */
async function moduleFiles({ entry, permissions }: ServiceConfig, look: Look): Promise<string[]> {
  const place = ownPlace(entry);
  const listed: string[] = [];
  // What a service writes itself is no part of what it is made of.
  if (place !== entry) await collect(place, { listed, leftOut: permissions.write });
  const meanings = IMPORT_FILES.map((name) => join(dirname(entry), name));
  const files = new Set([entry, ...meanings, ...listed]);
  // What is added while it is walked through is walked through too.
  for (const path of files) {
    const { imports = [] } = await readFile(path, look) ?? {};
    for (const imported of imports) if (files.size < FILES_MAX) files.add(imported);
  }
  return [...files].toSorted();
}

async function collect(
  folder: string,
  to: { readonly listed: string[]; readonly leftOut: readonly string[] },
): Promise<void> {
  const { listed, leftOut } = to;
  const isLeftOut = (path: string) => leftOut.some((place) => isWithin(path, place));
  try {
    for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
      const path = join(folder, name);
      if (isHidden(name) || listed.length >= FILES_MAX || isLeftOut(path)) continue;
      if (isDirectory) await collect(path, to);
      else if (isFile) listed.push(path);
    }
  } catch {
    // What can't be listed has no part in the version.
  }
}

/** Whether a file or folder is none of a service's own: hidden, or fetched from elsewhere. */
export function isHidden(name: string): boolean {
  return name.startsWith(".") || name === "node_modules";
}

/** A text that is another one when a file was written. */
export function lookOfFile({ size, mtime, ino }: Deno.FileInfo): string {
  return `${size} ${mtime?.getTime()} ${ino}`;
}

/** Files that {@linkcode hasChanged} looks at, a few microseconds each. */
const GLANCED_MAX = 5_000;

/** Whether a file that was read looks otherwise now; of very many only the first are looked at. */
export function hasChanged(known: FileDigests): boolean {
  let glanced = 0;
  for (const [path, { look }] of known) {
    if (lookAt(path) !== look) return true;
    glanced += 1;
    if (glanced >= GLANCED_MAX) return false;
  }
  return false;
}

/** How a file or folder looks now; empty: it is gone, or nobody may look at it. */
export function lookAt(path: string): string {
  try {
    return lookOfFile(Deno.statSync(path));
  } catch {
    // That it is gone is how it looks.
    return "";
  }
}

/** What is known of a file; undefined: it is gone, or nobody may read it. */
async function readFile(path: string, look: Look): Promise<ReadFile | undefined> {
  if (look.files.has(path)) return look.files.get(path);
  const file = await readChanged(path, look.known.get(path));
  look.files.set(path, file);
  if (file !== undefined) look.known.set(path, file);
  return file;
}

async function readChanged(
  path: string,
  before: ReadFile | undefined,
): Promise<ReadFile | undefined> {
  try {
    const info = await Deno.stat(path);
    // A pipe could be waited for for ever, and with it everything that is noticed later.
    if (!info.isFile) return undefined;
    const look = lookOfFile(info);
    if (before?.look === look) return before;
    if (info.size > FILE_BYTES_MAX) return { look, digest: look, imports: [] };
    const bytes = await readBounded(path, FILE_BYTES_MAX);
    const digest = createHash("sha256").update(bytes).digest("base64url");
    return { look, digest, imports: MODULE.test(path) ? importsOf(path, bytes) : [] };
  } catch {
    // The start of an instance will say so.
    return undefined;
  }
}

/** The files that a module imports by relative names. */
function importsOf(path: string, bytes: Uint8Array): string[] {
  const matches = new TextDecoder().decode(bytes).matchAll(IMPORT);
  return [
    ...new Set(Array.from(matches, ([, specifier = ""]) => resolve(dirname(path), specifier))),
  ];
}
