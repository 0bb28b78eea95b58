/**
 * The manager as a process of its own: its store, its admin API, and a port for agents.
 *
 * @module
 */

import type { Fact } from "../../roles/manager/memory/facts.ts";
import type { LinkEvents } from "../../transports/link.ts";
import type { Credentials, Identity } from "../../transports/secure/identity.ts";
import type { TcpListener } from "../../transports/tcp.ts";
import { urlOf } from "../listen_http.ts";
import { type ServedManager, serveManager } from "../manager/served_manager.ts";
import type { Address } from "./address.ts";
import { holdToIdentity } from "./claims.ts";
import { OperatorTokens, welcomeOperator } from "./operator_access.ts";
import { RenewedServer } from "./renewed_server.ts";
import { type CredentialsSource, listenForRoles, refusedStranger } from "./role_links.ts";

/** How a manager process is set up. */
export interface ManagerProcessOptions {
  /** Where agents and operators come. */
  readonly listen: Address;
  /** Where the admin API is. */
  readonly admin: Address;
  /** Names and addresses by which the admin API is called, beside those of the loopback. */
  readonly adminHosts: readonly string[];
  /** The data folder, or `none`. */
  readonly data: string;
  /** The secret of the operator of this machine. */
  readonly token: string;
  /** What it proves itself by; without it, links and the admin API are plain. */
  readonly credentials: CredentialsSource | undefined;
  /** Takes facts as they are recorded. */
  readonly facts: (facts: readonly Fact[]) => void;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
}

/** Where a manager is reached. */
export interface ManagerAddresses {
  /** By agents and operators. */
  readonly listen: Address;
  /** By HTTP. */
  readonly adminUrl: string;
}

/** A manager that runs in this process. Its end ends no service. */
export class ManagerProcess {
  readonly #options: ManagerProcessOptions;
  readonly #tokens = new OperatorTokens();
  #served: ServedManager | undefined;
  #admin: RenewedServer | undefined;
  #listener: TcpListener | undefined;
  #links = 0;
  #revoked: Credentials["revoked"];
  #allClosed: PromiseWithResolvers<void> | undefined;

  /** Nothing runs before {@linkcode ManagerProcess.start}. */
  constructor(options: ManagerProcessOptions) {
    this.#options = options;
    this.#revoked = options.credentials?.().revoked;
  }

  /**
   * Recovers what the store tells and listens.
   *
   * @throws {Error} when the store can't be opened, a port is taken, or this version of Deno lets
   * strangers in.
   */
  async start(): Promise<ManagerAddresses> {
    const { listen: { hostname }, admin, adminHosts, data, token, warn, facts } = this.#options;
    const isSecure = this.#options.credentials !== undefined;
    const accepts = (given: string) => this.#tokens.accepts(given);
    const served = serveManager({ data, warn, admin: { token, accepts, hosts: adminHosts } });
    this.#served = served;
    served.host.subscribe(facts);
    this.#admin = new RenewedServer({
      ...admin,
      what: "the admin API",
      flag: "--admin",
      credentials: this.#options.credentials?.(),
      warn,
    }, served.app);
    const { port } = this.#listener = await this.#listen(served);
    return {
      listen: { hostname, port },
      adminUrl: urlOf(admin.hostname, this.#admin.port, { isSecure }),
    };
  }

  /** Proves itself by other certificates from here on, and knows others that were revoked. */
  renew(credentials: Credentials): void {
    // Nobody knows whose tokens and streams these are: who may come in comes again.
    const isBreaking = this.#revoked !== credentials.revoked;
    this.#revoked = credentials.revoked;
    if (isBreaking) this.#tokens.forgetAll();
    // The port for agents follows them by itself.
    this.#admin?.renew(credentials, { isBreaking });
  }

  /** Ends this manager; services go on, and agents wait for the next one. */
  async stop(): Promise<void> {
    this.#listener?.close();
    this.#served?.stop();
    // Each link ends within its time, so that agents hear of it, and of no broken connection.
    this.#allClosed = Promise.withResolvers<void>();
    if (this.#links > 0) await this.#allClosed.promise;
    await this.#admin?.close();
    this.#served?.close();
  }

  async #listen({ host }: ServedManager): Promise<TcpListener> {
    const { listen: address, credentials } = this.#options;
    const { refusals } = host;
    return await listenForRoles({
      address,
      what: "agents",
      flag: "--listen",
      credentials,
      admits,
      refused: (reason) => refusals.add(refusedStranger(reason)),
    }, (link, peer) => {
      if (peer?.role === "operator") {
        const { hostname } = this.#options.admin;
        const admin = { hostname, port: this.#admin?.port ?? 0 };
        return welcomeOperator(link, { admin, token: this.#tokens.issue() });
      }
      const events = this.#count(host.admitLink(link));
      if (peer === undefined) return events;
      return holdToIdentity(events, { link, peer, refused: (refusal) => refusals.add(refusal) });
    });
  }

  #count(events: LinkEvents): LinkEvents {
    this.#links += 1;
    return {
      ...events,
      closed: (reason) => {
        events.closed(reason);
        this.#links -= 1;
        if (this.#links === 0) this.#allClosed?.resolve();
      },
    };
  }
}

function admits({ role, name }: Identity): string | undefined {
  if (role === "agent" || role === "operator") return undefined;
  return `it is ${role} "${name}", and a manager takes agents and operators`;
}
