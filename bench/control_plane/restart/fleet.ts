/**
 * Many agents in one process, each with a link of its own to the manager, over real sockets.
 *
 * @module
 */

import { AgentProcess } from "../../../runtime/distributed/agent_process.ts";
import type { Address } from "../../../runtime/distributed/address.ts";
import { createAuthority, issueInto } from "../../../runtime/certificates/authority.ts";
import { loadCredentials } from "../../../runtime/certificates/loading.ts";
import type { IdentityRole } from "../../../transports/secure/identity.ts";

const LOOPBACK = "127.0.0.1";

/** Agents that keep themselves registered. */
export class Fleet {
  /** How often one of them was not let in, or did not reach the manager. */
  missed = 0;
  readonly #folder: string;
  readonly #agents: AgentProcess[] = [];
  readonly #registered = new Set<string>();
  #all: PromiseWithResolvers<void> = Promise.withResolvers();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes an authority in a folder, and a certificate for the manager. */
  static async make(folder: string): Promise<Fleet> {
    await createAuthority(`${folder}/ca`);
    const fleet = new Fleet(folder);
    await fleet.#issue("manager", "manager");
    return fleet;
  }

  /** The folder of the manager's certificate. */
  get managerTls(): string {
    return `${this.#folder}/manager`;
  }

  /** Starts so many agents; resolves when the manager has taken all of them in. */
  async start(count: number, manager: Address): Promise<void> {
    this.#all = Promise.withResolvers();
    for (let index = 0; index < count; index += 1) {
      const name = `agent-${index}`;
      await this.#issue("agent", name);
      const credentials = await loadCredentials(`${this.#folder}/${name}`);
      const agent = new AgentProcess({
        host: {
          name,
          network: LOOPBACK,
          services: new Map(),
          warn: () => {},
          output: () => {},
          launch: () => {
            throw new Error("Cannot launch: nothing is offered");
          },
        },
        manager,
        listen: { hostname: LOOPBACK, port: 0 },
        credentials: () => credentials,
        told: ({ kind }) => {
          if (kind === "registered") this.#registered.add(name);
          else this.#miss(name);
          if (this.#registered.size === count) this.#all.resolve();
        },
      });
      this.#agents.push(agent);
      await agent.start();
    }
    await this.#all.promise;
  }

  /** Forgets who is registered; resolves when all of them are again. */
  expectAll(): Promise<void> {
    this.missed = 0;
    this.#registered.clear();
    this.#all = Promise.withResolvers();
    return this.#all.promise;
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    for (const agent of this.#agents) await agent.stop();
  }

  #miss(name: string): void {
    this.missed += 1;
    this.#registered.delete(name);
  }

  async #issue(role: IdentityRole, name: string): Promise<void> {
    const identity = { role, name };
    const hosts = [LOOPBACK];
    await issueInto(`${this.#folder}/${name}`, {
      authority: `${this.#folder}/ca`,
      identity,
      hosts,
    });
  }
}
