/**
 * A simulated host with an agent, which can crash and come back: with its records, or with nothing.
 *
 * @module
 */

import type { Message } from "../../../protocol/messages.ts";
import type {
  AgentEffect,
  AgentEvent,
  Launch,
  RecordedGateway,
  RecordedInstance,
} from "../../../roles/agent/events.ts";
import { type AgentState, createAgent } from "../../../roles/agent/state.ts";
import { LinkEnd, type LinkOwner, openLink } from "./links.ts";
import { RoleHost } from "./role_host.ts";
import type { Behaviour } from "../processes/process_setup.ts";
import { ServiceProcess } from "../processes/service_process.ts";
import { SpareRoom } from "../processes/spares.ts";
import type { World } from "../world.ts";

/** A place for an agent. */
export class AgentNode {
  /** The agent that runs now. */
  run: AgentRun | undefined;
  /** Its name. */
  readonly name: string;
  /** The address of its host. */
  readonly network: string;
  /** What the data folder of the agent says of each process. */
  readonly records = new Map<number, { process: ServiceProcess; outdated: boolean }>();
  /** What it says of each gateway. */
  readonly gateways = new Map<number, RecordedGateway>();

  /** A place without an agent. */
  constructor(readonly world: World, readonly index: number) {
    this.name = `agent-${index}`;
    this.network = `10.0.0.${world.options.hostOfAgent[index] ?? 0}`;
  }

  /** Starts an agent, unless one runs. */
  start(): void {
    this.run ??= new AgentRun(this.world, this);
  }

  /** The agent dies, and its data folder may be lost too. */
  crash(options: { losesData: boolean }): void {
    this.run?.crash();
    this.run = undefined;
    if (!options.losesData) return;
    this.records.clear();
    this.gateways.clear();
  }

  /** Opens a link to the agent; undefined when there is none. */
  linkService(
    owner: LinkOwner,
    options: { trusted: boolean; peer?: string | undefined },
  ): LinkEnd | undefined {
    const { run } = this;
    if (run === undefined) return undefined;
    const [theirs, mine] = openLink(this.world, [owner, run]);
    run.ends.set(mine.link, mine);
    run.host.handle({ kind: "serviceLinked", link: mine.link, ...options });
    return theirs;
  }
}

/** An agent from its start to its crash. */
export class AgentRun implements LinkOwner {
  /** Its links. */
  readonly ends = new Map<string, LinkEnd>();
  /** Processes that it started and that have not ended. */
  readonly processes = new Map<number, ServiceProcess>();
  /** Its spares. */
  readonly spares: SpareRoom = new SpareRoom(this);
  /** The agent role. */
  readonly host: RoleHost<AgentState, AgentEvent, AgentEffect>;
  /** Its link to the manager. */
  managerLink: string | undefined;
  /** Until when it can't reach the manager. Milliseconds. */
  isolatedUntilMs = 0;
  readonly #killedEarly = new Set<number>();

  /** An agent that has just started. */
  constructor(readonly world: World, readonly node: AgentNode) {
    const manifests = world.repositoryOf(node.index);
    const { name, network } = node;
    this.host = new RoleHost(world, {
      name,
      role: world.roles.agent,
      state: createAgent({
        name,
        network,
        port: 7_000 + node.index,
        manifests,
        warm: world.warmOf(node.index),
        ...world.agentOptions,
      }),
      messageEvent: (link, message: Message) => ({ kind: "message", link, message }),
      tick: { kind: "tick" },
      perform: (effect) => this.#perform(effect),
    });
    world.spareRooms.add(this.spares);
    this.#takeOver();
    this.#connectSoon();
  }

