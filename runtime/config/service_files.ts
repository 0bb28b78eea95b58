/**
 * Which files of a folder are services.
 *
 * @module
 */

import { join } from "node:path";
import { isName } from "../../protocol/manifest.ts";
import type { ProblemList } from "./config_error.ts";

/** The entries of a folder that are looked at; a folder with more is hardly a mesh. */
const FOLDER_ENTRIES_MAX = 10_000;

/** Names that mean something else: hosts are `<service>.mesh`, and the gateway is in every mesh. */
export const RESERVED_NAMES: readonly string[] = ["mesh", "gateway"];

/** What is wrong with a path with a comma: it would grant a service what nobody wrote. */
export const COMMA_PROBLEM =
  "expected a path without a comma, at which the permissions of Deno would take it apart";

const FILE_ENDINGS = [".ts", ".js", ".tsx"] as const;

/** The name of the entry file of a service that is a folder. */
const FOLDER_ENTRY = "mod.ts";

/** The files that are a service's own: its folder if it has one, else its one file. */
export function ownPlace(entry: string): string {
  return /\/mod\.[a-z]+$/.test(entry) ? entry.slice(0, entry.lastIndexOf("/")) : entry;
}

/**
 * Finds what is wrong with the name of a service.
 *
 * @param name The name.
 * @returns What was expected, or `undefined` when the name is good.
 */
export function findNameProblem(name: string): string | undefined {
  if (!isName(name)) {
    return "expected a name of a lower-case letter, then at most 62 lower-case letters, digits " +
      `and dashes, found "${name}"`;
  }
  return RESERVED_NAMES.includes(name)
    ? `expected a name that is not reserved, found "${name}"`
    : undefined;
}

/**
 * Lists the files that a service of this name may have, when its entry is not written down.
 *
 * @param folder The folder of the mesh.
 * @param name The name of the service.
 * @returns Absolute paths, whether they exist or not.
 */
export function entryCandidates(folder: string, name: string): string[] {
  const files = FILE_ENDINGS.map((ending) => join(folder, `${name}${ending}`));
  return [...files, join(folder, name, FOLDER_ENTRY)];
}

/**
 * Tells whether there is a file at a path.
 *
 * @param path The path; a symbolic link counts as what it leads to.
 * @returns Whether it is a file. What cannot be looked at counts as absent: the caller reports the
 * path, and starting the service would fail in the same way.
 */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

/** The same at once, for what can't wait. */
export function isFileSync(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // What can't be looked at can't be used either.
    return false;
  }
}

/**
 * Finds the services of a folder: each `name.ts`, `name.js`, `name.tsx` and `name/mod.ts`. Names
 * that start with `_` or `.`, that end with `_test`, or that have a second dot (`x.test.ts`,
 * `x.d.ts`, `vite.config.ts`) are no services.
 *
 * @param folder The absolute path of the folder.
 * @param problems Gets a problem for each name that no service can have, and for each that two
 * files claim.
 * @returns The entry files by service name, in alphabetical order.
 * @throws {Deno.errors.NotFound} If the folder is not there.
 */
export async function findServices(
  folder: string,
  problems: ProblemList,
): Promise<Map<string, string>> {
  const found: { name: string; entry: string }[] = [];
  let seen = 0;
  for await (const item of Deno.readDir(folder)) {
    if (++seen > FOLDER_ENTRIES_MAX) {
      problems.add([], `expected at most ${FOLDER_ENTRIES_MAX} entries in the folder`);
      break;
    }
    const service = await serviceOf(folder, item.name);
    if (service !== undefined) found.push(service);
  }
  found.sort((left, right) => left.entry < right.entry ? -1 : 1);
  const services = new Map<string, string>();
  for (const { name, entry } of found) {
    const other = services.get(name);
    const problem = other === undefined ? findNameProblem(name) : `it is also ${other}`;
    if (problem === undefined) services.set(name, entry);
    else problems.add([], `Cannot make a service of ${entry}: ${problem}${WAY_OUT}`);
  }
  return services;
}

const WAY_OUT = "; rename it, or start its name with _ to leave it out";

/** The service that an entry of the folder is, if it is one. */
async function serviceOf(
  folder: string,
  name: string,
): Promise<{ name: string; entry: string } | undefined> {
  if (/^[._]/.test(name)) return undefined;
  const inFolder = join(folder, name, FOLDER_ENTRY);
  if (await isFile(inFolder)) return { name, entry: inFolder };
  const ending = FILE_ENDINGS.find((one) => name.endsWith(one));
  if (ending === undefined) return undefined;
  const stem = name.slice(0, -ending.length);
  const isNoService = stem.includes(".") || stem.endsWith("_test");
  const entry = join(folder, name);
  return isNoService || !await isFile(entry) ? undefined : { name: stem, entry };
}
