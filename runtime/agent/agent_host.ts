/**
 * The host of the `agent` role: links to the manager and to services, and processes.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { AgentEffect, AgentEvent } from "../../roles/agent/events.ts";
import { type AgentState, createAgent } from "../../roles/agent/state.ts";
import { AGENT } from "../../roles/agent/step.ts";
import { AGENT_GRACE_MS } from "../../roles/service/state.ts";
import type { LinkID } from "../../roles/step.ts";
import type { Link, LinkEvents } from "../../transports/link.ts";
import type { TcpListener } from "../../transports/tcp.ts";
import { RoleHost } from "../host.ts";
import { launch } from "../launcher/launcher.ts";
import { LinkTable } from "../links.ts";
import { OutputAnswers } from "../output/output_answers.ts";
import { Refusals } from "../refusals.ts";
import type { StartInfo } from "../service/start.ts";
import { manifestsOf } from "./repository/announced_manifests.ts";
import { openAgentData } from "./records/agent_data.ts";
import type { AgentHostOptions, OutputLine, Repository } from "./agent_host_options.ts";
import { proveOnRequest } from "./records/agent_proofs.ts";
import { InstanceProcesses } from "./instance_processes.ts";
import type { GatewayRecords } from "./records/gateway_records.ts";
import { createInstanceSecrets, type InstanceSecrets } from "./records/instance_secrets.ts";
import { readySpares, SpareProcesses, warmOf } from "./spares/spare_processes.ts";
import { WorkerHosts } from "../worker/worker_hosts.ts";
import { listenForServices, LOOPBACK } from "./service_listener.ts";

export type { AgentHostOptions, OutputLine, Repository };

type Launch = Extract<AgentEffect, { kind: "launch" }>;

/** By what an instance shows to sources that it is the one that they mean. */
type SessionProof = Pick<StartInfo, "sessionCertificate" | "sessionKey">;

/** How long an instance goes on without its agent when no other can take it over. Milliseconds. */
const LONE_GRACE_MS = 1_000;

/** A running agent. */
export class AgentHost {
  /** What was refused so far, counted. */
  readonly refusals: Refusals;
  readonly #options: AgentHostOptions;
  readonly #host: RoleHost<AgentState, AgentEvent, AgentEffect>;
  readonly #links: LinkTable;
  readonly #listener: TcpListener;
  readonly #secrets: InstanceSecrets;
  readonly #processes: InstanceProcesses;
  readonly #spares: SpareProcesses;
  readonly #workers: WorkerHosts;
  readonly #gateways: GatewayRecords | undefined;
  readonly #output: OutputAnswers;
  readonly #graceMs: number;
  #isStopped = false;
  #repository: Repository;

