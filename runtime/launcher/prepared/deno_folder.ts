/**
 * The folder in which Deno keeps what V8 has compiled for services, and the flags of V8 that they
 * run with so that they start faster.
 *
 * What V8 has compiled is good for the same flags only. In the user's own folder of Deno, services
 * with flags and programs without any would each throw away what the other has kept; so services
 * have a folder of their own, in which packages and sources are links to those of the user.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { processEnvironment } from "../sandbox.ts";
import { noteUse } from "./cache_folder.ts";
import { programArguments, runDeno } from "./deno_run.ts";
import { digestOf } from "./module_sources.ts";

/**
 * Each is worth it by measurement (docs/ARCHITECTURE.md, "Cold starts, measured"): functions that
 * are called often are compiled where they run, as another thread takes longer to wake than that
 * takes; and what a start allocates is collected once it has ended.
 */
const V8_FLAGS = "--v8-flags=--no-concurrent-sparkplug,--min-semi-space-size=4";

/** What Deno has folders for, by the name that it gives them itself. */
const LINKED = ["modulesCache", "npmCache", "typescriptCache", "registryCache", "originStorage"];

/** Another one when the folder is made in another way. */
const FORM = "folder 1";

/** Its name. */
const FOLDER_NAME = /^deno-[0-9a-f]{32}$/;

/** Deno forgets nothing that it has compiled; from so many bytes on it begins anew. */
const BYTES_MAX = 256 * 1_024 * 1_024;

/** What a program says whose flags V8 knows. */
const READY = "ready";

/** What services run with. */
export interface DenoFolder {
  /** The flags of V8. */
  readonly flags: readonly string[];
  /** The variables that say where the folder is. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether all that it is made of is still there. Takes some 25 µs. */
  isCurrent(): boolean;
  /** Lets go of its files. */
  close(): void;
}

/** A service that names these itself knows another folder, or runs with other flags. */
export const DENO_VARIABLES = ["DENO_DIR", "DENO_V8_FLAGS"];

/**
 * Makes the folder, or finds it, and fills it with what every service uses.
 *
 * @param deno The deno that runs services.
 * @param options The folder in which it is, and our part of a service's process.
 * @returns What was made; undefined when this deno does not know the flags.
 * @throws {Error} when it can't be made.
 */
export async function prepareDenoFolder(
  deno: string,
  { folder, begin }: { readonly folder: string; readonly begin: string },
): Promise<DenoFolder | undefined> {
  const user = await placesOf(deno);
  const digest = await digestOf([FORM, V8_FLAGS, user.version, user.folder].join("\n"));
  const path = join(folder, `deno-${digest.slice(0, 32)}`);
  const env = { DENO_DIR: path };
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  await keepWithinBound(path);
  for (const [name, place] of user.places) await link(join(path, name), place);
  const { stdout } = await runDeno(deno, {
    args: programArguments(V8_FLAGS),
    input: firstProgram(begin),
    env: { ...processEnvironment(), ...env },
  });
  if (stdout.trim() !== READY) return undefined;
  await noteUse(path, FOLDER_NAME);
  const close = await holdDatabases(path);
  const links = [...user.places.keys()].map((name) => join(path, name));
  return { flags: [V8_FLAGS], env, isCurrent: () => links.every(isFolderSync), close };
}

/** Removes what was compiled when it is too much. Nobody needs it, and who has it open keeps it. */
async function keepWithinBound(folder: string): Promise<void> {
  const files = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile)
    .map(({ name }) => join(folder, name));
  const bytes = files.reduce((sum, file) => sum + Deno.statSync(file).size, 0);
  if (bytes > BYTES_MAX) { for (const file of files) await Deno.remove(file); }
}

/** Where the user's own folder is, and what is in it. */
async function placesOf(deno: string): Promise<{
  readonly version: string;
  readonly folder: string;
  readonly places: ReadonlyMap<string, string>;
}> {
  const { stdout } = await runDeno(deno, { args: ["info", "--json"], env: processEnvironment() });
  const told: unknown = JSON.parse(stdout);
  const read = (key: string): string => {
    const value = typeof told === "object" && told !== null ? Reflect.get(told, key) : undefined;
    if (typeof value === "string") return value;
    throw new Error(`Cannot read where Deno keeps "${key}": it says ${JSON.stringify(value)}`);
  };
  const folder = read("denoDir");
  const inside = LINKED.map(read).filter((place) => dirname(place) === folder);
  const places = new Map(inside.map((place) => [place.slice(folder.length + 1), place]));
  return { version: read("denoVersion"), folder, places };
}

/** Makes a link to a folder, which is made too: Deno makes none where a link leads nowhere. */
async function link(path: string, place: string): Promise<void> {
  await Deno.mkdir(place, { recursive: true });
  try {
    await Deno.symlink(place, path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/** Says that the flags are known, uses what a request does, and fails then: it is no service. */
function firstProgram(begin: string): string {
  const first = `console.log("${READY}"); new Request("http://begin.mesh/"); new Response("");`;
  return `import "data:text/javascript,${encodeURIComponent(first)}";\n` +
    `import ${JSON.stringify(begin)};\n`;
}

/**
 * Keeps a connection to each database of the folder. A service ends without closing them, and then
 * whoever opens one next has to read all that was written since, unless somebody has it open.
 *
 * @returns What closes them.
 */
async function holdDatabases(folder: string): Promise<() => void> {
  const { DatabaseSync } = await import("node:sqlite");
  const open = [...Deno.readDirSync(folder)]
    .filter(({ name }) => name.endsWith("-wal"))
    .map(({ name }) => new DatabaseSync(join(folder, name.slice(0, -"-wal".length))));
  for (const database of open) database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  return () => open.forEach((database) => database.close());
}

function isFolderSync(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    // Caches are emptied.
    return false;
  }
}
