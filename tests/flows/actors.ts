/**
 * The manager and the agents. Processes start, fail and end as the script says.
 *
 * @module
 */

import type { ServiceManifest } from "../../protocol/manifest.ts";
import type { Message } from "../../protocol/messages.ts";
import { AGENT } from "../../roles/agent/step.ts";
import type { AgentEffect, AgentEvent } from "../../roles/agent/events.ts";
import { type AgentState, createAgent } from "../../roles/agent/state.ts";
import type { Fact } from "../../roles/manager/memory/facts.ts";
import { foldFacts } from "../../roles/manager/memory/fold.ts";
import {
  createManager,
  type ManagerEffect,
  type ManagerEvent,
  type ManagerOptions,
  type ManagerState,
} from "../../roles/manager/state.ts";
import { MANAGER } from "../../roles/manager/step.ts";
import { type Behaviour, Process } from "./processes.ts";
import type { SessionNetwork } from "./sessions.ts";
import { RoleActor } from "./role_actor.ts";
import { fieldsText, type World } from "./world.ts";

/** The manager; its history outlives it. */
export class ManagerActor extends RoleActor<ManagerState, ManagerEvent, ManagerEffect> {
  readonly #history: Fact[];

  /** A manager that begins with what the history says. */
  constructor(world: World, history: Fact[], options: Partial<ManagerOptions>) {
    const state = createManager(options, foldFacts(history));
    super(world, { name: "manager", state, role: MANAGER });
    this.#history = history;
    this.step({ kind: "recovered" });
  }

  protected override perform(effect: ManagerEffect): void {
    if (effect.kind === "record") {
      this.#history.push(effect.fact);
      const { kind } = effect.fact;
      const fields = fieldsText(effect.fact, ["kind", "seq", "atMs", "manifests"]);
      this.world.say(`manager records ${kind} ${fields}`);
    } else if (effect.kind === "commandDone") {
      const { commandID, status, reason } = effect;
      this.world.say(`command ${commandID} is done: ${status} ${reason}`);
    }
  }

  override receive(link: string, message: Message): void {
    this.step({ kind: "message", link, message });
  }

  override linkClosed(link: string, reason: string): void {
    this.step({ kind: "linkClosed", link, reason });
  }

  override tick(): void {
    this.step({ kind: "tick" });
  }
}

/** An agent with the processes of its host. */
export class AgentActor extends RoleActor<AgentState, AgentEvent, AgentEffect> {
  /** The processes of its host. */
  readonly processes = new Map<number, Process>();
  /** How the processes of each service behave. */
  readonly behaviours = new Map<string, Behaviour>();
  /** The data plane. */
  readonly sessions: SessionNetwork;

  /** An agent without links. */
  constructor(
    world: World,
    options: {
      name: string;
      network: string;
      manifests: Record<string, ServiceManifest>;
      sessions: SessionNetwork;
    },
  ) {
    const { name, network, manifests } = options;
    const state = createAgent({ name, network, port: 7_000, manifests });
    super(world, { name, state, role: AGENT });
    this.sessions = options.sessions;
  }

  protected override perform(effect: AgentEffect): void {
    if (effect.kind === "launch") this.#launch(effect);
    else if (effect.kind === "kill") {
      this.world.say(`${this.name} kills process ${effect.serviceID}`);
      const process = this.processes.get(effect.serviceID);
      this.world.soon(() => process?.end({ exitCode: 137, signal: "SIGKILL", lines: [] }));
    }
  }

  #launch(effect: Extract<AgentEffect, { kind: "launch" }>): void {
    const { serviceID, service, plugs, messageID } = effect;
    this.world.say(`${this.name} launches ${service}#${serviceID} on plug ${plugs.in}`);
    const token = `token-${serviceID}`;
    const behaviour = this.behaviours.get(service) ?? { kind: "ready", afterMs: 100 };
    const start = { messageID, serviceID, plug: plugs.in ?? 0, token };
    if (behaviour.kind === "missing") {
      const reason = behaviour.reason;
      return this.world.soon(() => this.step({ kind: "processFailed", serviceID, reason }));
    }
    this.step({ kind: "processStarted", serviceID, token });
    this.processes.set(
      serviceID,
      new Process(this.world, { agent: this, service, start, behaviour }),
    );
  }

  override receive(link: string, message: Message): void {
    this.step({ kind: "message", link, message });
  }

  override linkClosed(link: string, reason: string): void {
    this.step({ kind: "linkClosed", link, reason });
  }

  override tick(): void {
    this.step({ kind: "tick" });
  }
}
