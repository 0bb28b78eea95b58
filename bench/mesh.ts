/**
 * A whole mesh in local mode, as `mesh` runs it: workers, SQLite store, admin API.
 *
 * @module
 */

import type { Fact, FactKind } from "../roles/manager/memory/facts.ts";
import type { MeshConfig, ServiceConfig } from "../runtime/config/mesh_config.ts";
import { loadMesh } from "../runtime/config/load_mesh.ts";
import { type LocalAddresses, LocalMesh } from "../runtime/local/local_mesh.ts";

const EXAMPLE = new URL("../examples/hello", import.meta.url).pathname;

/** Facts of one kind. */
export type FactOf<Kind extends FactKind> = Extract<Fact, { kind: Kind }>;

/** The mesh of examples/hello. */
export function loadExample(): Promise<MeshConfig> {
  return loadMesh(EXAMPLE);
}

/** How the services of a mesh run. */
export type BenchRuntime = Pick<ServiceConfig, "warm" | "runtime">;

/** The same mesh with services that run so. */
function running(config: MeshConfig, runtime: BenchRuntime): MeshConfig {
  const services = [...config.services].map(([name, one]) =>
    [name, { ...one, ...runtime }] as const
  );
  return { ...config, services: new Map(services) };
}

/** Which mesh is measured, and how its services run. */
export interface BenchMeshOptions extends BenchRuntime {
  /** What it consists of. @default {what examples/hello does} */
  readonly config?: MeshConfig;
}

/** A mesh, which runs until {@linkcode BenchMesh.stop}. */
export class BenchMesh {
  /** Where it is. */
  readonly addresses: LocalAddresses;
  readonly #mesh: LocalMesh;
  readonly #folder: string;
  readonly #token: string;
  readonly #facts: Fact[];
  readonly #listeners: Set<() => void>;

  private constructor(
    mesh: LocalMesh,
    parts: {
      addresses: LocalAddresses;
      folder: string;
      token: string;
      facts: Fact[];
      listeners: Set<() => void>;
    },
  ) {
    this.#mesh = mesh;
    this.addresses = parts.addresses;
    this.#folder = parts.folder;
    this.#token = parts.token;
    this.#facts = parts.facts;
    this.#listeners = parts.listeners;
  }

  /**
   * Starts it on free ports, with its history in a folder that goes with it. Its services are
   * processes without spares unless something else is said.
   */
  static async start({ config, ...runtime }: BenchMeshOptions = {}): Promise<BenchMesh> {
    const folder = await Deno.makeTempDir({ prefix: "smmp-bench-" });
    const facts: Fact[] = [];
    const listeners = new Set<() => void>();
    const token = crypto.randomUUID();
    const mesh = new LocalMesh({
      config: running(config ?? await loadExample(), runtime),
      data: folder,
      hostname: "127.0.0.1",
      port: 0,
      adminPort: 0,
      token,
      facts: (some) => {
        facts.push(...some);
        for (const listener of [...listeners]) listener();
      },
      output: (lines) => lines.forEach(({ text }) => console.error(text)),
      warn: (text) => console.error(text),
    });
    const addresses = await mesh.start();
    const started = new BenchMesh(mesh, { addresses, folder, token, facts, listeners });
    // The gateway is there.
    await started.fact("instanceRegistered");
    return started;
  }

  /** The port of the gateway. */
  get gatewayPort(): number {
    return Number(new URL(this.addresses.gatewayUrl).port);
  }

  /** Waits for the first fact of a kind for which something holds, and takes it. */
  async fact<Kind extends FactKind>(
    kind: Kind,
    holds: (fact: FactOf<Kind>) => boolean = () => true,
  ): Promise<FactOf<Kind>> {
    const isWanted = (fact: Fact): fact is FactOf<Kind> => fact.kind === kind;
    for (;;) {
      const found = this.#facts.find((fact): fact is FactOf<Kind> => isWanted(fact) && holds(fact));
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#listeners.add(resolve);
      await promise;
      this.#listeners.delete(resolve);
    }
  }

  /** Stops an instance, and waits until it has ended. */
  async stopInstance(serviceID: number): Promise<void> {
    const response = await fetch(`${this.addresses.adminUrl}/v1/instances/${serviceID}/stop`, {
      method: "POST",
      headers: { "authorization": `Bearer ${this.#token}`, "content-type": "application/json" },
      body: JSON.stringify({ mode: "soft" }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot stop "${serviceID}": ${text}`);
    await this.fact("instanceEnded", (fact) => fact.serviceID === serviceID);
  }

  /** Stops all instances that run, and waits until they have ended. */
  async stopInstances(): Promise<void> {
    const ended = new Set(
      this.#facts.flatMap((fact) => fact.kind === "instanceEnded" ? [fact.serviceID] : []),
    );
    const running = this.#facts.flatMap((fact) =>
      fact.kind === "instanceStarted" && !ended.has(fact.serviceID) ? [fact.serviceID] : []
    );
    await Promise.all(running.map((serviceID) => this.stopInstance(serviceID)));
  }

  /** Ends it, and removes its history. */
  async stop(): Promise<void> {
    await this.#mesh.stop();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
