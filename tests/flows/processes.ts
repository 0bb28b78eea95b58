/**
 * Processes of services, and the gateway: the ends of sessions.
 *
 * @module
 */

import type { Message } from "../../protocol/messages.ts";
import { createGateway, GATEWAY, type GatewayEffect } from "../../roles/gateway/step.ts";
import type { GatewayEvent, GatewayState } from "../../roles/gateway/step.ts";
import {
  createService,
  type ServiceEffect,
  type ServiceEvent,
  type ServiceStart,
  type ServiceState,
} from "../../roles/service/state.ts";
import { SERVICE } from "../../roles/service/step.ts";
import type { SourceEffect, SourceEvent } from "../../roles/source/state.ts";
import type { AgentActor } from "./actors.ts";
import { RoleActor } from "./role_actor.ts";
import type { SessionNetwork } from "./sessions.ts";
import type { World } from "./world.ts";

/** What the process of a service does after its launch. */
export type Behaviour =
  | { readonly kind: "ready"; readonly afterMs: number; readonly isStubborn?: boolean }
  | { readonly kind: "exits"; readonly afterMs: number; readonly code: number; lines: string[] }
  | { readonly kind: "plugTaken"; readonly afterMs: number }
  | { readonly kind: "hangs"; readonly lines: string[] }
  | { readonly kind: "missing"; readonly reason: string };

/** Who can have connections to services. */
export interface SourceActor {
  /** How the trace calls it. */
  readonly name: string;
  /** Tells the role what became of a dial, a session or a request. */
  step(event: SourceEvent): void;
}

/** Performs the effects of the source side. */
function performSource(
  context: { world: World; sessions: SessionNetwork },
  actor: SourceActor,
  effect: SourceEffect,
): void {
  const { world, sessions } = context;
  switch (effect.kind) {
    case "dial":
      world.say(
        `${actor.name} dials ${effect.network}:${effect.port} from plug ${effect.sourcePlug}`,
      );
      sessions.dial(actor, effect);
      return;
    case "assign":
      world.say(`${actor.name} sends request r${effect.requestID} by plug ${effect.sourcePlug}`);
      sessions.assign(actor, effect);
      return;
    case "reject":
      world.say(`${actor.name} rejects r${effect.requestID}: ${effect.status} ${effect.reason}`);
      return;
    case "closeSession":
      world.say(`${actor.name} closes its session from plug ${effect.sourcePlug}`);
      sessions.closeFromSource(actor, effect.sourcePlug);
      return;
    case "breakSession":
      world.say(`${actor.name} breaks its session from plug ${effect.sourcePlug}`);
      sessions.breakFromSource(actor, effect.sourcePlug);
  }
}

/** The gateway. */
export class GatewayActor extends RoleActor<GatewayState, GatewayEvent, GatewayEffect>
  implements SourceActor {
  readonly #sessions: SessionNetwork;

  /** A gateway without a link. */
  constructor(world: World, sessions: SessionNetwork) {
    super(world, { name: "gateway", state: createGateway({ token: "secret" }), role: GATEWAY });
    this.#sessions = sessions;
  }

  protected override perform(effect: GatewayEffect): void {
    if (effect.kind === "closeLink" || effect.kind === "routes") return;
    performSource({ world: this.world, sessions: this.#sessions }, this, effect);
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

/** A launched process, with the service role inside it once it is ready. */
export class Process {
  readonly #world: World;
  readonly #agent: AgentActor;
  readonly #behaviour: Behaviour;
  readonly #name: string;
  readonly #start: ServiceStart;
  /** The role in it. */
  service: ServiceActor | undefined;
  #isLive = true;

  /** Launches it: what it does next, its behaviour says. */
  constructor(
    world: World,
    options: {
      agent: AgentActor;
      service: string;
      start: ServiceStart;
      behaviour: Exclude<Behaviour, { kind: "missing" }>;
    },
  ) {
    const { agent, service, start, behaviour } = options;
    this.#world = world;
    this.#agent = agent;
    this.#behaviour = behaviour;
    this.#name = `${service}#${start.serviceID}`;
    this.#start = start;
    if (behaviour.kind === "hangs") return;
    world.later(behaviour.afterMs, () => this.#proceed());
  }

  #proceed(): void {
    const behaviour = this.#behaviour;
    if (!this.#isLive) return;
    if (behaviour.kind === "exits") {
      return this.end({ exitCode: behaviour.code, signal: undefined, lines: behaviour.lines });
    }
    const actor = new ServiceActor(this.#world, this.#name, {
      start: this.#start,
      process: this,
      sessions: this.#agent.sessions,
      isStubborn: behaviour.kind === "ready" && behaviour.isStubborn === true,
    });
    this.service = actor;
    const link = this.#world.connect(actor, this.#agent);
    this.#agent.step({ kind: "serviceLinked", link, trusted: false });
    const { plug } = this.#start;
    if (behaviour.kind === "plugTaken") {
      const reason = `Cannot listen on plug "${plug}": the address is in use`;
      actor.step({ kind: "ready", link, failure: { status: 409, reason } });
      return;
    }
    this.#agent.sessions.listen(`${this.#agent.state.options.network}:${plug}`, actor);
    actor.step({ kind: "ready", link });
  }

  /** Ends the process, however that comes. */
  end(exit: { exitCode: number; signal: string | undefined; lines: readonly string[] }): void {
    if (!this.#isLive) return;
    this.#isLive = false;
    const { serviceID, plug } = this.#start;
    const { exitCode, signal } = exit;
    const hanging = this.#behaviour.kind === "hangs" ? this.#behaviour.lines : [];
    this.#agent.processes.delete(serviceID);
    this.#world.say(`process ${this.#name} ends: ${signal ?? `exit code ${exitCode}`}`);
    if (this.service !== undefined) {
      this.#agent.sessions.unlisten(`${this.#agent.state.options.network}:${plug}`);
      this.#agent.sessions.breakAll(this.service);
      this.#world.remove(this.service, "the process ended");
    }
    const lastLines = exit.lines.length > 0 ? exit.lines : hanging;
    this.#agent.step({ kind: "processExited", serviceID, exitCode, signal, lastLines });
  }
}

/** The service role in a process. */
export class ServiceActor extends RoleActor<ServiceState, ServiceEvent, ServiceEffect>
  implements SourceActor {
  readonly #process: Process;
  readonly #sessions: SessionNetwork;
  readonly #isStubborn: boolean;

  /** A service that has just begun to listen. */
  constructor(
    world: World,
    name: string,
    options: {
      start: ServiceStart;
      process: Process;
      sessions: SessionNetwork;
      isStubborn: boolean;
    },
  ) {
    super(world, { name, state: createService(options.start), role: SERVICE });
    this.#process = options.process;
    this.#sessions = options.sessions;
    this.#isStubborn = options.isStubborn;
  }

  protected override perform(effect: ServiceEffect): void {
    switch (effect.kind) {
      case "askToEnd":
        this.world.say(`${this.name} drains: ${effect.reason}`);
        return this.step({ kind: "endAnswered" });
      case "drain":
        if (!this.#isStubborn) this.#sessions.drain(this);
        return;
      case "closeInbound":
        return this.#sessions.closeInbound(this, effect);
      case "measure":
        return this.step({ kind: "health", messageID: effect.messageID, inFlight: 0 });
      case "exit":
        return this.world.soon(() =>
          this.#process.end({ exitCode: effect.code, signal: undefined, lines: [] })
        );
      default:
        performSource({ world: this.world, sessions: this.#sessions }, this, effect);
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
