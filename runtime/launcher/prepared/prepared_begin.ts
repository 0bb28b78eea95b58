/**
 * Our part of a service's process as one file of JavaScript, which starts a fourth faster than the
 * modules that it is made of. Agents make it in the background and keep it for the next ones; its
 * name follows from what it is made of, so it is never that of other sources.
 *
 * @module
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runBundler } from "../../bundle/bundler.ts";
import { isFileSync } from "../../config/service_files.ts";
import { noteUse } from "./cache_folder.ts";
import { makingSignal, programArguments, runDeno } from "./deno_run.ts";
import { digestOf, readModuleSources } from "./module_sources.ts";
import { quickText } from "./quick_text.ts";

/** What the file is made of. */
export interface BeginSource {
  /** Another one for other contents. */
  readonly digest: string;
  /** Whether what it is made of is still the same. */
  isCurrent(): boolean;
  /** Writes it. */
  write(path: string): Promise<void>;
}

/** The file. */
export interface PreparedBegin {
  /** Its URL. */
  readonly url: string;
  /** Whether it is there, and what it is made of is still the same. */
  isCurrent(): boolean;
}

/** Another one for files that are made in another way of the same sources. */
const FORM = "quick 4";

/** What Deno says of what is no program. */
const NO_PROGRAM = /SyntaxError|could not be parsed/;

/** The ending says what kind of file it is, whatever a package.json above the folder says. */
const FILE_NAME = /^begin-[0-9a-f]+\.mjs(\.[0-9a-f-]+)?$/;

/** The modules, which `deno bundle` makes one file of. */
export async function moduleSource(entry: URL, deno: string): Promise<BeginSource> {
  const sources = await readModuleSources(entry);
  return {
    digest: await digestOf(`${Deno.version.deno} ${FORM} ${sources.digest}`),
    isCurrent: () => sources.areUnchanged(),
    // No names are shortened: they are in the stack traces of services.
    write: async (output) => {
      await runBundler(["--no-config", "--no-lock", "--output", output, entry.href], {
        deno,
        cwd: new URL("../../../", import.meta.url),
        background: makingSignal(),
      });
      const text = quickText(await Deno.readTextFile(output));
      if (await isProgram(text, deno)) await Deno.writeTextFile(output, text);
    },
  };
}

/** Whether Deno can parse a text; it goes by how the bundler prints, which may change some day. */
async function isProgram(text: string, deno: string): Promise<boolean> {
  // It may end with an error of its own, as our part of a service does where there is no agent.
  return !NO_PROGRAM.test((await runDeno(deno, { args: programArguments(), input: text })).stderr);
}

/** One file that there is already, where a service can't import it from: in the binary. */
export async function textSource(text: string): Promise<BeginSource> {
  return {
    digest: await digestOf(text),
    isCurrent: () => true,
    write: (path) => Deno.writeTextFile(path, text),
  };
}

/**
 * Finds the file in a folder, or makes it there. Others may do the same at the same time.
 *
 * @returns The file; undefined when its source was changed meanwhile.
 * @throws {Error} when it can't be made.
 */
export async function prepareBegin(
  source: BeginSource,
  folder: string,
): Promise<PreparedBegin | undefined> {
  const path = join(folder, `begin-${source.digest.slice(0, 32)}.mjs`);
  const end = `\n// The end of ${source.digest}\n`;
  if (!await isWhole(path, end)) {
    const temp = `${path}.${crypto.randomUUID()}`;
    try {
      await source.write(temp);
      if (!source.isCurrent()) return undefined;
      await Deno.writeTextFile(temp, end, { append: true });
      await Deno.rename(temp, path);
    } finally {
      await removeIfThere(temp);
    }
  }
  await noteUse(path, FILE_NAME);
  return {
    url: pathToFileURL(path).href,
    // Caches are emptied.
    isCurrent: () => isFileSync(path) && source.isCurrent(),
  };
}

/** A host that lost its power may have kept the name of a file, and nothing of its end. */
async function isWhole(path: string, end: string): Promise<boolean> {
  try {
    return (await Deno.readTextFile(path)).endsWith(end);
  } catch {
    // What is not there, or can't be read, is made.
    return false;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
