/**
 * `mesh`: runs a mesh in this process until Ctrl-C.
 *
 * @module
 */

import { resolve } from "node:path";
import { reasonOf } from "../../../protocol/errors.ts";
import type { Parsed } from "../grammar/commands.ts";
import { ownAdminFile } from "../../admin/admin_file.ts";
import type { RepositoryChange } from "../../agent/repository/repository_watch.ts";
import { isBinary } from "../../binary/is_binary.ts";
import type { MeshConfig } from "../../config/mesh_config.ts";
import { runNotes } from "../../launcher/program.ts";
import { LocalMesh } from "../../local/local_mesh.ts";
import { CommandError, type CommandIO } from "../io.ts";
import { loadConfig } from "../load_config.ts";
import { listenForSignals, surviveRejections } from "../process.ts";
import { tellChange, watchServices } from "../service_watch.ts";
import { createMeshOutput, type MeshOutput } from "./mesh_output.ts";

/** What runs when no mesh is named; the binary has no examples beside it. */
function defaultMesh(): string {
  const example = new URL("../../../examples/hello", import.meta.url);
  return isBinary() ? "." : decodeURIComponent(example.pathname);
}

/** Runs a mesh; returns when it was stopped and everything has ended. */
export async function run(parsed: Parsed<"mesh">, io: CommandIO): Promise<number> {
  const { flags, arguments: { path = defaultMesh() } } = parsed;
  const output = createMeshOutput(io, { json: flags.json });
  const watch = !flags.watch ? undefined : await watchServices({
    path,
    isPart: false,
    leftOut: flags.data === "none" ? [] : [resolve(flags.data)],
    warn: output.warn,
    changed: (change) => void takeChange(change, { mesh, config, output }),
  });
  const config = watch?.repository.config ?? await loadConfig(path);
  const token = crypto.randomUUID();
  const mesh = new LocalMesh({
    config,
    data: flags.data,
    hostname: flags.host,
    port: flags.port,
    gatewayWorkers: flags["gateway-workers"],
    adminPort: flags["admin-port"],
    token,
    facts: (facts) => output.facts(facts),
    output: (lines) => output.lines(lines),
    warn: (text) => output.warn(text),
  });
  const adminFile = ownAdminFile(flags.data);
  surviveRejections(output.warn);
  const stop = listenForSignals({
    stopping: output.stopping,
    async kill() {
      await mesh.kill();
      adminFile.remove();
    },
  });
  try {
    const addresses = await mesh.start();
    const { adminUrl: url, gatewayUrl } = addresses;
    // Without a data folder there is no place for the token: it is printed instead.
    adminFile.write({ url, gatewayUrl, token });
    output.ready(config, { ...addresses, data: flags.data, token });
    for (const note of runNotes(config.services.values())) output.warn(note);
    await stop.asked;
    watch?.close();
    await mesh.stop();
    output.stopped();
    return 0;
  } catch (error) {
    await mesh.kill();
    throw new CommandError(reasonOf(error));
  } finally {
    watch?.close();
    stop.ignore();
    adminFile.remove();
  }
}

/** What was edited while the mesh runs is told to its roles, and to who looks at it. */
async function takeChange(
  change: RepositoryChange,
  { mesh, config, output }: { mesh: LocalMesh; config: MeshConfig; output: MeshOutput },
): Promise<void> {
  const { repository, edited } = change;
  if (JSON.stringify(repository.config.gateway) !== JSON.stringify(config.gateway)) {
    output.warn("what mesh.json says of the gateway holds from the next start on");
  }
  try {
    await mesh.update(repository.config, edited);
    tellChange(output, change);
  } catch (error) {
    output.warn(`Cannot take the change: ${reasonOf(error)}`);
  }
}
