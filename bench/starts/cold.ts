/**
 * A request for a service that does not run, against a bare `deno run` of the same service: from
 * the request, or the spawn, to the answer.
 *
 * @module
 */

import { clockMs } from "../../runtime/host.ts";
import { BARE, freePorts, request } from "./requests.ts";
import type { Measurement } from "../measurement.ts";
import { BenchMesh, type BenchRuntime } from "../mesh.ts";

/** How much is measured. */
export interface ColdBenchOptions {
  /** How often each is measured. @default {15} */
  readonly runs?: number;
}

const RATIO_MAX = 1.5;
const WARM_RATIO_MAX = 0.5;
const WORKER_RATIO_MAX = 0.7;
/** After this long a spare that was used has been replaced. Milliseconds. */
const SPARE_MS = 3_000;
const SERVICE = "greeter";

/** From the spawn of a bare process to its first answer. Milliseconds. */
async function measureBare(): Promise<number> {
  const [port = 0] = freePorts(1);
  const startedMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--allow-net", BARE, String(port)],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await request(port, "/");
  const tookMs = performance.now() - startedMs;
  child.kill("SIGKILL");
  await reader.cancel();
  await child.status;
  return tookMs;
}

/** The times of one cold request. Milliseconds. */
interface Cold {
  /** From the request to the answer. */
  readonly total: number;
  /** Until the start was ordered. */
  readonly order: number;
  /** From the order until the instance accepted connections. */
  readonly start: number;
  /** From there to the answer. */
  readonly answer: number;
}

async function measureCold(mesh: BenchMesh, afterID: number): Promise<Cold & { id: number }> {
  const sentMs = clockMs();
  const startedMs = performance.now();
  await request(mesh.gatewayPort, `/${SERVICE}/`);
  const total = performance.now() - startedMs;
  const isNew = (fact: { serviceID: number }) => fact.serviceID > afterID;
  const starting = await mesh.fact("instanceStarting", isNew);
  const started = await mesh.fact("instanceStarted", isNew);
  // Facts are timed in whole milliseconds.
  const order = Math.max(0, starting.atMs - sentMs);
  const start = started.atMs - starting.atMs;
  return { total, order, start, answer: total - order - start, id: started.serviceID };
}

/** Cold requests for a mesh, one after another. */
class ColdRequests implements AsyncDisposable {
  readonly #mesh: BenchMesh;
  #lastID = 0;

  private constructor(mesh: BenchMesh) {
    this.#mesh = mesh;
  }

  static async start(runtime: BenchRuntime): Promise<ColdRequests> {
    return new ColdRequests(await BenchMesh.start(runtime));
  }

  /** Sends one, and stops what was started by it. */
  async measure(): Promise<Cold> {
    const { id, ...found } = await measureCold(this.#mesh, this.#lastID);
    this.#lastID = id;
    await this.#mesh.stopInstance(id);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mesh.stop();
  }
}

/** Measures cold requests. */
export async function benchCold(options: ColdBenchOptions = {}): Promise<Measurement[]> {
  const { runs = 15 } = options;
  await using mesh = await ColdRequests.start({});
  await using warmMesh = await ColdRequests.start({ warm: 1 });
  await using workers = await ColdRequests.start({ runtime: "worker" });
  await using plainWorkers = await ColdRequests.start({ runtime: "worker", warm: 0 });
  const bare: number[] = [];
  const cold: Cold[] = [];
  const warm: number[] = [];
  const worker: number[] = [];
  const plainWorker: number[] = [];
  // The first run of each fills the caches of the disk.
  for (let run = -1; run < runs; run += 1) {
    const bareMs = await measureBare();
    const found = await mesh.measure();
    const plain = await plainWorkers.measure();
    // Spares are started one after another, after what is asked for.
    await new Promise((resolve) => setTimeout(resolve, SPARE_MS));
    const spare = await warmMesh.measure();
    const usual = await workers.measure();
    if (run < 0) continue;
    bare.push(bareMs);
    cold.push(found);
    warm.push(spare.total);
    worker.push(usual.total);
    plainWorker.push(plain.total);
  }
  const parts = [
    ["of it: until the start is ordered", cold.map(({ order }) => order)],
    ["of it: until the instance is ready", cold.map(({ start }) => start)],
    ["of it: until the answer", cold.map(({ answer }) => answer)],
  ] as const;
  const process = { name: "a process", runs: cold.map(({ total }) => total) };
  const row = { bench: "cold", unit: "ms" } as const;
  return [
    {
      ...row,
      name: "request for what does not run",
      runs: process.runs,
      reference: { name: "deno run", runs: bare },
      goal: { of: "ratio", atMost: RATIO_MAX },
    },
    {
      ...row,
      name: "the same with a spare (warm: 1)",
      runs: warm,
      reference: { name: "without", runs: process.runs },
      goal: { of: "ratio", atMost: WARM_RATIO_MAX },
    },
    {
      ...row,
      name: "the same for a worker",
      runs: worker,
      reference: process,
      goal: { of: "ratio", atMost: WORKER_RATIO_MAX },
    },
    { ...row, name: "a worker without a spare (warm: 0)", runs: plainWorker, reference: process },
    ...parts.map(([name, values]) => ({ ...row, name, runs: values })),
  ];
}
