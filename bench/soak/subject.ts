/**
 * The mesh that is soaked: a process of its own, watched from outside.
 *
 * @module
 */

import { lines } from "../../tests/integration/meshes/output.ts";

const PROJECT = new URL("../../", import.meta.url).pathname;
const MESH = new URL("./mesh.json", import.meta.url).pathname;

/** What a process holds. */
export interface Holding {
  /** Memory that is its own, in MiB. */
  readonly memoryMib: number;
  /** Open files, sockets and pipes. */
  readonly handles: number;
}

/** A running mesh. */
export class Subject {
  /** Where users come. */
  readonly url: string;
  /** What it printed that nobody expects. */
  readonly warnings: string[];
  readonly #adminUrl: string;
  readonly #child: Deno.ChildProcess;
  readonly #data: string;

  private constructor(
    child: Deno.ChildProcess,
    parts: { url: string; adminUrl: string; warnings: string[]; data: string },
  ) {
    this.#child = child;
    this.url = parts.url;
    this.#adminUrl = parts.adminUrl;
    this.warnings = parts.warnings;
    this.#data = parts.data;
  }

  /** Starts it on free ports, with its history in a folder that ends with it. */
  static async start(options: { workers: number }): Promise<Subject> {
    const data = await Deno.makeTempDir({ prefix: "smmp-soak-" });
    const flags = ["--port", "0", "--admin-port", "0", "--data", data, "--json"];
    const workers = ["--gateway-workers", String(options.workers)];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", `${PROJECT}mod.ts`, "mesh", MESH, ...flags, ...workers],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const { promise, resolve, reject } = Promise.withResolvers<{ url: string; adminUrl: string }>();
    const warnings: string[] = [];
    void (async () => {
      for await (const line of lines(child.stdout)) {
        const event = JSON.parse(line);
        if (event.kind === "meshReady") {
          resolve({ url: event.gatewayUrl, adminUrl: event.adminUrl });
        }
        if (event.kind === "warning") warnings.push(String(event.reason));
      }
      reject(new Error("Cannot soak: the mesh did not start"));
    })();
    return new Subject(child, { ...await promise, warnings, data });
  }

  /**
   * Kills one instance of a service, as the system would. Nothing, when none runs. That is no fault
   * of the service, so its crashes are forgotten, as an operator can order: else it would be in a
   * crash loop, and be refused as it should.
   */
  async kill(service: string): Promise<void> {
    const response = await fetch(`${this.url}/${service}/pid`).catch(() => undefined);
    if (!response?.ok) return void await response?.body?.cancel();
    const { pid } = await response.json();
    try {
      Deno.kill(Number(pid), "SIGKILL");
    } catch (error) {
      // It ended by itself meanwhile.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const { token } = JSON.parse(await Deno.readTextFile(`${this.#data}/admin.json`));
    const reset = await fetch(`${this.#adminUrl}/v1/services/${service}/reset`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: "{}",
    });
    await reset.body?.cancel();
    if (!reset.ok) throw new Error(`Cannot reset "${service}": status ${reset.status}`);
  }

  /** What the mesh itself holds now. */
  async holding(): Promise<Holding> {
    const { pid } = this.#child;
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    const memoryMib = Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? NaN) / 1_024;
    let handles = 0;
    for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) handles += 1;
    return { memoryMib, handles };
  }

  /** How many instances and connections the manager knows, without gateways. */
  async open(): Promise<{ instances: number; connections: number }> {
    const count = async (what: string, isMine: (one: { service?: string }) => boolean) => {
      const { items } = await (await fetch(`${this.#adminUrl}/v1/${what}?limit=1000`)).json();
      return items.filter(isMine).length;
    };
    return {
      instances: await count("instances", ({ service }) => service !== "gateway"),
      connections: await count("connections", () => true),
    };
  }

  /** Ends it; whether it ended as it should. */
  async stop(): Promise<boolean> {
    this.#child.kill("SIGINT");
    const { code } = await this.#child.status;
    await Deno.remove(this.#data, { recursive: true });
    return code === 0;
  }
}
