/**
 * `mesh`: runs a mesh in this process until Ctrl-C.
 *
 * @module
 */

import { reasonOf } from "../../../protocol/errors.ts";
import type { Parsed } from "../grammar/commands.ts";
import { removeAdminFile, writeAdminFile } from "../../admin/admin_file.ts";
import { ConfigError } from "../../config/config_error.ts";
import { loadMesh } from "../../config/load_mesh.ts";
import type { MeshConfig } from "../../config/mesh_config.ts";
import { clockMs } from "../../host.ts";
import { LocalMesh } from "../../local/local_mesh.ts";
import { CommandError, type CommandIO } from "../io.ts";
import { createMeshOutput, type MeshOutput } from "./mesh_output.ts";

/** What runs when no mesh is named. */
const EXAMPLE = new URL("../../../examples/hello", import.meta.url);

/** The exit code after a second Ctrl-C, as shells have it for SIGINT. */
const INTERRUPTED_EXIT_CODE = 130;

/**
 * One Ctrl-C comes twice under `deno task`: from the terminal, and passed on by the task runner.
 * What comes this soon after the first is the same. Milliseconds.
 */
const SAME_PRESS_MS = 500;

/** Runs a mesh; returns when it was stopped and everything has ended. */
export async function run(parsed: Parsed<"mesh">, io: CommandIO): Promise<number> {
  const { flags } = parsed;
  const config = await load(parsed.arguments.path ?? decodeURIComponent(EXAMPLE.pathname));
  const output = createMeshOutput(io, { json: flags.json });
  const token = crypto.randomUUID();
  const mesh = new LocalMesh({
    config,
    data: flags.data,
    hostname: flags.host,
    port: flags.port,
    adminPort: flags["admin-port"],
    token,
    facts: (facts) => output.facts(facts),
    output: (lines) => output.lines(lines),
    warn: (text) => output.warn(text),
  });
  const forget = () => {
    if (flags.data !== "none") removeAdminFile(flags.data, Deno.pid);
  };
  // A promise that nobody waits for must not end what serves users.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    output.warn(`Cannot handle an error: ${reasonOf(event.reason)}`);
  });
  const stop = listenForSignals(output, async () => {
    await mesh.kill();
    forget();
  });
  try {
    const addresses = await mesh.start();
    const { adminUrl: url, gatewayUrl } = addresses;
    // Without a data folder there is no place for the token: it is printed instead.
    if (flags.data !== "none") {
      writeAdminFile(flags.data, { url, gatewayUrl, token, pid: Deno.pid });
    }
    output.ready(config, { ...addresses, data: flags.data, token });
    await stop.asked;
    await mesh.stop();
    output.stopped();
    return 0;
  } catch (error) {
    await mesh.kill();
    throw new CommandError(reasonOf(error));
  } finally {
    stop.ignore();
    forget();
  }
}

async function load(path: string): Promise<MeshConfig> {
  try {
    return await loadMesh(path);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message);
    throw error;
  }
}

/** The first signal asks for a soft end; the second ends the process as soon as all is killed. */
function listenForSignals(
  output: MeshOutput,
  kill: () => Promise<void>,
): { readonly asked: Promise<void>; ignore(): void } {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  let askedMs: number | undefined;
  const onSignal = () => {
    if (askedMs === undefined) {
      askedMs = clockMs();
      output.stopping();
      return resolve();
    }
    if (clockMs() - askedMs < SAME_PRESS_MS) return;
    void kill().finally(() => Deno.exit(INTERRUPTED_EXIT_CODE));
  };
  const signals: Deno.Signal[] = ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, onSignal);
  return {
    asked,
    ignore: () => signals.forEach((signal) => Deno.removeSignalListener(signal, onSignal)),
  };
}
