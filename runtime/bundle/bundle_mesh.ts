/**
 * Makes a folder of bundles of a mesh: a file for each service, and a mesh.json that says of them
 * what that of the mesh says. So the folder is a mesh itself.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";
import { isRecord } from "../../protocol/fields.ts";
import { readBoundedText } from "../bounded_file.ts";
import { parseJsonText } from "../config/json_text.ts";
import { MESH_FILE } from "../config/load_mesh.ts";
import type { MeshConfig, ServiceConfig } from "../config/mesh_config.ts";
import { MESH_FILE_BYTES_MAX } from "../config/schema/mesh_schema.ts";
import { isFile } from "../config/service_files.ts";
import { BUNDLE_MARK, BundleError, bundleService } from "./bundler.ts";

/** A bundle that was made. */
export interface Bundle {
  /** The name of the service. */
  readonly service: string;
  /** Its file, from the folder of the bundles. */
  readonly file: string;
  /** How many bytes it has. */
  readonly bytes: number;
}

/** Where bundles are made, and with what. */
export interface BundleOptions {
  /** The folder for them; it is made when it is not there. */
  readonly out: string;
  /** The deno that makes them. */
  readonly deno: string;
}

/**
 * Bundles every service of a mesh that is a module; programs stay as they are. Nothing in the
 * folder changes unless all of them can be made; an agent that has the folder sees whole files
 * only.
 *
 * @returns The bundles, in the order of the mesh.
 * @throws {BundleError} when the folder has something else in it, or a service can't be bundled.
 */
export async function bundleMesh(mesh: MeshConfig, options: BundleOptions): Promise<Bundle[]> {
  const out = resolve(options.out);
  if (mesh.services.size > 0 && modulesOf(mesh).length === 0) {
    throw new BundleError("Cannot bundle: all of its services are programs");
  }
  const document = await documentOf(mesh);
  await checkFolder(out, mesh);
  await Deno.mkdir(out, { recursive: true });
  const temp = await Deno.makeTempDir({ dir: out, prefix: ".bundling-" });
  try {
    const bundles = await makeAll(mesh, { temp, deno: options.deno });
    await Deno.writeTextFile(join(temp, MESH_FILE), meshText(document, bundles));
    for (const file of [...bundles.map(({ file }) => file), MESH_FILE]) {
      await Deno.mkdir(dirname(join(out, file)), { recursive: true });
      await Deno.rename(join(temp, file), join(out, file));
    }
    return bundles;
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

async function makeAll(
  mesh: MeshConfig,
  { temp, deno }: { readonly temp: string; readonly deno: string },
): Promise<Bundle[]> {
  const bundles: Bundle[] = [];
  const problems: string[] = [];
  for (const { name, entry } of modulesOf(mesh)) {
    const file = fileOf({ name, entry });
    try {
      const bytes = await bundleService(entry, { output: join(temp, file), deno });
      bundles.push({ service: name, file, bytes });
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      problems.push(`Cannot bundle "${name}": ${error.message}`);
    }
  }
  if (problems.length > 0) throw new BundleError(problems.join("\n"));
  return bundles;
}

/** The services that are modules, and no programs. */
function modulesOf(mesh: MeshConfig): ServiceConfig[] {
  return [...mesh.services.values()].filter(({ program }) => program === undefined);
}

/** A service that is a folder stays one: it may read what lies beside it. */
function fileOf({ name, entry }: Pick<ServiceConfig, "name" | "entry">): string {
  return /^mod\.[a-z]+$/.test(basename(entry)) ? `${name}/mod.js` : `${name}.js`;
}

type MeshRecord = Readonly<Record<string, unknown>>;

/** What mesh.json says; for a folder without one, what that means. */
async function documentOf(mesh: MeshConfig): Promise<MeshRecord> {
  const written = mesh.file === undefined ? {} : await readDocument(mesh.file);
  const services = isRecord(written.services)
    ? written.services
    : Object.fromEntries([...mesh.services.keys()].map((name) => [name, { plugs: "*" }]));
  const routes = written.routes ??
    Object.fromEntries(mesh.routes.map(({ path, service }) => [path, service]));
  const { $schema: _, ...rest } = written;
  return { name: mesh.name, ...rest, services, routes };
}

/** Nothing is checked here: the mesh was loaded from this file. */
async function readDocument(file: string): Promise<MeshRecord> {
  const { value } = parseJsonText(await readBoundedText(file, MESH_FILE_BYTES_MAX));
  return isRecord(value) ? value : {};
}

function meshText(document: MeshRecord, bundles: readonly Bundle[]): string {
  const written = isRecord(document.services) ? document.services : {};
  const files = new Map(bundles.map(({ service, file }) => [service, file]));
  const services = Object.fromEntries(
    Object.entries(written).map(([service, before]) => {
      const file = files.get(service);
      const said = isRecord(before) ? before : {};
      return [service, file === undefined ? said : { ...said, entry: `./${file}` }];
    }),
  );
  return `${JSON.stringify({ ...document, services }, null, 2)}\n`;
}

/** Bundles replace bundles, nothing that somebody wrote. */
async function checkFolder(out: string, mesh: MeshConfig): Promise<void> {
  const refuse = (why: string) => new BundleError(`Cannot write bundles to "${out}": ${why}`);
  if (out === mesh.folder) throw refuse("the mesh itself is there");
  const mine = modulesOf(mesh).map(fileOf);
  for (const file of mine) {
    if (await isFile(join(out, file)) && !await isBundle(join(out, file))) {
      throw refuse(`its ${file} is no bundle`);
    }
  }
  const file = join(out, MESH_FILE);
  if (!await isFile(file)) return;
  const { services } = await readDocument(file);
  const entries = isRecord(services) ? Object.values(services) : [];
  let bundles = 0;
  for (const service of entries) {
    const { entry, command } = isRecord(service) ? service : {};
    const isOne = typeof entry === "string" && await isBundle(join(out, entry));
    bundles += isOne ? 1 : 0;
    if (isOne || command !== undefined) continue;
    throw refuse(`its ${MESH_FILE} is of something else than bundles`);
  }
  if (entries.length > 0 && bundles === 0) throw refuse(`its ${MESH_FILE} has no bundles`);
}

async function isBundle(path: string): Promise<boolean> {
  if (!await isFile(path)) return false;
  using file = await Deno.open(path);
  const bytes = new Uint8Array(BUNDLE_MARK.length);
  await file.read(bytes);
  return new TextDecoder().decode(bytes) === BUNDLE_MARK;
}
