/**
 * Local mode: manager, agent and gateway, each in a Web Worker of its own. The entry creates them
 * and gives each pair one end of a channel, so that they talk directly. A worker that dies is
 * started again and linked anew; what the others have goes on meanwhile.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { Fact } from "../../roles/manager/memory/facts.ts";
import type { OutputLine } from "../agent/agent_host.ts";
import { newSecret } from "../agent/records/instance_secrets.ts";
import type { MeshConfig } from "../config/mesh_config.ts";
import { assertFree, GATEWAY_PLACE, urlOf } from "../listen_http.ts";
import { assertPortsFree } from "../tcp/ports.ts";
import type { AgentPeer, AgentWorker } from "./agent_worker.ts";
import type { GatewayWorker } from "./gateway_worker.ts";
import type { ManagerWorker } from "./manager_worker.ts";
import { applyChange, preparedServices, whileItRuns } from "./mesh_change.ts";
import { RoleWorker } from "./role_worker.ts";
import { callback, transferred, type WorkerCall, WorkerDeadlineError } from "./worker_call.ts";

/** How a local mesh is started. */
export interface LocalMeshOptions {
  /** Its services and routes. */
  readonly config: MeshConfig;
  /** The data folder, or `none`. */
  readonly data: string;
  /** The address of the gateway. */
  readonly hostname: string;
  /** The port of the gateway; 0 for a free one. */
  readonly port: number;
  /** How many workers share that port. @default {what mesh.json says, else 1} */
  readonly gatewayWorkers?: number | undefined;
  /** The port of the admin API; 0 for a free one. */
  readonly adminPort: number;
  /** The secret of the operator. */
  readonly token: string;
  /** Takes facts as they are recorded. */
  readonly facts: (facts: readonly Fact[]) => void;
  /** Takes the output of instances. */
  readonly output: (lines: readonly OutputLine[]) => void;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
}

/** Where a local mesh can be reached. */
export interface LocalAddresses {
  /** The gateway. */
  readonly gatewayUrl: string;
  /** The admin API. */
  readonly adminUrl: string;
}

/** Requests in flight have this long to finish when the mesh ends. Milliseconds. */
const DRAIN_MS = 10_000;
/** Services have this long to end, softly and then hard, when the mesh ends. Milliseconds. */
const STOP_MS = 60_000;
/** A link that ended is made anew after this, so that one that can't last does no harm. */
const RELINK_MS = 200;
/** The address of the admin API. */
const ADMIN_HOST = "127.0.0.1";