  /** Looks which processes of the agent before still run. */
  #takeOver(): void {
    const instances: RecordedInstance[] = [];
    for (const [serviceID, { process, outdated }] of this.node.records) {
      const { service, plugs, token } = process.setup;
      if (!process.isAlive) this.node.records.delete(serviceID);
      else {
        process.owner = this;
        this.processes.set(serviceID, process);
        instances.push({ serviceID, service, plugs, token, outdated });
      }
    }
    this.world.count("recorded");
    const gateways = [...this.node.gateways.values()];
    if (instances.length + gateways.length === 0) return;
    this.host.handle({ kind: "instancesRecorded", instances, gateways });
  }

  #connectSoon(): void {
    const { timeline, network } = this.world;
    timeline.after(network.whole(10, 800), () => {
      const isIsolated = this.isolatedUntilMs > timeline.nowMs;
      if (this.host.isStopped || (!isIsolated && this.connectManager())) return;
      this.#connectSoon();
    });
  }

  /** Opens a link to the manager; false when it is away. */
  connectManager(): boolean {
    const { run } = this.world.manager;
    if (run === undefined) return false;
    const [mine, theirs] = openLink(this.world, [this, run]);
    run.ends.set(theirs.link, theirs);
    this.ends.set(mine.link, mine);
    this.managerLink = mine.link;
    this.host.handle({ kind: "managerLinked", link: mine.link });
    return true;
  }

  /** A value came in. */
  received(link: string, value: unknown): void {
    this.host.receive(link, value);
  }

  /** A link ended. */
  closed(link: string, reason: string): void {
    this.ends.delete(link);
    this.host.handle({ kind: "linkClosed", link, reason });
    if (link !== this.managerLink) return;
    this.managerLink = undefined;
    this.#connectSoon();
  }

  #perform(effect: AgentEffect): void {
    const { timeline, network } = this.world;
    switch (effect.kind) {
      case "send":
        return this.ends.get(effect.link)?.send(effect.message);
      case "closeLink":
        return this.ends.get(effect.link)?.close(effect.reason);
      case "launch":
        return timeline.after(network.whole(1, 50), () => this.#launch(effect));
      case "kill": {
        const { serviceID } = effect;
        const { killMs = 1 } = this.processes.get(serviceID)?.setup.behaviour ?? {};
        const delayMs = this.world.hasFaults ? killMs : Math.min(killMs, 50);
        return timeline.after(delayMs, () => this.#kill(serviceID));
      }
      case "remember":
        this.node.gateways.set(effect.gateway.serviceID, effect.gateway);
        return;
      case "forget":
        this.node.gateways.delete(effect.serviceID);
        return;
      case "launchSpare":
        return timeline.after(network.whole(1, 50), () => this.spares.launch(effect));
      case "killSpare":
        return timeline.after(0, () => this.spares.kill(effect.spareID));
      case "refuse":
    }
  }

  #launch(launch: Launch): void {
    if (this.host.isStopped) return;
    const { serviceID, service, plugs, messageID } = launch;
    const spareEnd = this.spares.take(launch.spare?.spareID ?? 0);
    const drawn = this.#drawBehaviour();
    // What speaks just the catalogue can be no spare.
    const behaviour = spareEnd === undefined || drawn === undefined
      ? drawn
      : { ...drawn, isForeign: false };
    if (behaviour === undefined) {
      spareEnd?.abandon("it could not be handed over", 0);
      this.host.handle({ kind: "processFailed", serviceID, reason: "no such program" });
      return;
    }
    this.world.count("launches");
    const token = `${this.node.name}-${serviceID}-${this.world.network.whole(0, 1e9)}`;
    const setup = {
      node: this.node,
      serviceID,
      service,
      plugs,
      messageID,
      token,
      behaviour,
      spareEnd,
    };
    const process = new ServiceProcess(this.world, setup);
    process.owner = this;
    this.processes.set(serviceID, process);
    this.node.records.set(serviceID, { process, outdated: false });
    this.host.handle({ kind: "processStarted", serviceID, token });
    if (this.#killedEarly.delete(serviceID)) this.#kill(serviceID);
  }

  /** How the next process behaves; undefined: it can't even be created. */
  #drawBehaviour(): Behaviour | undefined {
    const { faults, hasFaults, options } = this.world;
    const isForeign = faults.chance(options.foreignProbability);
    const killMs = faults.whole(1, 50);
    // Follows from another number, so that every seed goes on meaning what it meant.
    const isRefusing = !isForeign && killMs % 3 === 0;
    const isThread = !isForeign && killMs % 2 === 0;
    const good = {
      start: "good",
      isStubborn: false,
      isRefusing,
      isForeign,
      isThread,
      killMs,
    } as const;
    if (!hasFaults) return good;
    const isStubborn = faults.chance(options.stubbornProbability);
    // A process in the hands of the kernel dies when it is let go.
    const lateMs = faults.chance(0.1) ? faults.whole(1, 45_000) : killMs;
    const bad = { ...good, isStubborn, killMs: lateMs };
    if (!faults.chance(options.badStartProbability)) return bad;
    if (faults.chance(0.2)) return undefined;
    const start = faults.pick(["slow", "exits", "silent", "failing"] as const) ?? "slow";
    return { ...bad, start };
  }

  #kill(serviceID: number): void {
    if (this.host.isStopped) return;
    const process = this.processes.get(serviceID);
    if (process !== undefined) process.die({ exitCode: 137, signal: "SIGKILL" });
    else if (this.host.state.instances.has(serviceID)) this.#killedEarly.add(serviceID);
  }

  /** A process of it has ended. */
  processEnded(process: ServiceProcess, how: { exitCode: number; signal?: string }): void {
    const { serviceID } = process.setup;
    const { exitCode, signal } = how;
    this.processes.delete(serviceID);
    if (this.node.records.get(serviceID)?.process === process) {
      this.node.records.delete(serviceID);
    }
    const lastLines = exitCode === 0 ? [] : ["its last words"];
    this.world.timeline.after(this.world.network.whole(0, 80), () => {
      this.#killedEarly.delete(serviceID);
      this.host.handle({ kind: "processExited", serviceID, exitCode, signal, lastLines });
    });
  }

  /** It is gone, and its processes are on their own. */
  crash(): void {
    this.host.isStopped = true;
    for (const end of this.ends.values()) end.abandon("its agent died");
    this.spares.orphan();
    for (const process of this.processes.values()) {
      process.owner = undefined;
      process.orphan();
    }
  }
}
