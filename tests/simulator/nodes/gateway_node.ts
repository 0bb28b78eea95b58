/**
 * A simulated gateway, which can be restarted.
 *
 * @module
 */

import {
  createGateway,
  GATEWAY_SERVICE,
  type GatewayEffect,
  type GatewayEvent,
  type GatewayState,
} from "../../../roles/gateway/step.ts";
import type { SourceEvent } from "../../../roles/source/state.ts";
import type { AgentNode } from "./agent_node.ts";
import { Caller, type CallerOwner } from "../traffic/caller.ts";
import type { LinkEnd, LinkOwner } from "./links.ts";
import { RoleHost } from "./role_host.ts";
import type { World } from "../world.ts";

/** A gateway from its start to its end. */
export class GatewayRun implements LinkOwner, CallerOwner {
  /** Whether it runs. */
  isAlive = true;
  /** The gateway role. */
  readonly host: RoleHost<GatewayState, GatewayEvent, GatewayEffect>;
  /** Its calls. */
  readonly caller: Caller;
  /** Its link to its agent. */
  end: LinkEnd | undefined;
  /** Its service. */
  readonly service = GATEWAY_SERVICE;

  /** A gateway that has just started. */
  constructor(
    readonly world: World,
    readonly name: string,
    readonly place: { readonly agent: AgentNode; readonly peer: string | undefined },
  ) {
    this.caller = new Caller(world, this);
    this.host = new RoleHost(world, {
      name,
      role: world.roles.gateway,
      state: createGateway({ ...world.sourceOptions, token: `secret of ${name}` }),
      messageEvent: (link, message) => ({ kind: "message", link, message }),
      tick: { kind: "tick" },
      perform: (effect) => this.#perform(effect),
    });
    this.#connectSoon();
  }

  /** The agent that it comes to. */
  get agent(): AgentNode {
    return this.place.agent;
  }

  #connectSoon(): void {
    this.world.timeline.after(this.world.network.whole(10, 500), () => {
      if (!this.isAlive) return;
      const { agent, peer } = this.place;
      this.end = agent.linkService(this, { trusted: true, peer });
      if (this.end === undefined) return this.#connectSoon();
      this.host.handle({ kind: "agentLinked", link: this.end.link });
    });
  }

  /** Steps the role. */
  notify(event: SourceEvent): void {
    this.host.handle(event);
  }

  #perform(effect: GatewayEffect): void {
    switch (effect.kind) {
      case "send":
        if (effect.link === this.end?.link) this.end.send(effect.message);
        return;
      case "closeLink":
        return this.end?.close(effect.reason);
      case "refuse":
      case "routes":
        return;
      default:
        return this.caller.perform(effect);
    }
  }

  /** A value came in from its agent. */
  received(link: string, value: unknown): void {
    const { serviceID } = this.host.state.source;
    const isOld = this.host.state.source.agentLink !== undefined;
    this.host.receive(link, value);
    const { agentLink, serviceID: now } = this.host.state.source;
    if (isOld || agentLink === undefined || serviceID === undefined) return;
    this.world.count(serviceID === now ? "gateways kept" : "gateways renumbered");
    if (serviceID === now || !this.world.isMild) return;
    const text = `${this.name} lost its number ${serviceID}, though its agent came back with all`;
    this.world.violations.report("claims", text);
  }

  /** Its agent is gone, for now. */
  closed(link: string, reason: string): void {
    this.host.handle({ kind: "linkClosed", link, reason });
    if (this.isAlive) this.#connectSoon();
  }

  /** It ends. */
  die(): void {
    this.isAlive = false;
    this.host.isStopped = true;
    this.end?.abandon("the gateway died");
    this.caller.die();
  }
}

/** A place for a gateway. */
export class GatewayNode {
  /** The gateway that runs now. */
  run: GatewayRun;
  #restarts = 0;

  /** A place with a gateway. */
  constructor(readonly world: World, readonly index: number) {
    this.run = this.#start();
  }

  #start(): GatewayRun {
    const { agents, options } = this.world;
    const agent = agents[options.agentOfGateway[this.index] ?? 0];
    if (agent === undefined) throw new Error("Cannot start a gateway: it has no agent");
    // Every other one proves a name too.
    const peer = this.index % 2 === 0 ? `g${this.index}` : undefined;
    const name = `gateway-${this.index}.${this.#restarts}`;
    return new GatewayRun(this.world, name, { agent, peer });
  }

  /** The gateway dies, and another one takes its place. */
  restart(): void {
    this.run.die();
    this.#restarts += 1;
    this.run = this.#start();
  }
}