/** A mesh that runs in this process. */
export class LocalMesh {
  readonly #options: LocalMeshOptions;
  readonly #manager: RoleWorker<ManagerWorker>;
  readonly #agent: RoleWorker<AgentWorker>;
  readonly #gateways: readonly RoleWorker<GatewayWorker>[];
  /** Of the agent; one that is started again knows the instances of the one before by it. */
  readonly #secret = newSecret();
  #port: number;
  #adminPort: number;
  #isEnding = false;
  #config: MeshConfig;
  /** Resolves when the last change was told to the workers. */
  #updated = Promise.resolve();
  /** The workers that are linked now, so that no two are linked twice. */
  readonly #linked: {
    managerAndAgent: readonly unknown[];
    readonly agentAndGateways: (readonly unknown[])[];
  } = { managerAndAgent: [], agentAndGateways: [] };

  /** Nothing runs before {@linkcode LocalMesh.start}. */
  constructor(options: LocalMeshOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#port = options.port;
    this.#adminPort = options.adminPort;
    const { warn } = options;
    this.#manager = new RoleWorker({
      name: "manager",
      warn,
      start: (it) => this.#startManager(it),
      link: () => this.#linkManagerAndAgent(),
    });
    this.#agent = new RoleWorker({
      name: "agent",
      warn,
      start: (it) => this.#startAgent(it),
      link: async () => {
        await this.#linkManagerAndAgent();
        await Promise.all(this.#gateways.map((_, index) => this.#linkAgentAndGateway(index)));
      },
    });
    const count = options.gatewayWorkers ?? options.config.gateway?.workers ?? 1;
    this.#gateways = Array.from({ length: count }, (_, index) =>
      new RoleWorker({
        name: "gateway",
        ...(index === 0 ? {} : { suffix: ` ${index + 1}` }),
        warn,
        start: (it) => this.#startGateway(it),
        link: () => this.#linkAgentAndGateway(index),
      }));
  }

  /**
   * Starts the roles; resolves when all of them run and are linked.
   *
   * @throws {Error} when a port is taken or the store can't be opened.
   */
  async start(): Promise<LocalAddresses> {
    // The gateway first: the manager is told its address, and a taken port is the usual failure.
    const [gateway, ...others] = this.#gateways;
    const { hostname, port } = this.#options;
    if (others.length > 0 && port !== 0) assertFree({ hostname, port, ...GATEWAY_PLACE });
    if (others.length > 0) assertPortsFree(hostname, this.#config.ports ?? []);
    await gateway?.start();
    await Promise.all([this.#manager.start(), ...others.map((other) => other.start())]);
    // The agent last: it finds both others there and is linked with each of them once.
    await this.#agent.start();
    return this.addresses;
  }

  /** Where it is reached. */
  get addresses(): LocalAddresses {
    return {
      gatewayUrl: urlOf(this.#options.hostname, this.#port),
      adminUrl: urlOf(ADMIN_HOST, this.#adminPort),
    };
  }

  /**
   * Its services and routes are others from now on, and instances of `edited` are replaced. How
   * many gateways there are, and what is said of them, stays. Resolves when the roles know it.
   */
  async update(now: MeshConfig, edited: readonly string[]): Promise<void> {
    const before = this.#config;
    this.#config = now;
    const told = this.#updated.then(() =>
      applyChange({
        ...{ before, now, edited, data: this.#options.data },
        agent: this.#agent.call,
        gateways: this.#gateways.map(({ call }) => call),
      })
    );
    // One change after the other; whoever made this one hears why it can't be told.
    this.#updated = told.catch(() => {});
    await told;
  }

  /** Ends the mesh: requests in flight finish, services end softly, then hard, then the roles. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    const { warn } = this.#options;
    const step = async (what: string, run: Promise<unknown> | undefined) => {
      try {
        await run;
      } catch (error) {
        warn(`Cannot ${what}: ${reasonOfStop(error)}`);
      }
    };
    const gateways = this.#gateways.map(({ call }) => call);
    const drained = gateways.map((one) => one?.call("drain", [], { deadlineMs: DRAIN_MS }));
    await step("finish the requests", Promise.all(drained));
    await step(
      "end the services",
      this.#manager.call?.call("stopMesh", [], { deadlineMs: STOP_MS }),
    );
    await step("close the gateway", Promise.all(gateways.map((one) => one?.call("stop", []))));
    await this.kill();
    await step("close the store", this.#manager.call?.call("stop", []));
    this.#manager.terminate();
  }

  /** Ends every process at once, and the roles but for the manager's store. */
  async kill(): Promise<void> {
    this.#isEnding = true;
    // It would ask for new ones as soon as those that it waits for are gone.
    for (const gateway of this.#gateways) gateway.terminate();
    try {
      await this.#agent.call?.call("killAll", [], { deadlineMs: 5_000 });
    } catch (error) {
      this.#options.warn(`Cannot kill: ${reasonOf(error)}`);
    }
    this.#agent.terminate();
  }

  async #startManager(manager: WorkerCall<ManagerWorker>): Promise<void> {
    const { data, token, facts, warn } = this.#options;
    const { gatewayUrl } = this.addresses;
    const adminPort = this.#adminPort;
    this.#adminPort = await manager.call("start", [
      { data, adminHost: ADMIN_HOST, adminPort, token, gatewayUrl },
      callback(facts),
      callback(warn),
    ]);
  }

  async #startAgent(agent: WorkerCall<AgentWorker>): Promise<void> {
    const { data, output, warn } = this.#options;
    const config = this.#config;
    const services = preparedServices(config, data);
    const unlinked = (peer: AgentPeer) => this.#relink(peer);
    await agent.call("start", [
      { name: "local", services, secret: this.#secret },
      callback(output),
      callback(warn),
      callback(unlinked),
    ]);
    // What changed meanwhile was told to nobody.
    if (config === this.#config) return;
    await agent.call("update", [preparedServices(this.#config, data), []]);
  }

  async #startGateway(gateway: WorkerCall<GatewayWorker>): Promise<void> {
    const { config, hostname, token, warn } = this.#options;
    const { routes, ports = [] } = this.#config;
    const { trustForwarded, waiting: waitingMax } = config.gateway ?? {};
    const isShared = this.#gateways.length > 1;
    const place = { hostname, port: this.#port, isShared };
    const options = { ...place, routes, ports, token, trustForwarded, waitingMax };
    this.#port = await gateway.call("start", [options, callback(warn)]);
    const { routes: now, ports: open = [] } = this.#config;
    if (routes !== now) await gateway.call("update", [now, open]);
  }

  /**
   * A link can end while both of its ends live: a manager that was stopped for a while (Ctrl-Z, a
   * machine that slept) finds its agent silent.
   */
  #relink(peer: AgentPeer): void {
    setTimeout(async () => {
      if (this.#isEnding) return;
      try {
        if (peer === "manager") {
          this.#linked.managerAndAgent = [];
          await this.#linkManagerAndAgent();
        } else {
          this.#linked.agentAndGateways[peer] = [];
          await this.#linkAgentAndGateway(peer);
        }
      } catch (error) {
        const role = peer === "manager" ? peer : "gateway";
        this.#options.warn(`Cannot link the agent and the ${role}: ${error}`);
        this.#relink(peer);
      }
    }, RELINK_MS);
  }

  /** Gives both an end of a new channel; while one of them is away there is nothing to link. */
  async #linkManagerAndAgent(): Promise<void> {
    const manager = this.#manager.call;
    const agent = this.#agent.call;
    if (manager === undefined || agent === undefined) return;
    if (isSame(this.#linked.managerAndAgent, [manager, agent])) return;
    this.#linked.managerAndAgent = [manager, agent];
    const { port1, port2 } = new MessageChannel();
    await whileItRuns(async () => {
      await manager.call("linkAgent", [transferred(port1)]);
      await agent.call("linkManager", [transferred(port2)]);
    });
  }

  async #linkAgentAndGateway(index: number): Promise<void> {
    const agent = this.#agent.call;
    const gateway = this.#gateways[index]?.call;
    if (agent === undefined || gateway === undefined) return;
    if (isSame(this.#linked.agentAndGateways[index] ?? [], [agent, gateway])) return;
    this.#linked.agentAndGateways[index] = [agent, gateway];
    const { port1, port2 } = new MessageChannel();
    await whileItRuns(async () => {
      await agent.call("linkGateway", [transferred(port1), index]);
      await gateway.call("linkAgent", [transferred(port2)]);
    });
  }
}

function isSame(before: readonly unknown[], now: readonly unknown[]): boolean {
  return now.every((one, index) => one === before[index]);
}

/** Whoever waits for the end of a mesh knows nothing of its workers. */
function reasonOfStop(error: unknown): string {
  if (error instanceof WorkerDeadlineError) return "it takes too long, so the mesh ends without it";
  return reasonOf(error);
}
