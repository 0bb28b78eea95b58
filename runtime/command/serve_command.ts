/**
 * The companion of a program: to the mesh it is the instance of a service as any other, and its
 * handler is the program. So tickets, keys, draining and counting hold for every language.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { guardConsole } from "../service/console_guard.ts";
import { ServiceProcess } from "../service/service_process.ts";
import { readStart } from "../service/start.ts";
import { installWebSockets } from "../web_sockets/install.ts";
import { forwardTo, passWebSocket, refuseHttp } from "./forward.ts";
import { askProgram } from "./health.ts";
import { runProgram } from "./program.ts";
import { MeshProxy } from "./proxy.ts";
import { readSpec } from "./spec.ts";

/** Starts the program that stdin tells of, and serves it until one of both ends. */
export async function serveCommand(): Promise<void> {
  guardConsole(console);
  try {
    const start = readStart();
    const spec = readSpec();
    const instance = new ServiceProcess(start);
    installWebSockets((service, request) => instance.fetch(service, request));
    const proxy = new MeshProxy((...asked) => instance.fetch(...asked));
    // What the manifest says of a variable stands.
    const env = { ...proxy.environment, ...spec.env };
    const program = await runProgram({ ...spec, env }, start.service);
    const { isRaw = false } = spec;
    const handler = isRaw ? refuseHttp(start.service) : forwardTo(program, start.service);
    const asked = { service: start.service, client: program.client, handler, ready: spec.ready };
    instance.serve(handler, {
      ending: () => program.stop(),
      check: (question) => askProgram(asked, question),
      ...(isRaw
        ? { connect: () => program.client.open() }
        : { webSocket: (...asked) => passWebSocket(program, ...asked) }),
    });
  } catch (error) {
    console.error(reasonOf(error));
    Deno.exit(1);
  }
}
