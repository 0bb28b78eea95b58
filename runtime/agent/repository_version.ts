/**
 * Of which version a service is: a digest of what its process is made of, so that one that was
 * edited can be told from one that was just touched.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import type { ServiceConfig } from "../config/mesh_config.ts";
import { isFile, ownPlace } from "../config/service_files.ts";

/** Files of one service that are looked at; a service with more is not told apart by the rest. */
const FILES_MAX = 2_000;
/** A larger file is told apart by its size and its time. Bytes. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** The digests of files, by path, for as long as the files look the same. */
export type FileDigests = Map<string, { readonly look: string; readonly digest: string }>;

/**
 * Finds the versions of services.
 *
 * @param services The services by name.
 * @param known Digests of files that were read before; those of files that are gone are removed.
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
  const seen = new Set<string>();
  for (const [name, service] of services) {
    const hash = createHash("sha256").update(JSON.stringify(processPart(service)));
    for (const path of await ownFiles(service)) {
      const digest = await digestOf(path, known);
      seen.add(path);
      hash.update(`\n${path} ${digest}`);
    }
    versions.set(name, hash.digest("base64url"));
  }
  for (const path of known.keys()) if (!seen.has(path)) known.delete(path);
  return versions;
}

/** What of its configuration a process is made of; the rest concerns the manager only. */
function processPart(service: ServiceConfig): Partial<ServiceConfig> {
  const { entry, permissions, env, program, secrets } = service;
  return {
    entry,
    permissions,
    env,
    ...(program === undefined ? {} : { program }),
    ...(secrets === undefined ? {} : { secrets }),
  };
}

/** The files that are a service's own, in their order, and those of its secrets. */
async function ownFiles({ entry, program, secrets = {} }: ServiceConfig): Promise<string[]> {
  const own = program === undefined
    ? await moduleFiles(entry)
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

/** The folder of a module if it has one, else its one file. */
async function moduleFiles(entry: string): Promise<string[]> {
  const place = ownPlace(entry);
  if (place === entry) return [entry];
  const files: string[] = [];
  await collect(place, files);
  return files.toSorted();
}

async function collect(folder: string, files: string[]): Promise<void> {
  try {
    for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
      if (isHidden(name) || files.length >= FILES_MAX) continue;
      const path = join(folder, name);
      if (isDirectory) await collect(path, files);
      else if (isFile) files.push(path);
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

async function digestOf(path: string, known: FileDigests): Promise<string> {
  try {
    const info = await Deno.stat(path);
    const look = lookOfFile(info);
    const before = known.get(path);
    if (before?.look === look) return before.digest;
    const digest = info.size > FILE_BYTES_MAX
      ? look
      : createHash("sha256").update(await Deno.readFile(path)).digest("base64url");
    known.set(path, { look, digest });
    return digest;
  } catch {
    // It is gone, or nobody may read it: the start of an instance will say so.
    return "";
  }
}
