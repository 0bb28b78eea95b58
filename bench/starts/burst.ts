/**
 * Many services that do not run, each asked for once and all at the same moment, against as many
 * bare `deno run` at once: from the first request, or spawn, to the last answer.
 *
 * @module
 */

import type { MeshConfig } from "../../runtime/config/mesh_config.ts";
import { measureBareBurst, request } from "./requests.ts";
import type { Measurement } from "../measurement.ts";
import { BenchMesh, loadExample } from "../mesh.ts";

/** How much is measured. */
export interface BurstBenchOptions {
  /** How often each is measured. @default {5} */
  readonly runs?: number;
  /** How many services there are. @default {50} */
  readonly services?: number;
}

const RATIO_MAX = 1.5;
const SERVICE = "greeter";

/** The mesh of one service under many names. */
async function manyServices(count: number): Promise<MeshConfig> {
  const config = await loadExample();
  const service = config.services.get(SERVICE);
  if (service === undefined) throw new Error(`Cannot measure "${SERVICE}": it is not there`);
  const names = Array.from({ length: count }, (_, at) => `${SERVICE}-${at + 1}`);
  return {
    ...config,
    services: new Map(names.map((name) => [name, { ...service, name, plugs: [] }])),
    routes: names.map((name) => ({ path: `/${name}`, service: name, keepPrefix: false })),
  };
}

/** Asks each service once, and ends what that started. Milliseconds until all have answered. */
async function measureBurst(mesh: BenchMesh, services: Iterable<string>): Promise<number> {
  const startedMs = performance.now();
  await Promise.all(
    Array.from(services, (name) => request(mesh.gatewayPort, `/${name}/`)),
  );
  const tookMs = performance.now() - startedMs;
  await mesh.stopInstances();
  return tookMs;
}

/** Measures bursts. */
export async function benchBurst(options: BurstBenchOptions = {}): Promise<Measurement[]> {
  const { runs = 5, services = 50 } = options;
  const config = await manyServices(services);
  const mesh = await BenchMesh.start({ config });
  const bare: number[] = [];
  const burst: number[] = [];
  try {
    // The first run of each fills the caches of the disk.
    for (let run = -1; run < runs; run += 1) {
      const bareMs = await measureBareBurst(services);
      const burstMs = await measureBurst(mesh, config.services.keys());
      if (run < 0) continue;
      bare.push(bareMs);
      burst.push(burstMs);
    }
  } finally {
    await mesh.stop();
  }
  return [{
    bench: "burst",
    name: `${services} services asked for at once`,
    unit: "ms",
    runs: burst,
    reference: { name: `${services} deno run`, runs: bare },
    goal: { of: "ratio", atMost: RATIO_MAX },
  }];
}
