/**
 * What runs a service. With Deno it is Deno. In the compiled binary it is the `deno` on the PATH if
 * there is one: it runs TypeScript, and its sandbox is complete. Else the binary runs itself, which
 * can load one file of JavaScript that needs nothing else: a bundle.
 *
 * @module
 */

import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { isBinary } from "../binary/is_binary.ts";
import type { ProgramConfig, ServiceConfig } from "../config/mesh_config.ts";
import { START_VARIABLE } from "../service/start.ts";
import { describeStaticBodies, type StaticBodyPlace } from "../sessions/bodies/static_body.ts";
import { withRealPlaces } from "./closed_names.ts";
import { findProgram } from "./find_program.ts";
import { openCacheFolder } from "./prepared/cache_folder.ts";
import { DENO_VARIABLES, type DenoFolder, prepareDenoFolder } from "./prepared/deno_folder.ts";
import { dataUrl, mayPrepare, PreparedModule } from "./prepared/prepared_module.ts";
import {
  environmentOf,
  permissionFlags,
  type PermissionLists,
  permissionLists,
  programEnvironmentOf,
} from "./sandbox.ts";

/** A program that runs a service. */
export interface ServiceProgram {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** What it reads from stdin, which is asked for when it runs. */
  readonly stdin: string;
  /** Variables that belong to the program. @default {none} */
  readonly env?: Readonly<Record<string, string>>;
  /** What its main module is told with what an instance is told. @default {nothing} */
  readonly told?: { readonly entry: string };
}

/** The hidden command by which the binary runs itself: `smmp serve-instance URL`. */
export const INSTANCE_COMMAND = "serve-instance";

/** The part of a service process that is ours. */
const BEGIN = new URL("../service/begin.ts", import.meta.url);
/** The companion of a program of any language. */
const COMPANION = new URL("../command/main.ts", import.meta.url);
/** The hidden command by which the binary is that companion. */
export const COMPANION_COMMAND = "serve-command";
/** The same as one file, which `deno task compile` makes and puts into the binary. */
const BEGIN_BUNDLE = new URL("../../dist/begin.txt", import.meta.url);

/** By this variable Deno runs files before the main module: `--require ./early.cjs`. */
const EARLY_VARIABLE = "NODE_OPTIONS";

/** The place that all files are in. */
const ALL_FILES = "/";

/** Not another one for each start, as Deno keeps what it has compiled by its name. */
const secretName = crypto.randomUUID();

/** Looked up at the start: a program whose file was replaced since then has no path any more. */
const OWN_PROGRAM = Deno.execPath();

/** What a service process imports of ours. */
const begin = new PreparedModule({ entry: BEGIN, bundle: BEGIN_BUNDLE });
/** Where the processes of services keep what is compiled, and the flags that go with it. */
let denoFolder: DenoFolder | undefined;
/** Looked at once: a deno that comes or goes later counts when the mesh is started again. */
let surroundings: { readonly deno: string | undefined } | undefined;
/** What a service need not find out by itself, as it is run by the same version of Deno. */
let places: readonly StaticBodyPlace[] | undefined;

/** The deno that runs services; undefined: there is none, and the binary runs them itself. */
export function serviceDeno(): string | undefined {
  surroundings ??= { deno: isBinary() ? findProgram("deno") : OWN_PROGRAM };
  return surroundings.deno;
}

/** The other roles of the mesh start meanwhile. Milliseconds. */
const PREPARE_AFTER_MS = 200;

/**
 * Makes one file of our part of a service's process, or finds it, so that services start faster.
 * It goes on in processes of its own; where nothing can be made, services start as before.
 */
export async function prepareStarts(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, PREPARE_AFTER_MS));
  const deno = serviceDeno();
  if (deno === undefined || !mayPrepare()) return;
  if (!isBinary()) places = describeStaticBodies();
  await begin.prepare(deno);
  const folder = openCacheFolder();
  if (folder === undefined) return;
  try {
    denoFolder = await prepareDenoFolder(deno, { folder, begin: begin.url });
  } catch {
    // A full disk, a Deno that says something else of itself: starts take some milliseconds more.
  }
}

/**
 * How to run a service.
 *
 * @throws {Error} when nothing here can run it.
 */
export function programOf(service: ServiceConfig): ServiceProgram {
  if (service.program !== undefined) return foreignProgram(service, service.program);
  const deno = serviceDeno();
  const lists = permissionLists(service, START_VARIABLE);
  const url = pathToFileURL(service.entry).href;
  if (deno !== undefined) {
    const { read = [] } = lists;
    const isEarly = variableNames(service).includes(EARLY_VARIABLE);
    const loading = permissionFlags(isEarly ? lists : { ...lists, read: [ALL_FILES, ...read] });
    const own = hasOwnDeno(service) || denoFolder?.isCurrent() !== true ? undefined : denoFolder;
    // The main module is plain JavaScript: Deno need not take the types out of it first.
    const flags = ["--quiet", "--no-prompt", "--ext=js", ...own?.flags ?? [], ...loading];
    return {
      command: [deno, "run", ...flags, "-"],
      env: own?.env ?? {},
      told: { entry: url },
      // Whether what is prepared is still current is looked at while the process begins.
      get stdin() {
        return isEarly
          ? narrowMainModule(begin.url, url)
          : mainModule(begin.url, read.includes(ALL_FILES));
      },
    };
  }
  const problem = problemWithoutDeno(service) ?? linkProblem(service, lists);
  if (problem !== undefined) throw new Error(problem);
  return { command: [OWN_PROGRAM, INSTANCE_COMMAND, url], stdin: JSON.stringify(lists) };
}

