/**
 * `mesh`: runs a mesh in this process until Ctrl-C.
 *
 * @module
 */

import { reasonOf } from "../../../protocol/errors.ts";
import type { Parsed } from "../grammar/commands.ts";
import { ownAdminFile } from "../../admin/admin_file.ts";
import { isBinary } from "../../binary/is_binary.ts";
import { runNotes } from "../../launcher/program.ts";
import { LocalMesh } from "../../local/local_mesh.ts";
import { CommandError, type CommandIO } from "../io.ts";
import { loadConfig } from "../load_config.ts";
import { listenForSignals, surviveRejections } from "../process.ts";
import { createMeshOutput } from "./mesh_output.ts";

/** What runs when no mesh is named; the binary has no examples beside it. */
function defaultMesh(): string {
  const example = new URL("../../../examples/hello", import.meta.url);
  return isBinary() ? "." : decodeURIComponent(example.pathname);
}

/** Runs a mesh; returns when it was stopped and everything has ended. */
export async function run(parsed: Parsed<"mesh">, io: CommandIO): Promise<number> {
  const { flags } = parsed;
  const config = await loadConfig(parsed.arguments.path ?? defaultMesh());
  const output = createMeshOutput(io, { json: flags.json });
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
    await mesh.stop();
    output.stopped();
    return 0;
  } catch (error) {
    await mesh.kill();
    throw new CommandError(reasonOf(error));
  } finally {
    stop.ignore();
    adminFile.remove();
  }
}
