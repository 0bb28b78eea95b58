/**
 * The simulated world: its clock, its chances, and everything that is in it.
 *
 * @module
 */

import { INSTANCES_DEFAULTS, type ServiceManifest } from "../../protocol/manifest.ts";
import type { AgentEffect, AgentEvent } from "../../roles/agent/events.ts";
import type { AgentOptions, AgentState } from "../../roles/agent/state.ts";
import { AGENT } from "../../roles/agent/step.ts";
import {
  GATEWAY,
  type GatewayEffect,
  type GatewayEvent,
  type GatewayState,
} from "../../roles/gateway/step.ts";
import type {
  ManagerEffect,
  ManagerEvent,
  ManagerOptions,
  ManagerState,
} from "../../roles/manager/state.ts";
import { MANAGER } from "../../roles/manager/step.ts";
import type { ServiceEffect, ServiceEvent, ServiceState } from "../../roles/service/state.ts";
import { SERVICE } from "../../roles/service/step.ts";
import type { SourceOptions } from "../../roles/source/state.ts";
import type { Role } from "../../roles/step.ts";
import { AgentNode } from "./nodes/agent_node.ts";
import { GatewayNode } from "./nodes/gateway_node.ts";
import { ManagerNode, type ManagerRun } from "./nodes/manager_node.ts";
import type { SimulationOptions } from "./options.ts";
import type { Random } from "./random.ts";
import type { ServiceProcess } from "./processes/service_process.ts";
import type { Session } from "./traffic/session.ts";
import type { SpareRoom } from "./processes/spares.ts";
import type { SteadyUsers } from "./traffic/steady_users.ts";
import { Timeline } from "./timeline.ts";
import { Violations } from "./violations.ts";

/** The roles that are simulated; a test may break one to see that it is noticed. */
export interface Roles {
  /** The manager. */
  readonly manager: Role<ManagerState, ManagerEvent, ManagerEffect>;
  /** The agent. */
  readonly agent: Role<AgentState, AgentEvent, AgentEffect>;
  /** The gateway. */
  readonly gateway: Role<GatewayState, GatewayEvent, GatewayEffect>;
  /** The service. */
  readonly service: Role<ServiceState, ServiceEvent, ServiceEffect>;
}

/** The real roles. */
export const REAL_ROLES: Roles = {
  manager: MANAGER,
  agent: AGENT,
  gateway: GATEWAY,
  service: SERVICE,
};

/** Who listens on a port: a process of the mesh, or of somebody else. */
export type Listener = ServiceProcess | "stranger";

/** Takes one transition for the trace. */
export type Trace = (
  nowMs: number,
  name: string,
  event: object,
  effects: readonly object[],
) => void;

/** A name that no agent has. */
export const NOWHERE = "nowhere";

/** After a fault everything is linked again within this. Milliseconds. */
const CALM_MS = 5_000;

/** Everything that there is. */
export class World {
  /** The clock. */
  readonly timeline = new Timeline();
  /** What went wrong. */
  readonly violations = new Violations(this.timeline);
  /** Who listens, by `network:port`. */
  readonly listeners = new Map<string, Listener>();
  /** The spares of each run of an agent. */
  readonly spareRooms = new Set<SpareRoom>();
  /** Processes that run. */
  readonly processes = new Set<ServiceProcess>();
  /** Sessions that are open. */
  readonly sessions = new Set<Session>();
  /** How often what happened. */
  readonly counts = new Map<string, number>();
  /** Chances of the network. */
  readonly network: Random;
  /** Chances of users and services. */
  readonly traffic: Random;
  /** Chances of faults. */
  readonly faults: Random;
  /** The manager. */
  readonly manager: ManagerNode;
  /** The agents. */
  readonly agents: readonly AgentNode[];
  /** The gateways. */
  readonly gateways: readonly GatewayNode[];
  /** Whether things go wrong now. */
  hasFaults = true;
  /** The last session of each `instance:plug`. */
  readonly lastSessions = new Map<string, Session>();
  /** Until when a link may be dead though nobody has noticed. Milliseconds. */
  deafUntilMs = 0;
  /** Whether the manager comes and goes, which nobody may notice. */
  isMild = false;
  /** Whether nothing runs any more that nobody asks for. */
  isQuiet = false;
  /** Users whose demand is constant, while there are any. */
  steadyUsers: SteadyUsers | undefined;
  /** Until when it was mild the last time: a report of a use before may be lost. Milliseconds. */
  mildUntilMs = 0;
  /** Instances that are killed for their memory, and the manager that wants it. */
  readonly memoryKills = new Map<number, ManagerRun | undefined>();
  /** When an agent was killed the last time while it was mild. Milliseconds. */
  agentKilledMs = -Infinity;
  /** Whether nothing at all has failed for a while. */
  isGentle = false;
  /** Numbers of instances whose processes do all that they should. */
  readonly goodProcesses = new Set<number>();
  /** Instances that were starting at an agent that went away. */
  readonly abandonedStarts = new Set<number>();
  /** From when on requests must succeed. */
  strictFromMs = Infinity;
  /** How many links there were. */
  linksOpened = 0;