/** Whether a service says itself how its Deno runs, or may run another one, which has no flags. */
function hasOwnDeno(service: ServiceConfig): boolean {
  if (service.permissions.run.length > 0) return true;
  const names = variableNames(service);
  return DENO_VARIABLES.some((name) => names.includes(name));
}

/** The variables that a service names. */
function variableNames({ permissions, env, secrets = {} }: ServiceConfig): readonly string[] {
  return [...permissions.env, ...Object.keys(env), ...Object.keys(secrets)];
}

/**
 * A program that speaks the protocol itself runs by itself; any other has a companion, which is our
 * code only, so that it needs no sandbox.
 */
function foreignProgram(
  service: ServiceConfig,
  { command, protocol, ready }: ProgramConfig,
): ServiceProgram {
  if (protocol === "smmp") return { command, stdin: "" };
  const folder = dirname(service.entry);
  const env = programEnvironmentOf(service);
  const stdin = JSON.stringify({ command, folder, env, ready, isRaw: protocol === "tcp" });
  if (isBinary()) return { command: [OWN_PROGRAM, COMPANION_COMMAND], stdin };
  // The binary has it too: WebSockets that wait for who reads them are not stable in Deno yet.
  const isolated = ["--quiet", "--no-prompt", "--no-config", "--no-lock"];
  const flags = [...isolated, "--unstable-net", "--allow-all"];
  return { command: [OWN_PROGRAM, "run", ...flags, COMPANION.href], stdin };
}

/** The environment of the process that is started for a service. */
export function processEnvironmentOf(service: ServiceConfig): Record<string, string> {
  if (service.program === undefined) return environmentOf(service);
  if (service.program.protocol === "smmp") return programEnvironmentOf(service);
  // What is meant for the program is told to its companion, and not set for that.
  return environmentOf({ ...service, env: {}, secrets: {} });
}

/**
 * Tells what keeps a service from being loaded (a missing module, a mistake in its syntax) as Deno
 * tells it of a main module: without the line of our program that has asked for it. What the
 * service has thrown itself has no such line.
 */
const TELL_UNLOADED = `(error) => {
  const stack = String(error?.stack);
  const end = stack.lastIndexOf("\\n    at async " + import.meta.url);
  if (end < 0) throw error;
  console.error("error: " + stack.slice(0, end).replace("TypeError: ", ""));
  Deno.exit(1);
}`;

/**
 * The program that Deno reads from stdin. It resolves imports as the service's folder does.
 *
 * What a main module imports Deno reads without asking whether it may, the files of the mesh too.
 * What is imported by a name that only the running program knows it reads by its permissions. So
 * the service comes that way, with the permission to read all but what is closed, which is given
 * back by the first of these modules, before the first line of the service. Nobody else knows its
 * name, so that no import map of a service can put another module in its place.
 *
 * Which service it is stands in the environment: for all that run in one folder Deno takes this
 * program for the same module, and would compile it anew where its text is another one.
 */
function mainModule(begin: string, isReader: boolean): string {
  const giveBack = isReader ? "" : `Deno.permissions.revokeSync({name:"read",path:"${ALL_FILES}"})`;
  const ours = dataUrl(
    `import ${JSON.stringify(dataUrl(`/*${secretName}*/${giveBack}`))};\n` +
      `export { serve } from ${JSON.stringify(begin)};\n` +
      `export * as service from `,
  );
  return `const { entry } = JSON.parse(Deno.env.get("${START_VARIABLE}"));\n` +
    `const all = ${JSON.stringify(ours)} + encodeURIComponent(JSON.stringify(entry));\n` +
    `const { serve, service } = await import(all).catch(${TELL_UNLOADED});\n` +
    `serve(service${knownPlaces()});\n`;
}

/**
 * The same for a service that has code run before this program: nothing is granted for a while.
 * What it imports itself it needs the permission to read.
 */
function narrowMainModule(begin: string, entry: string): string {
  return `import { serve } from ${JSON.stringify(begin)};\n` +
    `const entry = ${JSON.stringify(entry)};\n` +
    `const service = await import(entry).catch(${TELL_UNLOADED});\n` +
    `serve(service${knownPlaces()});\n`;
}

function knownPlaces(): string {
  return places === undefined ? "" : `, ${JSON.stringify(places)}`;
}

function problemWithoutDeno({ entry }: ServiceConfig): string | undefined {
  if (/\.m?js$/.test(entry)) return undefined;
  const file = entry.slice(entry.lastIndexOf("/") + 1);
  return `${file} needs deno on the PATH, or run "smmp bundle" and start what it makes`;
}

/** Without Deno nothing within what is granted can be closed: what nobody meant is refused. */
function linkProblem({ closed }: ServiceConfig, lists: PermissionLists): string | undefined {
  const known = withRealPlaces(closed?.paths ?? []);
  const link = lists["deny-read"]?.find((path) => !known.includes(path));
  return link === undefined
    ? undefined
    : `${link} leads to what belongs to the mesh, which only a deno on the PATH can keep it from`;
}

/**
 * What whoever starts these services on this host should know before a request finds out.
 *
 * @returns A line for each thing; none when everything can run in a full sandbox.
 */
export function runNotes(services: Iterable<ServiceConfig>): string[] {
  const deno = serviceDeno();
  if (deno !== undefined) return [];
  const notes: string[] = [];
  let hasBundles = false;
  for (const service of services) {
    if (service.program !== undefined) continue;
    const problem = problemWithoutDeno(service);
    if (problem === undefined) hasBundles = true;
    else notes.push(`Cannot start "${service.name}": ${problem}`);
  }
  if (hasBundles) {
    notes.push(
      "There is no deno on the PATH, so this binary runs the services: in sandboxes, except " +
        "that a service can import any .js and .json file that this user can read, and that " +
        "nothing inside what its manifest allows is closed to it",
    );
  }
  return notes;
}
