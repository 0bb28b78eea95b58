/**
 * Loads the mesh that a command names.
 *
 * @module
 */

import { ConfigError } from "../config/config_error.ts";
import { loadMesh, type LoadOptions } from "../config/load_mesh.ts";
import type { MeshConfig } from "../config/mesh_config.ts";
import { CommandError } from "./io.ts";

/**
 * Loads a mesh.
 *
 * @throws {CommandError} when there is no such mesh, or anything is wrong with it.
 */
export async function loadConfig(path: string, options: LoadOptions = {}): Promise<MeshConfig> {
  try {
    return await loadMesh(path, options);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}