  /**
   * Listens for services on loopback, takes over what the agent before has started, and waits for
   * a link to the manager.
   *
   * @throws {Error} when the data folder can't be used, or its port is taken.
   */
  constructor(options: AgentHostOptions) {
    this.#options = options;
    this.refusals = new Refusals(options.warn);
    const { name, network, services, versions = new Map(), routes = [], ports = [] } = options;
    this.#repository = { services, versions, routes, ports };
    const data = options.data === undefined ? undefined : openAgentData(options.data, name);
    this.#gateways = data?.gateways;
    this.#graceMs = options.agentGraceMs ?? (data === undefined ? LONE_GRACE_MS : AGENT_GRACE_MS);
    this.#secrets = createInstanceSecrets(options.secret ?? data?.secret);
    const dispatch = (event: AgentEvent) => this.#host.dispatch(event);
    const { output, warn } = options;
    this.#output = new OutputAnswers(output, (to, told) => this.#links.send(to, told));
    this.#workers = new WorkerHosts({
      launch: options.launch ?? launch,
      moving: (those) => dispatch({ kind: "instancesMoving", ...those }),
      warn,
    });
    const parts = { launch: this.#workers.launch, records: data?.records, dispatch };
    this.#processes = new InstanceProcesses({ ...parts, output: this.#output, warn });
    this.#spares = new SpareProcesses({ ...parts, output });
    this.#links = new LinkTable({
      dispatch: (event) => {
        if (this.#output.takes(event, this.#host.state.managerLink)) return;
        this.#host.dispatch(event);
        if (event.kind === "linkClosed") options.unlinked?.(event.link);
      },
      refused: (refusal) => this.refusals.add(refusal),
    });
    this.#listener = listenForServices(data, (made) => {
      const { link, events } = this.#links.admit("service", made);
      dispatch({ kind: "serviceLinked", link, trusted: false });
      const tokenOf = (serviceID: number) => this.#secrets.token(serviceID);
      return proveOnRequest(
        readySpares(events, (spare) => dispatch({ kind: "spareReady", link, ...spare })),
        { link: made, tokenOf },
      );
    });
    this.#host = new RoleHost<AgentState, AgentEvent, AgentEffect>({
      role: AGENT,
      state: createAgent({
        ...options.agent,
        name,
        network,
        port: this.#listener.port,
        manifests: manifestsOf(this.#repository),
        incarnation: crypto.randomUUID(),
        sessionCertificate: options.sessions?.certificate,
        warm: warmOf(services),
      }),
      tick: { kind: "tick" },
      perform: (effects) => effects.forEach((effect) => this.#perform(effect)),
    });
    this.#workers.prepare(services);
    this.#takeOver();
  }

  /** What it can start is something else from now on; instances of `edited` are replaced. */
  update(repository: Repository, edited: readonly string[]): void {
    this.#repository = repository;
    const manifests = manifestsOf(repository);
    const warm = warmOf(repository.services);
    this.#workers.prepare(repository.services, edited);
    this.#host.dispatch({ kind: "repositoryChanged", manifests, edited, warm });
  }

  /** Takes in a link to the manager; it replaces the one before. */
  openManagerLink(make: (events: LinkEvents) => Link): LinkID {
    const link = this.#links.open("manager", make);
    this.#host.dispatch({ kind: "managerLinked", link });
    return link;
  }

  /** Takes in a link to the manager that exists already; it replaces the one before. */
  admitManagerLink(made: Link): LinkEvents {
    const { link, events } = this.#links.admit("manager", made);
    this.#host.dispatch({ kind: "managerLinked", link });
    return events;
  }

  /**
   * Takes in a link that exists already, of a service that the host knows: a gateway.
   *
   * @param made The link.
   * @param peer The name that its other end has proved; undefined: none.
   */
  admitTrustedLink(made: Link, peer?: string): LinkEvents {
    const { link, events } = this.#links.admit("gateway", made);
    this.#host.dispatch({ kind: "serviceLinked", link, trusted: true, peer });
    return events;
  }

  /** Takes in a link of a gateway. */
  openTrustedLink(make: (events: LinkEvents) => Link): LinkID {
    const link = this.#links.open("gateway", make);
    this.#host.dispatch({ kind: "serviceLinked", link, trusted: true });
    return link;
  }

  /** Ends a link whose other end is known to be gone. */
  abortLink(link: LinkID, reason: string): void {
    this.#links.abort(link, reason);
  }

  /**
   * Offers nothing any more, so that the manager moves what runs here to other agents, or ends it
   * softly; resolves when all of it has ended. Without a manager it asks them itself.
   */
  leave({ aloneMs }: { aloneMs?: number } = {}): Promise<void> {
    this.update({ services: new Map(), versions: new Map() }, []);
    if (aloneMs !== undefined) this.#host.dispatch({ kind: "leavingAlone", graceMs: aloneMs });
    return this.#processes.ended();
  }

  /** Kills every process at once; resolves with their number when all of them are gone. */
  killAll(): Promise<number> {
    this.#isStopped = true;
    this.#spares.killAll();
    this.#workers.killAll();
    return this.#processes.killAll();
  }

  /**
   * Stops deciding and accepting. Processes that still run go on, until an agent with the same data
   * folder takes them over, or none comes in time.
   */
  stop(): void {
    this.#isStopped = true;
    this.#output.stop();
    this.#host.stop();
    this.#listener.close();
    this.#links.closeAll();
    this.#spares.killAll();
    this.#workers.killAll();
    this.#processes.release();
  }

  /** First of all the role hears whom the agent before has started. */
  #takeOver(): void {
    const { versions } = this.#repository;
    const instances = this.#processes.takeOver().map(({ serviceID, service, plugs, version }) => {
      const now = versions.get(service);
      const outdated = version !== undefined && now !== undefined && version !== now;
      const token = this.#secrets.token(serviceID);
      const ticketKey = this.#secrets.ticketKey(serviceID);
      return { serviceID, service, plugs, token, ticketKey, outdated };
    });
    const gateways = this.#gateways?.list() ?? [];
    if (instances.length + gateways.length === 0) return;
    this.#host.dispatch({ kind: "instancesRecorded", instances, gateways });
  }

  #perform(effect: AgentEffect): void {
    switch (effect.kind) {
      case "send":
        return this.#links.send(effect.link, effect.message);
      case "closeLink":
        return this.#links.close(effect.link);
      case "refuse":
        return this.refusals.add(effect);
      case "kill":
        return this.#processes.kill(effect.serviceID);
      case "remember":
        return this.#gateways?.remember(effect.gateway, this.#options.warn);
      case "forget":
        return this.#gateways?.remove(effect.serviceID);
      case "launchSpare":
        return this.#spares.launch(effect, {
          config: this.#repository.services.get(effect.service),
          agent: { agentNetwork: LOOPBACK, agentPort: this.#listener.port },
        });
      case "killSpare":
        return this.#spares.kill(effect.spareID);
      case "spareLost":
        return this.#isStopped ? undefined : this.#options.warn(
          `Cannot keep a spare of "${effect.service}": ${effect.reason}`,
        );
      case "launch":
        void this.#launch(effect);
    }
  }

  async #launch(effect: Launch): Promise<void> {
    const { sessions } = this.#options;
    if (sessions === undefined) return this.#start(effect);
    try {
      const { certificate, key } = await sessions.issue(effect.serviceID);
      this.#start(effect, { sessionCertificate: certificate, sessionKey: key });
    } catch (error) {
      this.#notStarted(effect, error);
    }
  }

  #start(effect: Launch, proof: SessionProof = {}): void {
    // What was asked to end while its certificate was made would outlive the agent.
    if (this.#isStopped) return;
    const { serviceID, service, plugs, messageID } = effect;
    const { services, versions } = this.#repository;
    const config = services.get(service);
    const token = this.#secrets.token(serviceID);
    const ticketKey = this.#secrets.ticketKey(serviceID);
    const start = {
      messageID,
      serviceID,
      service,
      plug: plugs.in ?? 0,
      token,
      ticketKey,
      network: this.#options.network,
      agentNetwork: LOOPBACK,
      agentPort: this.#listener.port,
      agentGraceMs: this.#graceMs,
      ...proof,
    };
    try {
      if (config === undefined) throw new Error("the agent has no such service");
      const spare = effect.spare === undefined
        ? undefined
        : this.#spares.take(effect.spare.spareID);
      this.#processes.start(config, start, { plugs, version: versions.get(service), spare });
      if (spare !== undefined && effect.spare !== undefined) {
        this.#links.sendLine(effect.spare.link, { type: "spareStart", start });
      }
      this.#host.dispatch({ kind: "processStarted", serviceID, token, ticketKey });
    } catch (error) {
      this.#notStarted(effect, error);
    }
  }

  #notStarted({ serviceID, service }: Launch, error: unknown): void {
    const reason = `Cannot create the process of "${service}": ${reasonOf(error)}`;
    this.#host.dispatch({ kind: "processFailed", serviceID, reason });
  }
}
