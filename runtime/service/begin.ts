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
import { installFetch, type MeshFetch } from "./calls/mesh_fetch.ts";
import { readStartOrSpare } from "./start.ts";
import { ServiceProcess } from "./service_process.ts";
import { SpareProcess } from "./spare/spare_process.ts";
import { fetchOf } from "./handler.ts";
import { expectStaticBodies, type StaticBodyPlace } from "../sessions/bodies/static_body.ts";

guardConsole(console);
const start = readStartOrSpare();
const serviceProcess = "spareID" in start ? new SpareProcess(start) : new ServiceProcess(start);
const send: MeshFetch = (...asked) => serviceProcess.fetch(...asked);
installFetch(send);
installLife(serviceProcess.life);
installWebSockets(send);

/**
 * Serves the default export of a service's module: an object with `fetch`, as for `deno serve`.
 * When it is none the process ends, and the start of the instance fails with what it says.
 *
 * @param module The module.
 * @param places Where the agent has found the bodies of responses. @default {it is found out later}
 */
export function serve(
  module: { readonly default?: unknown },
  places?: readonly StaticBodyPlace[],
): void {
  if (places !== undefined) expectStaticBodies(places);
  try {
    void serviceProcess.serve(fetchOf(module.default, start.service));
  } catch (error) {
    // Its author needs this one sentence, not a stack trace of ours.
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}

/**
 * The same for a service that is loaded only when this is an instance: so a spare that has not run
 * a line of it can wait.
 *
 * @param load Loads its module.
 */
export function serveLoaded(load: () => Promise<{ readonly default?: unknown }>): void {
  const handler = async () => {
    try {
      return fetchOf((await load()).default, start.service);
    } catch (error) {
      // What our code throws here is one sentence for its author; the rest is the module's own.
      const isOurs = error instanceof TypeError && error.message.startsWith("Cannot serve ");
      console.error(isOurs ? error.message : error);
      return Deno.exit(1);
    }
  };
  if (serviceProcess instanceof SpareProcess) return void serviceProcess.serveLater(handler);
  void handler().then((loaded) => serviceProcess.serve(loaded));
}
