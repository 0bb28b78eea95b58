/**
 * `bundle`: makes each service of a mesh one file of JavaScript, which needs nothing else.
 *
 * @module
 */

import { join, relative } from "node:path";
import { type Bundle, bundleMesh } from "../../bundle/bundle_mesh.ts";
import { BundleError, bundlingDeno } from "../../bundle/bundler.ts";
import type { MeshConfig } from "../../config/mesh_config.ts";
import type { Parsed } from "../grammar/commands.ts";
import { CommandError, type CommandIO } from "../io.ts";
import { loadConfig } from "../load_config.ts";
import { renderTable } from "../table.ts";

/** Bundles a mesh; returns 0. */
export async function run(parsed: Parsed<"bundle">, io: CommandIO): Promise<number> {
  const { out, json } = parsed.flags;
  try {
    const mesh = await loadConfig(parsed.arguments.path ?? ".", { isPart: true });
    const bundles = await bundleMesh(mesh, { out, deno: bundlingDeno() });
    if (json) io.stdout(`${JSON.stringify({ out, bundles }, null, 2)}\n`);
    else io.stdout(describe(bundles, { out, mesh, io }));
    return 0;
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    throw new CommandError(error.message, { cause: error });
  }
}

function describe(
  bundles: readonly Bundle[],
  { out, mesh, io }: { readonly out: string; readonly mesh: MeshConfig; readonly io: CommandIO },
): string {
  const columns = [{ title: "SERVICE" }, { title: "BUNDLE" }, { title: "KIB" }];
  const rows = bundles.map(({ service, file, bytes }) => [
    service,
    join(out, file),
    Math.ceil(bytes / 1_024),
  ]);
  const notes = [...mesh.services.values()].flatMap((service) => {
    if (service.program !== undefined) {
      return [`${service.name} is a program: copy its files, and install what it runs with\n`];
    }
    const paths = service.permissions.read.map((path) => relative(mesh.folder, path));
    return paths.length === 0
      ? []
      : [`${service.name} may read ${paths.join(", ")}: only code is in a bundle\n`];
  });
  return renderTable({ columns, rows }, io) + (notes.length > 0 ? `\n${notes.join("")}` : "");
}
