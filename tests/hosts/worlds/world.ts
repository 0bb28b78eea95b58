/**
 * A mesh on several hosts with certificates: a manager, agents, gateways on an edge, and a user.
 *
 * @module
 */

import { createAuthority, issueInto } from "../../../runtime/certificates/authority.ts";
import type { StateView } from "../../../runtime/admin/views/view.ts";
import type { IdentityRole } from "../../../transports/secure/identity.ts";
import type { Hosts } from "./namespaces.ts";
import { DEADLINE_MS, Program } from "./program.ts";
import { User, type UserAnswer } from "../users/user.ts";

/** The hosts of a mesh. */
export const HOST_NAMES = ["manager", "a1", "a2", "edge", "user"] as const;

/** One of them. */
export type HostName = typeof HOST_NAMES[number];

/** A host with an agent. */
export type AgentName = "a1" | "a2";

/** A gateway: g1 comes to a1, g2 to a2. */
export type GatewayName = "g1" | "g2";

/** What an agent can start, as in mesh.json; the entry of a service is the file of its name. */
export type Services = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** How an agent is started. */
export interface AgentOptions {
  /** Its services. @default {FRONT_AND_BACK} */
  readonly services?: Services;
  /** More flags. @default {[]} */
  readonly flags?: readonly string[];
}

/** A service that asks another one. */
export const FRONT_AND_BACK: Services = { front: { plugs: ["back"] }, back: {} };

const PROJECT = new URL("../../../", import.meta.url).pathname;
const SERVICES = new URL("../services/", import.meta.url).pathname;
const TOKEN = "the-token-of-the-tests";
const AGENT_OF: Readonly<Record<GatewayName, AgentName>> = { g1: "a1", g2: "a2" };
const GATEWAY_PORT: Readonly<Record<GatewayName, number>> = { g1: 8081, g2: 8082 };

/** The command line of SMMP. */
export function smmp(...args: readonly string[]): string[] {
  const config = ["--no-lock", "--config", `${PROJECT}deno.json`];
  return [Deno.execPath(), "run", "-A", ...config, `${PROJECT}mod.ts`, ...args];
}

let fetched: Promise<unknown> | undefined;

/** The hosts of a test reach no registry, so what SMMP needs of one is fetched before. */
async function fetchPackages(): Promise<void> {
  const [deno = "", ...args] = smmp("help");
  fetched ??= new Deno.Command(deno, { args, stdout: "null", stderr: "null" }).output();
  await fetched;
}

/** A mesh on several hosts. */
export class World implements AsyncDisposable {
  /** A folder for everything; it is removed in the end. */
  readonly folder: string;
  /** Its hosts. */
  readonly hosts: Hosts<HostName>;
  /** The roles that were started last, by name. */
  readonly programs = new Map<string, Program>();
  readonly #user: User;

  private constructor(hosts: Hosts<HostName>, folder: string) {
    this.hosts = hosts;
    this.folder = folder;
    this.#user = new User({ prefix: hosts.prefix("user"), folder });
  }

  /** Makes certificates for all roles on hosts; nothing runs but the user. */
  static async make(hosts: Hosts<HostName>): Promise<World> {
    await fetchPackages();
    const folder = await Deno.makeTempDir({ prefix: "smmp-hosts-" });
    await createAuthority(`${folder}/ca`);
    const world = new World(hosts, folder);
    await world.issue("manager", "manager");
    for (const name of ["a1", "a2"] as const) await world.issue("agent", name);
    for (const name of ["g1", "g2"] as const) await world.issue("gateway", name);
    return world;
  }

  /** The user. */
  get user(): User {
    return this.#user;
  }

  /** The manager that was started last. */
  get manager(): Program {
    return this.program("manager");
  }

  /** A role that was started. */
  program(name: string): Program {
    const program = this.programs.get(name);
    if (program === undefined) throw new Error(`${name} was not started`);
    return program;
  }

  /** Issues a certificate into the folder of its name; returns the folder. */
  async issue(role: IdentityRole, name: string): Promise<string> {
    const folder = `${this.folder}/certs/${name}`;
    const host = HOST_NAMES.find((known) => known === name);
    const hosts = host === undefined ? [] : [this.hosts.address(host)];
    await issueInto(folder, { authority: `${this.folder}/ca`, identity: { role, name }, hosts });
    return folder;
  }

  /** Starts a program on a host. */
  run(host: HostName, name: string, command: readonly string[]): Program {
    const program = new Program({
      name,
      command: [...this.hosts.prefix(host), ...command],
      folder: this.folder,
      env: { SMMP_TOKEN: TOKEN },
    });
    this.programs.set(name, program);
    return program;
  }

