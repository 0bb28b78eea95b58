/**
 * Which room may import which.
 *
 * @module
 */

import { PROJECT, runDeno } from "./source_files.ts";

/** One import, as it is written in a file. */
export interface Import {
  /** The file that imports, from the folder of the project. */
  readonly source: string;
  /** The text between the quotes. */
  readonly specifier: string;
  /** The file that is meant, from the folder of the project; a URL when it is outside. */
  readonly dest: string;
  /** Whether the import is gone when the program runs. */
  readonly isType: boolean;
}

const BELOW_RUNTIME = ["protocol", "roles", "transports"];
const PRODUCT = [...BELOW_RUNTIME, "runtime", "workers", "mod.ts"];

/** The rooms that a room may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "protocol": [],
  "roles": ["protocol"],
  "transports": ["protocol"],
  "runtime": [...BELOW_RUNTIME, "std"],
  "workers": [...BELOW_RUNTIME, "runtime", "std"],
  "mod.ts": [...BELOW_RUNTIME, "runtime"],
  "std": [],
  "examples": ["mod.ts"],
  "bench": [...PRODUCT, "std", "examples", "tests"],
  "docs": [...PRODUCT, "std"],
  "tests": [...PRODUCT, "std", "examples", "bench", "docs"],
};

/** Rooms that import nothing that is not a file of the project. */
const CLOSED_ROOMS = ["protocol", "roles"];

/** Packages that only tests and measurements may use. */
const TEST_PACKAGES = /^(@std\/assert|fast-check|playwright-core|npm:fast-check.*)$/;

/** What a service process loads inside the user's own deno.json, where our names mean nothing. */
const SERVICE_FILES = new RegExp(
  "^(protocol|roles/service|runtime/service|runtime/sessions|runtime/web_sockets)/" +
    "|^transports/(link|tcp|tcp_link|lines|codec)\\.ts$|^runtime/worker/(begin|host)\\.ts$",
);

/** Reads the imports of files, and of everything that they import. */
export async function readImports(files: readonly string[]): Promise<Import[]> {
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const lines = files.map((file) => `import ${JSON.stringify(new URL(file, PROJECT).href)};\n`);
    await Deno.writeTextFile(entry, lines.join(""));
    const config = new URL("deno.json", PROJECT).pathname;
    const { code, stdout, stderr } = await runDeno(["info", "--json", "--config", config, entry]);
    if (code !== 0) throw new Error(`Cannot read the imports: ${stderr}`);
    return importsOf(JSON.parse(stdout)).filter(({ source }) => MAY_IMPORT[roomOf(source)]);
  } finally {
    await Deno.remove(entry);
  }
}

/** The part of `deno info --json` that is read here. */
interface ModuleGraph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly error?: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: { readonly specifier?: string };
      readonly type?: { readonly specifier?: string };
    }[];
  }[];
}

function importsOf({ modules }: ModuleGraph): Import[] {
  return modules.flatMap(({ specifier: source, error, dependencies = [] }) => {
    if (error !== undefined) throw new Error(`Cannot load "${source}": ${error}`);
    return dependencies.map(({ specifier, code, type }) => ({
      source: pathOf(source),
      specifier,
      dest: pathOf(code?.specifier ?? type?.specifier ?? specifier),
      isType: code === undefined,
    }));
  });
}

function pathOf(url: string): string {
  return url.startsWith(PROJECT.href) ? url.slice(PROJECT.href.length) : url;
}

function roomOf(path: string): string {
  return path.split("/")[0] ?? path;
}

/** Finds the imports that the rule of arrows forbids, each as a sentence. */
export function findForbiddenArrows(imports: readonly Import[]): string[] {
  const found = imports.flatMap((one) => {
    const reason = reasonAgainst(one);
    return reason === undefined ? [] : [`${one.source} imports "${one.specifier}": ${reason}`];
  });
  return [...found, ...findHeavyServiceFiles(imports)];
}

function reasonAgainst({ source, specifier, dest }: Import): string | undefined {
  const [from, to] = [roomOf(source), roomOf(dest)];
  const isFile = MAY_IMPORT[to] !== undefined;
  if (TEST_PACKAGES.test(specifier) && from !== "tests" && from !== "bench") {
    return "it is for tests only";
  }
  if (!isFile && CLOSED_ROOMS.includes(from)) return `${from} imports no package`;
  if (isFile && from !== to && !MAY_IMPORT[from]?.includes(to)) return `${from} may not see ${to}`;
  return undefined;
}

/** Walks from what a service process loads, and finds every import that it cannot resolve. */
function findHeavyServiceFiles(imports: readonly Import[]): string[] {
  const bySource = Map.groupBy(imports, ({ source }) => source);
  const reached = new Set([...bySource.keys()].filter((source) => SERVICE_FILES.test(source)));
  const found: string[] = [];
  for (const source of reached) {
    for (const { specifier, dest, isType } of bySource.get(source) ?? []) {
      if (!/^(\.\.?\/|node:)/.test(specifier)) {
        found.push(
          `${source} imports "${specifier}": service processes load it, so it is relative`,
        );
      } else if (!isType) reached.add(dest);
    }
  }
  return found;
}
