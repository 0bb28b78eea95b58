/**
 * A source with real sessions to servers of this process, and a manager that gives it one of them
 * in turn.
 *
 * @module
 */

import type { Message } from "../../../protocol/messages.ts";
import {
  createGateway,
  GATEWAY,
  type GatewayEffect,
  type GatewayEvent,
  type GatewayState,
} from "../../../roles/gateway/step.ts";
import type { SourceOptions } from "../../../roles/source/state.ts";
import { RoleHost } from "../../../runtime/host.ts";
import { serveSessions } from "../../../runtime/sessions/serve.ts";
import type { SessionHandler, SessionServer } from "../../../runtime/sessions/session.ts";
import {
  SourceSessions,
  type SourceSessionsOptions,
} from "../../../runtime/source/source_sessions.ts";

/** An instance of the one service that there is. */
export interface Instance {
  /** Its number. */
  readonly serviceID: number;
  /** Its port. */
  readonly port: number;
  /** Its end of the sessions. */
  readonly server: SessionServer;
}

/** How a {@linkcode SourceMesh} is set up. */
export interface SourceMeshOptions {
  /** The role's times and bounds. */
  readonly source?: Partial<SourceOptions>;
  /** How many requests an instance takes. @default {any number} */
  readonly concurrency?: number;
  /** The times of its sessions. */
  readonly sessions?: Omit<SourceSessionsOptions, "dispatch">;
}

/** A source, its manager, and the instances that it can reach. */
export class SourceMesh implements AsyncDisposable {
  /** The source. */
  readonly sessions: SourceSessions;
  /** What the source sent to its manager, in order. */
  readonly sent: Message[] = [];
  /** The instances that the manager knows, in the order in which it gives them. */
  readonly instances: Instance[] = [];
  readonly #host: RoleHost<GatewayState, GatewayEvent, GatewayEffect>;
  readonly #servers: SessionServer[] = [];
  readonly #concurrency: number | undefined;
  #given = 0;

  /** A registered source without instances. */
  constructor({ source = {}, sessions = {}, concurrency }: SourceMeshOptions = {}) {
    this.#concurrency = concurrency;
    const dispatch = (event: GatewayEvent) => this.#host.dispatch(event);
    this.sessions = new SourceSessions({ ...sessions, dispatch });
    this.#host = new RoleHost<GatewayState, GatewayEvent, GatewayEffect>({
      role: GATEWAY,
      state: createGateway(source),
      tick: { kind: "tick" },
      perform: (effects) => effects.forEach((effect) => this.#perform(effect)),
    });
    dispatch({ kind: "agentLinked", link: "agent" });
  }

  /** The state of the role. */
  get state(): GatewayState {
    return this.#host.state;
  }

  /** Starts one more instance. */
  start(handler: SessionHandler, serviceID: number = 100 + this.#servers.length): Instance {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const server = serveSessions({ listener, serviceID, handler, events: {} });
    const instance = { serviceID, port: listener.addr.port, server };
    this.instances.push(instance);
    this.#servers.push(server);
    return instance;
  }

  /** The instance breaks, and the manager knows it. */
  async kill(instance: Instance): Promise<void> {
    this.forget(instance);
    instance.server.abort("the instance was killed");
    await instance.server.ended;
  }

  /** The manager gives an instance no more. */
  forget(instance: Instance): void {
    this.instances.splice(this.instances.indexOf(instance), 1);
  }

  /** The answer of the service to a request. */
  fetch(path: string, init?: RequestInit): Promise<Response> {
    const { method, headers, body, signal } = new Request(`http://counter.mesh${path}`, init);
    const url = `http://counter.mesh${path}`;
    return this.sessions.exchange("counter", { method, url, headers, body, signal });
  }

  /** Waits until something is so. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** What the source sent of one type. */
  told<Type extends Message["type"]>(type: Type): Extract<Message, { type: Type }>[] {
    return this.sent.filter((one): one is Extract<Message, { type: Type }> => one.type === type);
  }

  #perform(effect: GatewayEffect): void {
    if (effect.kind === "send") {
      this.sent.push(effect.message);
      const answer = this.#answer(effect.message);
      if (answer !== undefined) {
        this.#host.dispatch({ kind: "message", link: "agent", message: answer });
      }
    } else if (
      effect.kind !== "refuse" && effect.kind !== "closeLink" && effect.kind !== "routes"
    ) {
      this.sessions.perform(effect);
    }
  }

  #answer(message: Message): Message | undefined {
    if (message.type === "serviceRegisterRequest") {
      const { messageID } = message;
      return { type: "serviceRegisterResponse", messageID, status: 200, serviceID: 3 };
    }
    if (message.type !== "connectionRequest") return undefined;
    const { messageID, avoid = [] } = message;
    const choice = this.instances.filter(({ serviceID }) => !avoid.includes(serviceID));
    const given = choice[this.#given++ % Math.max(1, choice.length)];
    if (given === undefined) {
      const reason = "no instance";
      return { type: "connectionResponse", messageID, status: 503, reason };
    }
    const { serviceID: destServiceID, port: destPlug } = given;
    const at = { destServiceNetwork: "127.0.0.1", destPlug, destServiceID };
    const most = this.#concurrency === undefined ? {} : { concurrency: this.#concurrency };
    return { type: "connectionResponse", messageID, status: 200, ...at, ...most };
  }

  /** Ends all. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.sessions.abort("the test is over");
    for (const server of this.#servers) {
      server.abort("the test is over");
      await server.ended;
    }
    this.#host.stop();
  }
}
