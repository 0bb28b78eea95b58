/**
 * A service and a gateway on a bench: both have a source side.
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
import {
  createService,
  type ServiceEffect,
  type ServiceEvent,
  type ServiceState,
} from "../../../roles/service/state.ts";
import { SERVICE } from "../../../roles/service/step.ts";
import type { SourceOptions } from "../../../roles/source/state.ts";
import type { Role } from "../../../roles/step.ts";
import { theSent } from "../effects.ts";

class Bench<State, Event extends { kind: string }, Effect> {
  /** The simulated time. */
  nowMs = 1_000_000;
  /** The state of the role. */
  readonly state: State;
  readonly #role: Role<State, Event, Effect>;

  /** A role that nothing has happened to. */
  constructor(role: Role<State, Event, Effect>, state: State) {
    this.#role = role;
    this.state = state;
  }

  /** Feeds one event. */
  step(event: Event): Effect[] {
    return this.#role.step(this.state, event, this.nowMs);
  }

  /** Lets time pass, with a tick (which every role takes) at each deadline. */
  protected pass(durationMs: number, tick: Event): Effect[] {
    const untilMs = this.nowMs + durationMs;
    const effects: Effect[] = [];
    for (;;) {
      const dueAtMs = this.#role.nextDeadlineMs(this.state);
      if (dueAtMs === undefined || dueAtMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueAtMs);
      effects.push(...this.step(tick));
    }
    this.nowMs = untilMs;
    return effects;
  }
}

/** A service with the number 7, whose link to its agent is "agent". */
export class ServiceBench extends Bench<ServiceState, ServiceEvent, ServiceEffect> {
  /** A service that has confirmed its start, unless it is told not to. */
  constructor(options: Partial<SourceOptions> & { isReady?: boolean } = {}) {
    const { isReady = true, ...source } = options;
    const start = { messageID: 507, serviceID: 7, plug: 20_007, token: "secret-7" };
    super(SERVICE, createService(start, source));
    if (isReady) this.step({ kind: "ready", link: "agent" });
  }

  /** Lets a message come from the agent. */
  take(message: Message): ServiceEffect[] {
    return this.step({ kind: "message", link: "agent", message });
  }

  /** Lets time pass. */
  wait(durationMs: number): ServiceEffect[] {
    return this.pass(durationMs, { kind: "tick" });
  }

  /** A request wants a service. */
  want(requestID: number, service = "counter", timeoutMs = 30_000): ServiceEffect[] {
    return this.step({ kind: "requestWanted", requestID, service, timeoutMs });
  }

  /** The manager answers a request for a connection. */
  answer(
    messageID: number,
    destPlug = 20_050,
    more: { concurrency?: number } = {},
  ): ServiceEffect[] {
    const dest = { destServiceNetwork: "10.0.0.2", destPlug, destServiceID: destPlug - 20_000 };
    return this.take({ type: "connectionResponse", messageID, status: 200, ...dest, ...more });
  }

  /** A connection to a service is open, with one request on it: gives its plug. */
  open(requestID: number, service = "counter"): number {
    const { messageID, sourcePlug } = theSent(this.want(requestID, service), "connectionRequest");
    this.answer(messageID);
    this.step({ kind: "dialed", sourcePlug });
    return sourcePlug;
  }
}

/** A gateway whose link to its agent is "agent". */
export class GatewayBench extends Bench<GatewayState, GatewayEvent, GatewayEffect> {
  /** A gateway that is registered as instance 3, unless it is told not to. */
  constructor(options: Partial<SourceOptions> & { isRegistered?: boolean } = {}) {
    const { isRegistered = true, ...source } = options;
    super(GATEWAY, createGateway({ token: "secret", ...source }));
    if (isRegistered) this.register(3);
  }

  /** Lets a message come from the agent. */
  take(message: Message, link = "agent"): GatewayEffect[] {
    return this.step({ kind: "message", link, message });
  }

  /** Lets time pass. */
  wait(durationMs: number): GatewayEffect[] {
    return this.pass(durationMs, { kind: "tick" });
  }

  /** A link to an agent opens, and the gateway gets a number. */
  register(serviceID: number, link = "agent"): GatewayEffect[] {
    const asked = this.step({ kind: "agentLinked", link });
    const { messageID } = theSent(asked, "serviceRegisterRequest", link);
    const answer = { type: "serviceRegisterResponse", messageID, status: 200, serviceID } as const;
    return [...asked, ...this.take(answer, link)];
  }

  /** A request wants a service. */
  want(requestID: number, service = "greeter", timeoutMs = 30_000): GatewayEffect[] {
    return this.step({ kind: "requestWanted", requestID, service, timeoutMs });
  }

  /** A connection to a service is open, with one request on it: gives its plug. */
  open(requestID: number, service = "greeter"): number {
    const { messageID, sourcePlug } = theSent(this.want(requestID, service), "connectionRequest");
    const dest = { destServiceNetwork: "10.0.0.2", destPlug: 20_050, destServiceID: 50 };
    this.take({ type: "connectionResponse", messageID, status: 200, ...dest });
    this.step({ kind: "dialed", sourcePlug });
    return sourcePlug;
  }
}
