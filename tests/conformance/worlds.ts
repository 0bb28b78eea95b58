/**
 * The places in which the same service runs.
 *
 * @module
 */

import { type MeshProcess, startMesh } from "../integration/meshes/mesh_process.ts";
import subject from "./services/subject.ts";

/** A place in which the subject can be reached. */
export interface World {
  /**
   * Directly under `Deno.serve`, through the gateway, through the gateway and a relay, or through
   * the gateway as a program.
   */
  readonly name: "direct" | "gateway" | "relay" | "program";
  /** The port to connect to, on the loopback address. */
  readonly port: number;
  /** What to send as `Host`. */
  readonly host: string;
}

/** All worlds; disposing of them ends them. */
export interface Worlds extends AsyncDisposable {
  /** The subject alone: what it says is right. */
  readonly direct: World;
  /** The others. */
  readonly meshed: readonly World[];
  /** The mesh of the others. */
  readonly mesh: MeshProcess;
}

const [MAJOR = 0, MINOR = 0] = Deno.version.deno.split(".").map(Number);

/**
 * Whether the subject alone, under an older Deno, is another one: its server compresses by itself,
 * spells methods anew, takes larger heads, and lets much garbage gather. Only the gateway's own
 * rules can be tested there.
 */
export const IS_OLD_DENO: boolean = MAJOR < 2 || (MAJOR === 2 && MINOR < 9);

const SERVICES = new URL("./services/", import.meta.url).pathname;

/** Runs the subject as a program. */
const PROGRAM = [Deno.execPath(), "run", "--allow-net", "--allow-env", `${SERVICES}program.ts`];

/**
 * A mesh with the subject at `subject.test`, also as a `program.test`, and a relay to it.
 *
 * @param env What is more in its environment.
 */
export function startSubjects(env: Readonly<Record<string, string>> = {}): Promise<MeshProcess> {
  return startMesh({
    env,
    services: {
      subject: { entry: `${SERVICES}subject.ts` },
      fetcher: { entry: `${SERVICES}fetcher.ts`, plugs: ["subject"] },
      program: { entry: undefined, command: PROGRAM },
      relay: { entry: `${SERVICES}relay.ts`, plugs: ["subject"] },
    },
    routes: {
      "subject.test/": "subject",
      "relay.test/": "relay",
      "program.test/": "program",
      "fetcher.test/": "fetcher",
      "/": "subject",
    },
  });
}

/** Starts them. */
export async function startWorlds(): Promise<Worlds> {
  const mesh = await startSubjects();
  const port = Number(new URL(mesh.gatewayUrl).port);
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    // What the subject throws on purpose is not for the output of the tests.
    onError: () => new Response("Internal Server Error", { status: 500 }),
  }, subject.fetch);
  return {
    direct: { name: "direct", port: server.addr.port, host: "subject.test" },
    meshed: [
      { name: "gateway", port, host: "subject.test" },
      { name: "relay", port, host: "relay.test" },
      { name: "program", port, host: "program.test" },
    ],
    mesh,
    async [Symbol.asyncDispose]() {
      await mesh[Symbol.asyncDispose]();
      await server.shutdown();
    },
  };
}
