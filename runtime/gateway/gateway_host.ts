/**
 * The host of the `gateway` role: its link to the agent and its sessions to services.
 *
 * @module
 */

import type { ReportedPort, ReportedRoute } from "../../protocol/announcements.ts";
import {
  createGateway,
  GATEWAY,
  type GatewayEffect,
  type GatewayEvent,
  type GatewayState,
} from "../../roles/gateway/step.ts";
import type { SourceOptions } from "../../roles/source/state.ts";
import type { LinkID } from "../../roles/step.ts";
import type { Link, LinkEvents } from "../../transports/link.ts";
import { RoleHost } from "../host.ts";
import { LinkTable } from "../links.ts";
import { Refusals } from "../refusals.ts";
import {
  type Exchange,
  type LimitedExchange,
  limitedExchange,
} from "../limits/limited_exchange.ts";
import { SourceSessions } from "../source/source_sessions.ts";
import type { ColdServices } from "./cold/waiting_pages.ts";

/** How a gateway is set up. */
export interface GatewayHostOptions {
  /** Takes a line for a person when something was refused. */
  readonly warn: (text: string) => void;
  /** The times and bounds of its connections. @default {those of a source} */
  readonly source?: Partial<SourceOptions>;
  /** Takes the ways in from outside, as the manager tells them: all, at each change. */
  readonly routes?: (routes: readonly ReportedRoute[], ports: readonly ReportedPort[]) => void;
}

/** A running gateway, without its HTTP server. */
export class GatewayHost {
  /** What was refused so far, counted. */
  readonly refusals: Refusals;
  /** Sends a request to a service, within limits; see {@linkcode SourceSessions.exchange}. */
  readonly exchange: LimitedExchange;
  /** Sends a request to a service, on terms; see {@linkcode SourceSessions.exchange}. */
  readonly send: Exchange;
  /** Which services are there, for who shows a page while one is not. */
  readonly services: ColdServices = {
    isReachable: (service) => {
      const connections = this.#host.state.source.connectionsTo.get(service) ?? [];
      return connections.some(({ state }) => state === "open");
    },
    reach: (service, { connectMs, waitingMax }) =>
      this.#source.reach(service, { connectMs, waitingMax }),
  };
  readonly #host: RoleHost<GatewayState, GatewayEvent, GatewayEffect>;
  readonly #links: LinkTable;
  readonly #source: SourceSessions;
  readonly #takeRoutes: GatewayHostOptions["routes"];

  /** Waits for a link to the agent. */
  constructor(options: GatewayHostOptions) {
    this.refusals = new Refusals(options.warn);
    this.#takeRoutes = options.routes;
    const dispatch = (event: GatewayEvent) => this.#host.dispatch(event);
    this.#links = new LinkTable({
      dispatch,
      refused: (refusal) => this.refusals.add(refusal),
    });
    this.#source = new SourceSessions({ dispatch });
    this.send = (service, request, terms) => this.#source.exchange(service, request, terms);
    this.exchange = limitedExchange(this.send);
    this.#host = new RoleHost<GatewayState, GatewayEvent, GatewayEffect>({
      role: GATEWAY,
      state: createGateway({ ...options.source, token: crypto.randomUUID() }),
      tick: { kind: "tick" },
      perform: (effects) => effects.forEach((effect) => this.#perform(effect)),
    });
  }

  /** Takes in a link to the agent; the gateway registers by it. */
  openAgentLink(make: (events: LinkEvents) => Link): LinkID {
    const link = this.#links.open("agent", make);
    this.#host.dispatch({ kind: "agentLinked", link });
    return link;
  }

  /** Takes in a link to the agent that exists already; the gateway registers by it. */
  admitAgentLink(made: Link): LinkEvents {
    const { link, events } = this.#links.admit("agent", made);
    this.#host.dispatch({ kind: "agentLinked", link });
    return events;
  }

  /** Ends a link whose other end is known to be gone. */
  abortLink(link: LinkID, reason: string): void {
    this.#links.abort(link, reason);
  }

  /** Whether the gateway is registered and can ask for connections. */
  get isReady(): boolean {
    return this.#host.state.source.agentLink !== undefined;
  }

  /** Ends everything at once, after it was said why. */
  stop(reason: string): void {
    this.#source.abort(reason);
    this.#host.dispatch({ kind: "ending", reason });
    // The host steps at the end of this turn; what it sends then must still leave.
    queueMicrotask(() => {
      this.#host.stop();
      this.#links.closeAll();
    });
  }

  #perform(effect: GatewayEffect): void {
    switch (effect.kind) {
      case "send":
        return this.#links.send(effect.link, effect.message);
      case "closeLink":
        return this.#links.close(effect.link);
      case "refuse":
        return this.refusals.add(effect);
      case "routes":
        return this.#takeRoutes?.(effect.routes, effect.ports);
      default:
        this.#source.perform(effect);
    }
  }
}
