/**
 * A mesh with a port that leads to a program, and raw connections to it.
 *
 * @module
 */

import {
  DEADLINE_MS,
  type MeshOptions,
  type MeshProcess,
  startMesh,
} from "../meshes/mesh_process.ts";

/** What a mesh with ports is started with. */
export interface TcpMeshOptions extends Pick<MeshOptions, "isReadable"> {
  /** The services of mesh.json. */
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Its ports. */
  readonly ports: Readonly<Record<number, unknown>>;
  /** Its routes. @default {none} */
  readonly routes?: Readonly<Record<string, unknown>>;
  /** Its gateway. */
  readonly gateway?: Readonly<Record<string, unknown>>;
}

/** A mesh, and its folder with mesh.json. */
export interface TcpMesh extends AsyncDisposable {
  /** The mesh. */
  readonly mesh: MeshProcess;
}

/** A port that nobody listens on, below those that the system gives to who dials. */
export function freePort(): number {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 9_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch {
      // Somebody listens there.
    }
  }
}

/** Redis overwrites its environment, by which what is left over is found: so nothing may be. */
async function endSoftly(mesh: MeshProcess): Promise<void> {
  try {
    mesh.signal("SIGINT");
  } catch {
    // It has ended already.
  }
  await mesh.ended();
}

/** Waits until something is so that no event tells of. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!await isSo()) {
    if (performance.now() > endMs) throw new Error(`Cannot see it: not within ${DEADLINE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The command of a program that speaks tcp in a script of Deno in `services/`. */
export function scriptOf(name: string): string[] {
  const script = new URL(`../services/${name}.ts`, import.meta.url).pathname;
  return [Deno.execPath(), "run", "-A", "--no-config", "--no-lock", script];
}

/** Writes the mesh.json of a mesh into a new folder. */
export async function writeTcpMesh(options: TcpMeshOptions): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  const { isReadable: _, ...document } = options;
  await Deno.writeTextFile(`${folder}/mesh.json`, JSON.stringify(document));
  return folder;
}

/** Starts a mesh. */
export async function startTcpMesh(options: TcpMeshOptions): Promise<TcpMesh> {
  const folder = await writeTcpMesh(options);
  const mesh = await startMesh({ path: folder, isReadable: options.isReadable ?? false });
  return {
    mesh,
    async [Symbol.asyncDispose]() {
      await endSoftly(mesh);
      await mesh[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** A connection, read by lines and by all that comes until its end. */
export class RawClient implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async open(port: number): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Writes all of a text, or of bytes. */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    for (let rest = bytes; rest.length > 0;) {
      rest = rest.subarray(await this.#connection.write(rest));
    }
  }

  /** The next line; undefined at the end. */
  async line(): Promise<string | undefined> {
    while (!this.#text.includes("\n")) {
      if (!await this.#more()) return undefined;
    }
    const [line = ""] = this.#text.split("\n", 1);
    this.#text = this.#text.slice(line.length + 1);
    return line;
  }

  /** All that still comes, until the end. */
  async rest(): Promise<string> {
    while (await this.#more());
    return this.#text;
  }

  /** Ends the direction of this end. */
  async end(): Promise<void> {
    await this.#connection.closeWrite();
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #more(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    const count = await this.#connection.read(buffer);
    if (count === null) return false;
    this.#text += this.#decoder.decode(buffer.subarray(0, count), { stream: true });
    return true;
  }
}
