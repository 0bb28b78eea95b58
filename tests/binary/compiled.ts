/**
 * The binary, compiled for the tests of one file, and bundles for it.
 *
 * @module
 */

import { bundleMesh } from "../../runtime/bundle/bundle_mesh.ts";
import { bundlingDeno } from "../../runtime/bundle/bundler.ts";
import { loadMesh } from "../../runtime/config/load_mesh.ts";
import { type MeshOptions, PROJECT, writeMesh } from "../integration/meshes/mesh_process.ts";

/** The Deno that can compile here, if there is one. */
export const COMPILER: string | undefined = Deno.env.get("DENO_COMPILE");

if (COMPILER === undefined) {
  console.log(
    "the compiled binary is not tested: DENO_COMPILE names no Deno that can compile here",
  );
}

/** A compiled program, and where tests put what they give it. */
export interface Compiled {
  /** The path of the program. */
  readonly binary: string;
  /** A folder with no program in it: a PATH without a deno. */
  readonly emptyPath: string;
}

let compiled: Promise<Compiled> | undefined;

/** The binary; compiled once, and removed when the file of tests has ended. */
export function compileOnce(): Promise<Compiled> {
  return compiled ??= compile();
}

async function compile(): Promise<Compiled> {
  const folder = await Deno.makeTempDir({ prefix: "smmp-binary-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const binary = `${folder}/smmp`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", `${PROJECT}runtime/binary/compile.ts`, binary],
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) throw new Error(`Cannot compile: ${new TextDecoder().decode(stderr)}`);
  const emptyPath = `${folder}/empty`;
  await Deno.mkdir(emptyPath);
  return { binary, emptyPath };
}

/** Bundles a mesh into a new folder, gives that to `use`, and removes it afterwards. */
export async function withBundles(
  mesh: Pick<MeshOptions, "path" | "services" | "routes">,
  use: (bundles: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  try {
    const source = mesh.path ?? await writeMesh(folder, mesh);
    const out = `${folder}/bundles`;
    await bundleMesh(await loadMesh(source), { out, deno: bundlingDeno() });
    await use(out);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
