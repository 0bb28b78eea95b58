/**
 * A mesh of very many services, as one process or as a process for each role.
 *
 * @module
 */

import { childrenOf } from "../processes/process_stat.ts";
import { RoleProcess } from "../processes/role_process.ts";

const SERVICE = `export default { fetch: () => new Response("ok\\n") };\n`;
const MAIN = new URL("../../mod.ts", import.meta.url).href;

/** Starts that are waited for at a time. */
const STARTS_AT_ONCE = 4;

/** How a mesh is made. */
export interface ManyOptions {
  /** How many services it has. */
  readonly services: number;
  /** Whether each role is a process, with a data folder, as between hosts. */
  readonly isDistributed: boolean;
}

/** A mesh of very many services. */
export class ManyMesh {
  readonly #folder: string;
  #roles: RoleProcess[] = [];
  #gatewayUrl = "";
  #data = "";
  /** Where its admin API is. */
  adminUrl = "";

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes its services, each in a folder, and starts it. */
  static async start({ services, isDistributed }: ManyOptions): Promise<ManyMesh> {
    const folder = await Deno.makeTempDir({ prefix: "smmp-bench-" });
    const mesh = new ManyMesh(folder);
    const names = Array.from({ length: services }, (_, at) => nameOf(at));
    for (const name of names) {
      await Deno.mkdir(`${folder}/services/${name}`, { recursive: true });
      await Deno.writeTextFile(`${folder}/services/${name}/mod.ts`, SERVICE);
    }
    // Nothing is closed as idle while it is measured.
    const life = { idle: "1h" };
    const document = {
      services: Object.fromEntries(names.map((name) => [name, life])),
      routes: Object.fromEntries(names.map((name) => [`/${name}`, name])),
    };
    await Deno.writeTextFile(`${folder}/services/mesh.json`, JSON.stringify(document));
    await (isDistributed ? mesh.#startRoles() : mesh.#startLocal());
    return mesh;
  }

  /** The processes of the mesh itself. */
  get pids(): number[] {
    return this.#roles.map(({ pid }) => pid);
  }

  /** The processes of its instances. */
  get instancePids(): number[] {
    return this.pids.flatMap((pid) => childrenOf(pid)).map(({ pid }) => pid);
  }

  /** Has the first services run, each by a request. */
  async run(count: number): Promise<void> {
    let next = 0;
    const one = async () => {
      while (next < count) {
        const path = `/${nameOf(next++)}/`;
        await this.#get(path);
      }
    };
    await Promise.all(Array.from({ length: STARTS_AT_ONCE }, one));
  }

  /** A gateway that has just come may not know the routes yet. */
  async #get(path: string): Promise<void> {
    for (let triesLeft = 50;; triesLeft -= 1) {
      const response = await fetch(new URL(path, this.#gatewayUrl));
      const text = await response.text();
      if (response.ok) return;
      if (response.status !== 404 || triesLeft === 0) {
        throw new Error(`Cannot get "${path}": ${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Runs a command that looks into it; resolves with what it printed. */
  async command(...args: readonly string[]): Promise<string> {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, ...args, "--data", this.#data],
      stderr: "inherit",
    }).output();
    if (code !== 0) throw new Error(`Cannot run ${args.join(" ")}: exit code ${code}`);
    return new TextDecoder().decode(stdout);
  }

  /** Ends it, and removes what it made. */
  async stop(): Promise<void> {
    for (const role of this.#roles.toReversed()) await role.stop();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #startLocal(): Promise<void> {
    this.#data = `${this.#folder}/data`;
    const ports = ["--port", "0", "--admin-port", "0", "--data", this.#data];
    const mesh = this.#role("mesh", `${this.#folder}/services`, ...ports);
    const { gatewayUrl, adminUrl } = await mesh.event("meshReady");
    this.#gatewayUrl = String(gatewayUrl);
    this.adminUrl = String(adminUrl);
  }

  async #startRoles(): Promise<void> {
    const folder = this.#folder;
    this.#data = `${folder}/manager`;
    const places = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    const manager = this.#role("manager", ...places, "--data", this.#data);
    const ready = await manager.event("managerReady");
    this.adminUrl = String(ready.adminUrl);
    const host = ["--manager", String(ready.manager), "--listen", "127.0.0.1:0", "--name", "a1"];
    const agent = this.#role("agent", `${folder}/services`, ...host, "--data", `${folder}/agent`);
    const { listen } = await agent.event("agentListening");
    await agent.event("agentReady");
    const door = ["--agent", `a1@${listen}`, "--port", "0", "--data", `${folder}/gateway`];
    const gateway = this.#role("gateway", ...door);
    this.#gatewayUrl = String((await gateway.event("gatewayListening")).gatewayUrl);
    await gateway.event("gatewayReady");
  }

  #role(...args: readonly [string, ...string[]]): RoleProcess {
    const role = new RoleProcess(...args);
    this.#roles.push(role);
    return role;
  }
}

function nameOf(at: number): string {
  return `s${String(at).padStart(4, "0")}`;
}
