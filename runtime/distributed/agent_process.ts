/**
 * The agent as a process of its own: it dials its manager, and listens for gateways.
 *
 * @module
 */

import type { Identity } from "../../transports/secure/identity.ts";
import type { TcpListener } from "../../transports/tcp.ts";
import { AgentHost, type AgentHostOptions, type Repository } from "../agent/agent_host.ts";
import type { SessionAuthority } from "../agent/session_authority.ts";
import { type Address, isLocal } from "./address.ts";
import { holdToGateway } from "./claims.ts";
import type { KeptLink } from "./kept_link.ts";
import { keepRegistered, type RegistrationEvent } from "./registered_link.ts";
import { type CredentialsSource, listenForRoles, refusedStranger } from "./role_links.ts";

/** How an agent process is set up. */
export interface AgentProcessOptions {
  /** The agent itself. */
  readonly host: AgentHostOptions;
  /** Where its manager is. */
  readonly manager: Address;
  /** Where gateways come. */
  readonly listen: Address;
  /** What it proves itself by; without it, links are plain. */
  readonly credentials: CredentialsSource | undefined;
  /** Is told what becomes of the link to the manager. */
  readonly told: (event: RegistrationEvent) => void;
}

/** Without a manager services have this long for what they have in flight. Milliseconds. */
const ALONE_MS = 10_000;

/** An agent that runs in this process. */
export class AgentProcess {
  readonly #options: AgentProcessOptions;
  #host: AgentHost | undefined;
  #listener: TcpListener | undefined;
  #manager: KeptLink | undefined;
  #isRegistered = false;
  #onLost = () => {};

  /** Nothing runs before {@linkcode AgentProcess.start}. */
  constructor(options: AgentProcessOptions) {
    this.#options = options;
  }

  /**
   * Listens, and begins to dial the manager.
   *
   * @returns Where gateways come.
   * @throws {Error} when the port is taken, or this version of Deno lets strangers in.
   */
  async start(): Promise<Address> {
    const { listen, manager: address, credentials, told } = this.#options;
    const sessions = await this.#sessionAuthority();
    const host = this.#host = new AgentHost({ ...this.#options.host, sessions });
    this.#listener = await listenForRoles({
      address: listen,
      what: "gateways",
      flag: "--listen",
      credentials,
      admits,
      refused: (reason) => host.refusals.add(refusedStranger(reason)),
    }, (link, peer) =>
      holdToGateway(host.admitTrustedLink(link, peer?.name), {
        link,
        refused: (refusal) => host.refusals.add(refusal),
      }));
    this.#manager = keepRegistered({
      address,
      credentials,
      expects: { role: "manager", name: "manager" },
      answer: "agentRegisterResponse",
      admit: (link) => host.admitManagerLink(link),
      told: (event) => {
        this.#isRegistered = event.kind === "registered";
        if (!this.#isRegistered) this.#onLost();
        told(event);
      },
    });
    this.#manager.start();
    return { hostname: listen.hostname, port: this.#listener.port };
  }

  /** Sessions from other hosts are encrypted where links are; on one host there is no need. */
  async #sessionAuthority(): Promise<SessionAuthority | undefined> {
    const { host: { network, data }, credentials } = this.#options;
    if (credentials === undefined || isLocal({ hostname: network, port: 0 })) return undefined;
    const { openSessionAuthority } = await import("../agent/session_authority.ts");
    return await openSessionAuthority({ folder: data });
  }

  /** What the agent can start is something else from now on; instances of `edited` are replaced. */
  update(repository: Repository, edited: readonly string[]): void {
    this.#host?.update(repository, edited);
  }

  /**
   * Ends the services of the agent: softly by its manager, so that no request fails; without the
   * manager they finish what they have in flight; and hard what has not ended in time.
   *
   * @param withinMs How long the manager has for it.
   * @returns Whether all of them ended softly.
   */
  async leave(withinMs: number): Promise<boolean> {
    const host = this.#host;
    if (host === undefined) return true;
    const lost = new Promise<void>((resolve) => this.#onLost = resolve);
    if (this.#isRegistered) await within(withinMs, [host.leave(), lost]);
    if (!this.#isRegistered) await within(ALONE_MS, [host.leave({ aloneMs: ALONE_MS })]);
    return await host.killAll() === 0;
  }

  /** Kills every process of the agent at once; resolves when they are gone. */
  async killAll(): Promise<void> {
    await this.#host?.killAll();
  }

  /** Ends this agent; its services go on until they miss it for too long. */
  async stop(): Promise<void> {
    this.#listener?.close();
    this.#host?.stop();
    await this.#manager?.stop();
  }
}

function admits({ role, name }: Identity): string | undefined {
  return role === "gateway" ? undefined : `it is ${role} "${name}", and an agent takes gateways`;
}

/** Waits for the first of these, and no longer than that. */
async function within(timeMs: number, awaited: readonly Promise<void>[]): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, timeMs);
  await Promise.race([...awaited, late.promise]);
  clearTimeout(timer);
}
