/**
 * The gateway as a process of its own: it dials its agent, and serves users.
 *
 * @module
 */

import type { ReportedPort } from "../../protocol/announcements.ts";
import type { GatewayConfig, Route } from "../config/mesh_config.ts";
import { FirstRoutes } from "../gateway/cold/first_routes.ts";
import { type ServedGateway, serveGateway } from "../gateway/served_gateway.ts";
import { urlOf } from "../listen_http.ts";
import type { Address } from "./address.ts";
import type { KeptLink } from "./kept_link.ts";
import { keepRegistered, type RegistrationEvent } from "./registered_link.ts";
import type { CredentialsSource } from "./role_links.ts";

/** How a gateway process is set up. */
export interface GatewayProcessOptions {
  /** The name and the place of its agent. */
  readonly agent: Address & { readonly name: string };
  /** Where users come. */
  readonly serve: Address;
  /** What is reachable from outside; without it, what the manager says. */
  readonly routes: readonly Route[] | undefined;
  /** The ports that lead to services over TCP; without them, what the manager says. */
  readonly ports: readonly ReportedPort[] | undefined;
  /** Whether other gateways of this host listen there too. @default {false} */
  readonly isShared?: boolean;
  /** How it is set up beside the routes, as mesh.json says. @default {{}} */
  readonly config?: GatewayConfig | undefined;
  /** The secret with which the operator may call any service. */
  readonly token: string;
  /** What it proves itself by; without it, the link is plain. */
  readonly credentials: CredentialsSource | undefined;
  /** Is told what becomes of the link to the agent. */
  readonly told: (event: RegistrationEvent) => void;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
}

/** A gateway that runs in this process. */
export class GatewayProcess {
  readonly #options: GatewayProcessOptions;
  readonly #routes: FirstRoutes;
  #served: ServedGateway | undefined;
  #agent: KeptLink | undefined;

  /** Nothing runs before {@linkcode GatewayProcess.start}. */
  constructor(options: GatewayProcessOptions) {
    this.#options = options;
    this.#routes = new FirstRoutes({ waitingMax: options.config?.waiting });
    if (options.routes !== undefined) this.#routes.set(options.routes);
  }

  /**
   * Listens for users, and begins to dial the agent.
   *
   * @returns Where users come.
   * @throws {Error} when the port is taken or the address is not this machine's, with what to do.
   */
  start(): string {
    const { agent, serve, routes, ports, config, token, credentials, told, warn } = this.#options;
    const { isShared = false } = this.#options;
    const served = this.#served = serveGateway({
      ...serve,
      isShared,
      routes: () => this.#routes.get(),
      ports,
      told: (reported) => {
        if (routes === undefined) this.#routes.set(reported);
      },
      token,
      trustForwarded: config?.trustForwarded,
      waitingMax: config?.waiting,
      ending: "the gateway is stopping",
      warn,
    });
    this.#agent = keepRegistered({
      address: agent,
      credentials,
      expects: { role: "agent", name: agent.name },
      answer: "serviceRegisterResponse",
      admit: (link) => served.host.admitAgentLink(link),
      told,
    });
    this.#agent.start();
    return urlOf(serve.hostname, served.port);
  }

  /** Accepts nothing new; resolves when every request in flight has been answered. */
  async drain(): Promise<void> {
    this.#routes.close();
    await this.#served?.drain();
  }

  /** Ends everything at once, after it was said why; resolves when that has left. */
  async stop(): Promise<void> {
    this.#served?.stop();
    // The role is stepped at the end of this turn, and what it says then leaves before the close.
    await null;
    await this.#agent?.stop();
  }
}
