/**
 * A mesh as its user has it on many hosts, with all of them on the loopback: manager, agents and
 * gateways as processes of their own, followed by what they print.
 *
 * @module
 */

import { createAuthority, issueInto } from "../../../runtime/certificates/authority.ts";
import type { IdentityRole } from "../../../transports/secure/identity.ts";
import { Program } from "../../hosts/worlds/program.ts";
import { PROJECT, writeMesh } from "./mesh_process.ts";
import { killAll, processesWith } from "./processes.ts";

/** Where a role that was stopped is started again. */
interface Places {
  /** Where agents come. */
  readonly manager: string;
  /** The admin API. */
  readonly admin: string;
}

/** Options of {@linkcode DistributedMesh.make}. */
export interface DistributedOptions {
  /** Whether all roles have certificates. @default {false} */
  readonly isSecure?: boolean;
}

/** What a command printed, and how it ended. */
export interface Finished {
  /** Its exit code. */
  readonly code: number;
  /** What it printed, to stdout and stderr. */
  readonly text: string;
}

/** A running mesh. Disposing of it ends every process that it started, whatever happened. */
export class DistributedMesh implements AsyncDisposable {
  /** A folder for everything; it is removed in the end. */
  readonly folder: string;
  /** Whether all roles have certificates. */
  readonly isSecure: boolean;
  /** Where users come. */
  gatewayUrl = "";
  readonly #programs: Program[] = [];
  #places: Places = { manager: ":0", admin: ":0" };

  private constructor(folder: string, isSecure: boolean) {
    this.folder = folder;
    this.isSecure = isSecure;
  }

  /** Makes the folder and, if they are wanted, certificates; nothing runs yet. */
  static async make({ isSecure = false }: DistributedOptions = {}): Promise<DistributedMesh> {
    const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
    const mesh = new DistributedMesh(folder, isSecure);
    if (isSecure) {
      await createAuthority(`${folder}/ca`);
      const hosts = ["127.0.0.1"];
      await mesh.issue("manager", "manager", { hosts });
    }
    return mesh;
  }

  /** Where the manager is. */
  get manager(): string {
    return this.#places.manager;
  }

  /** Issues a certificate; returns its folder, relative to that of the mesh. */
  async issue(
    role: IdentityRole,
    name: string,
    options: { hosts?: readonly string[]; authority?: string; into?: string } = {},
  ): Promise<string> {
    const { hosts = [], authority = "ca", into = `certs/${name}` } = options;
    const identity = { role, name };
    await issueInto(`${this.folder}/${into}`, {
      authority: `${this.folder}/${authority}`,
      identity,
      hosts,
    });
    return into;
  }

  /** Starts a command of SMMP, which prints JSON lines. */
  start(name: string, ...args: readonly string[]): Program {
    const program = new Program({
      name,
      command: smmp(...args),
      folder: this.folder,
      // Inherited by everything that it starts: so what is left over can be found.
      env: { TMPDIR: this.folder },
    });
    this.#programs.push(program);
    return program;
  }

  /** Runs a command of SMMP to its end. */
  async run(...args: readonly string[]): Promise<Finished> {
    const program = this.start(args[0] ?? "", ...args);
    const { code } = await program.ended();
    return { code, text: program.printed.join("\n") };
  }

  /** Starts the manager, where the one before was; resolves when agents can come. */
  async startManager(): Promise<Program> {
    const { manager, admin } = this.#places;
    const places = ["--listen", manager, "--admin", admin, "--data", "manager", "--json"];
    const program = this.start("manager", "manager", ...places, ...this.tls("manager"));
    const ready = await program.event("managerReady");
    this.#places = {
      manager: String(ready.manager),
      admin: new URL(String(ready.adminUrl)).host,
    };
    return program;
  }

  /**
   * Starts an agent that can start some services of the folder services/, each with a route.
   *
   * @param name Its name.
   * @param services The services.
   * @param before Where the agent of that name was before, as `startAgent` gave it.
   */
  async startAgent(
    name: string,
    services: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
    before = `${name}@:0`,
  ): Promise<{ readonly program: Program; readonly listen: string }> {
    await Deno.mkdir(`${this.folder}/${name}`, { recursive: true });
    await writeMesh(`${this.folder}/${name}`, { services });
    if (this.isSecure) await this.issue("agent", name);
    const place = ["--manager", this.manager, "--listen", before.slice(name.length + 1)];
    const data = ["--data", `${name}/data`];
    const args = ["--name", name, ...place, ...data, "--json", ...this.tls(name)];
    const program = this.start(name, "agent", `${name}/mesh.json`, ...args);
    const { listen } = await program.event("agentListening");
    await program.event("agentReady");
    return { program, listen: `${name}@${listen}` };
  }

  /** Starts a gateway of an agent; resolves when it can be used. */
  async startGateway(agent: string, name = "g1"): Promise<Program> {
    if (this.isSecure) await this.issue("gateway", name);
    const args = ["--agent", agent, "--port", "0", "--data", "gateway", "--json"];
    const program = this.start(name, "gateway", ...args, ...this.tls(name));
    const { gatewayUrl } = await program.event("gatewayListening");
    await program.event("gatewayReady");
    this.gatewayUrl = String(gatewayUrl);
    return program;
  }

  /** Asks the gateway that was started last. */
  async text(path: string): Promise<string> {
    const response = await fetch(`${this.gatewayUrl}${path}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot get "${path}": ${response.status} ${text}`);
    return text;
  }

  /** The flags that give a role its certificate. */
  tls(name: string): string[] {
    return this.isSecure ? ["--tls", `certs/${name}`] : [];
  }

  /** Every process that was started for this mesh and still runs. */
  processes(): Promise<number[]> {
    return processesWith(`TMPDIR=${this.folder}`);
  }

  /** Kills everything and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) program.signal("SIGKILL");
    await Promise.all(this.#programs.map((program) => program.ended()));
    await killAll(await this.processes());
    await Deno.remove(this.folder, { recursive: true });
  }
}

function smmp(...args: readonly string[]): string[] {
  const config = ["--no-lock", "--config", `${PROJECT}deno.json`];
  return [Deno.execPath(), "run", "-A", ...config, `${PROJECT}mod.ts`, ...args];
}
