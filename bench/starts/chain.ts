/**
 * A request for a service that asks another one, which asks a third one, while none of them runs:
 * with starts ahead of need (`eager`) and without, against a service that asks nobody.
 *
 * @module
 */

import type { MeshConfig, ServiceConfig } from "../../runtime/config/mesh_config.ts";
import { request } from "./requests.ts";
import type { Measurement } from "../measurement.ts";
import { BenchMesh, loadExample } from "../mesh.ts";

/** How much is measured. */
export interface ChainBenchOptions {
  /** How often each is measured. @default {15} */
  readonly runs?: number;
}

const ENTRY = new URL("services/chain.ts", import.meta.url).pathname;

/** The services that are asked for, each with those that it leads to, in their order. */
const CHAINS = {
  alone: ["alone"],
  eager: ["eager", "eager-b", "eager-c"],
  plain: ["plain", "plain-b", "plain-c"],
} as const;

async function chains(): Promise<MeshConfig> {
  const config = await loadExample();
  const [pattern] = config.services.values();
  if (pattern === undefined) throw new Error("Cannot measure chains: there is no service");
  const services = Object.entries(CHAINS).flatMap(([first, names]) =>
    names.map((name, at): ServiceConfig => {
      const next = names.slice(at + 1, at + 2);
      const eager = first === "eager" ? next : [];
      return { ...pattern, name, entry: ENTRY, plugs: next, eager, env: { NEXT: next.join("") } };
    })
  );
  return {
    ...config,
    services: new Map(services.map((service) => [service.name, service])),
    routes: Object.keys(CHAINS).map((service) => ({
      path: `/${service}`,
      service,
      keepPrefix: false,
    })),
  };
}

/** Milliseconds until the first service of a chain has answered. */
async function measureChain(mesh: BenchMesh, first: keyof typeof CHAINS): Promise<number> {
  const startedMs = performance.now();
  await request(mesh.gatewayPort, `/${first}/`);
  const tookMs = performance.now() - startedMs;
  await mesh.stopInstances();
  return tookMs;
}

/** Measures chains. */
export async function benchChain(options: ChainBenchOptions = {}): Promise<Measurement[]> {
  const { runs = 15 } = options;
  const mesh = await BenchMesh.start({ config: await chains() });
  const alone: number[] = [];
  const eager: number[] = [];
  const plain: number[] = [];
  try {
    // The first run of each fills the caches of the disk.
    for (let run = -1; run < runs; run += 1) {
      const aloneMs = await measureChain(mesh, "alone");
      const eagerMs = await measureChain(mesh, "eager");
      const plainMs = await measureChain(mesh, "plain");
      if (run < 0) continue;
      alone.push(aloneMs);
      eager.push(eagerMs);
      plain.push(plainMs);
    }
  } finally {
    await mesh.stop();
  }
  const row = { bench: "chain", unit: "ms", reference: { name: "A alone", runs: alone } };
  return [
    { ...row, name: "A that asks B that asks C, eager", runs: eager },
    { ...row, name: "the same without eager", runs: plain },
  ];
}