  /** A world with everything started. */
  constructor(
    readonly options: SimulationOptions,
    readonly setup: { random: Random; roles: Roles; trace: Trace | undefined },
  ) {
    const { random } = setup;
    this.network = random.fork();
    this.traffic = random.fork();
    this.faults = random.fork();
    this.manager = new ManagerNode(this);
    this.manager.start();
    this.agents = options.hostOfAgent.map((_host, index) => new AgentNode(this, index));
    for (const agent of this.agents) agent.start();
    this.gateways = options.agentOfGateway.map((_agent, index) => new GatewayNode(this, index));
  }

  /** The roles that are simulated. */
  get roles(): Roles {
    return this.setup.roles;
  }

  /** Tells of a transition, when somebody wants to see it. */
  trace(name: string, event: object, effects: readonly object[]): void {
    this.setup.trace?.(this.timeline.nowMs, name, event, effects);
  }

  /** Sources give up asking sooner than by default, so that a run can wait for it. */
  get sourceOptions(): Partial<SourceOptions> {
    return { askMs: 60_000, ...(this.options.isTight ? { waitingMax: 4, askMs: 9_000 } : {}) };
  }

  /** Agents give up relaying sooner than by default. */
  get agentOptions(): Partial<AgentOptions> {
    const tight = { relayMs: 7_000, relaysMax: 6, instancesMax: 4, capacity: 3 };
    return { relayMs: 50_000, ...(this.options.isTight ? tight : {}) };
  }

  /** The manager has the default times, but for two. */
  get managerOptions(): Partial<ManagerOptions> {
    const { agentLostMs, health, isTight } = this.options;
    return { agentLostMs, health, ...(isTight ? { parkedMax: 3, plugRetriesMax: 1 } : {}) };
  }

  /** Counts something. */
  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** How long a message of the control plane takes. Milliseconds. */
  delayMs(): number {
    const { delayMs, lagMs, lagProbability } = this.options;
    const lags = this.hasFaults && this.network.chance(lagProbability);
    return this.network.whole(1, lags ? lagMs : delayMs);
  }

  /** How long anything of the data plane takes. Milliseconds. */
  sessionMs(): number {
    return this.network.whole(1, this.options.delayMs);
  }

  /** How long the work on a request may take: sometimes longer than idle times. Milliseconds. */
  longestWorkMs(): number {
    const isBrief = this.options.hasCommands && !this.hasFaults;
    if (isBrief || !this.traffic.chance(0.03)) return 60;
    return this.hasFaults && this.traffic.chance(0.5) ? 40_000 : 12_000;
  }

  /** How long until an end notices that its link is broken. Milliseconds. */
  noticeMs(): number {
    if (!this.hasFaults) return this.network.whole(1, 1_000);
    if (this.network.chance(0.03)) {
      const silentMs = this.network.whole(1, 40_000);
      this.deafUntilMs = Math.max(this.deafUntilMs, this.timeline.nowMs + silentMs);
      return silentMs;
    }
    return this.network.chance(0.2) ? this.network.whole(1, 6_000) : this.network.whole(1, 50);
  }

  /** Whether agents come and go too while it is mild; what speaks just the catalogue would end. */
  get hasMildAgents(): boolean {
    return this.options.foreignProbability === 0;
  }

  /** Whether what anybody says arrives, though perhaps late. */
  get isCalm(): boolean {
    return !this.hasFaults && !this.isMild && this.timeline.nowMs > this.deafUntilMs + CALM_MS;
  }

  /** Whether a process does all that it should. */
  isGoodProcess(serviceID: number): boolean {
    return this.goodProcesses.has(serviceID) && !this.options.forgetsAll;
  }

  /** What the agent of a place can start, now that nothing or something runs unasked. */
  repositoryOf(index: number): Record<string, ServiceManifest> {
    const repository: Record<string, ServiceManifest> = {};
    for (const { name, manifest, agents } of this.options.services) {
      if (!agents.includes(index)) continue;
      const { instances = INSTANCES_DEFAULTS } = manifest;
      const min = this.isQuiet ? 0 : instances.min;
      repository[name] = { ...manifest, instances: { ...instances, min } };
    }
    return repository;
  }

  /** How many spares the agent of a place shall have of each service. */
  warmOf(index: number): Record<string, number> {
    const warm: Record<string, number> = {};
    for (const { name, agents, warm: count } of this.isQuiet ? [] : this.options.services) {
      if (count > 0 && agents.includes(index)) warm[name] = count;
    }
    return warm;
  }

  /** A process listens no more. */
  freeListener(place: string, process: ServiceProcess): void {
    if (this.listeners.get(place) === process) this.listeners.delete(place);
  }

  /** What a service calls to answer a request: mostly what it may, sometimes what it may not. */
  drawNested(service: string): string[] {
    const { traffic, options } = this;
    const names = options.services.map(({ name }) => name).filter((name) => name !== service);
    const plugs = options.services.find(({ name }) => name === service)?.manifest.plugs ?? [];
    const allowed = plugs === "*" ? names : names.filter((name) => plugs.includes(name));
    const wanted = allowed.filter(() => traffic.chance(0.4));
    if (!traffic.chance(0.05)) return wanted;
    return [...wanted, traffic.pick([...names, NOWHERE]) ?? NOWHERE];
  }
}
