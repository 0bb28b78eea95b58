/**
 * The main module of a service process, as far as it is ours. The agent starts `deno run -` with
 * three lines on stdin: import this module, import the service, serve it. So the service runs in
 * its own folder, under its own deno.json or package.json; therefore nothing that this module loads
 * may use a bare specifier.
 *
 * Importing it begins the connection to the agent while the service is still loading, and makes
 * `fetch("http://NAME.mesh/…")` work from the first line of the service on.
 *
 * @module
 */

import { installWebSockets } from "../web_sockets/install.ts";
import { installLife } from "./life/life.ts";
import { guardConsole } from "./console_guard.ts";
import { installFetch, type MeshFetch } from "./mesh_fetch.ts";
import { readStartOrSpare } from "./start.ts";
import { ServiceProcess } from "./service_process.ts";
import { SpareProcess } from "./spare/spare_process.ts";
import { fetchOf } from "./handler.ts";

guardConsole(console);
const start = readStartOrSpare();
const serviceProcess = "spareID" in start ? new SpareProcess(start) : new ServiceProcess(start);
const send: MeshFetch = (service, request) => serviceProcess.fetch(service, request);
installFetch(send);
installLife(serviceProcess.life);
installWebSockets(send);

/**
 * Serves the default export of a service's module: an object with `fetch`, as for `deno serve`.
 * When it is none the process ends, and the start of the instance fails with what it says.
 */
export function serve(module: { readonly default?: unknown }): void {
  try {
    void serviceProcess.serve(fetchOf(module.default, start.service));
  } catch (error) {
    // Its author needs this one sentence, not a stack trace of ours.
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