  /** Starts the manager on a data folder; resolves when agents can come. */
  async startManager(data = "manager"): Promise<Program> {
    const listen = `${this.hosts.address("manager")}:7400`;
    const flags = ["--listen", listen, "--tls", "certs/manager", "--data", data, "--json"];
    const program = this.run("manager", "manager", smmp("manager", ...flags));
    await program.event("managerReady");
    return program;
  }

  /** Starts an agent; resolves when the manager has taken it in. */
  async startAgent(name: AgentName, options: AgentOptions = {}): Promise<Program> {
    const program = await this.launchAgent(name, options);
    await program.event("agentReady");
    return program;
  }

  /** Starts an agent, and does not wait for it. */
  async launchAgent(name: AgentName, options: AgentOptions = {}): Promise<Program> {
    const { services = FRONT_AND_BACK, flags = [] } = options;
    await this.writeServices(name, services);
    const address = this.hosts.address(name);
    const manager = `${this.hosts.address("manager")}:7400`;
    const places = ["--listen", `${address}:7402`, "--network", address, "--manager", manager];
    const folders = ["--tls", `certs/${name}`, "--data", `${name}/data`];
    const args = ["agent", `${name}/mesh.json`, ...places, ...folders, "--json", ...flags];
    return this.run(name, name, smmp(...args));
  }

  /** Writes what an agent can start. */
  async writeServices(name: HostName, services: Services): Promise<void> {
    const entries = Object.entries(services).map(([service, options]) => {
      return [service, { entry: `${SERVICES}${service}.ts`, ...options }];
    });
    const routes = Object.fromEntries(Object.keys(services).map((one) => [`/${one}`, one]));
    await Deno.mkdir(`${this.folder}/${name}`, { recursive: true });
    const text = JSON.stringify({ services: Object.fromEntries(entries), routes });
    await Deno.writeTextFile(`${this.folder}/${name}/mesh.json`, text);
  }

  /** Starts a gateway on the edge; resolves when it is known to the manager. */
  async startGateway(name: GatewayName): Promise<Program> {
    const agent = `${AGENT_OF[name]}@${this.hosts.address(AGENT_OF[name])}:7402`;
    const place = ["--host", this.hosts.address("edge"), "--port", `${GATEWAY_PORT[name]}`];
    const folders = ["--tls", `certs/${name}`, "--data", "none"];
    const args = ["gateway", "--agent", agent, ...place, ...folders, "--json"];
    const program = this.run("edge", name, smmp(...args));
    await program.event("gatewayReady");
    return program;
  }

  /** Starts everything; each agent can start what is said. */
  async startAll(
    services: Readonly<Record<AgentName, Services>>,
    data?: string,
  ): Promise<void> {
    await this.startManager(data);
    const started = Object.entries(services).map(async ([agent, offered]) => {
      const name = agent === "a1" ? "a1" : "a2";
      await this.startAgent(name, { services: offered });
      await this.startGateway(name === "a1" ? "g1" : "g2");
    });
    await Promise.all(started);
  }

  /** Where users reach a service. */
  url(path: string, gateway: GatewayName = "g1"): string {
    return `http://${this.hosts.address("edge")}:${GATEWAY_PORT[gateway]}${path}`;
  }

  /** Asks a gateway. */
  async ask(path: string, gateway: GatewayName = "g1"): Promise<UserAnswer> {
    return await this.#user.ask(this.url(path, gateway));
  }

  /** Asks the admin API; with a body it is a POST. */
  async admin(path: string, body?: unknown): Promise<UserAnswer> {
    const authority = await Deno.readTextFile(`${this.folder}/ca/ca.pem`);
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const post = body === undefined ? {} : { body: JSON.stringify(body) };
    const url = `https://${this.hosts.address("manager")}:7401${path}`;
    return await this.#user.ask(url, { authority, headers, ...post });
  }

  /** The whole mesh as the manager knows it. */
  async state(): Promise<StateView> {
    const { status, text } = await this.admin("/v1/state");
    if (status !== 200) throw new Error(`Cannot see the state: ${status} ${text}`);
    return JSON.parse(text);
  }

  /** Waits until the manager knows something; there is no event for all of it. */
  async until(what: string, isSo: (state: StateView) => boolean): Promise<StateView> {
    const endMs = performance.now() + DEADLINE_MS;
    for (;;) {
      const state = await this.state();
      if (isSo(state)) return state;
      if (performance.now() > endMs) {
        throw new Error(`Cannot see ${what}: ${JSON.stringify(state)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Removes what it has written; its hosts end what runs on them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#user[Symbol.asyncDispose]();
    // One that was started just now may not be on its host yet, which would not find it.
    for (const program of this.programs.values()) program.signal("SIGKILL");
    await this.hosts[Symbol.asyncDispose]();
    for (const program of this.programs.values()) await program.ended();
    await Deno.remove(this.folder, { recursive: true });
  }
}
