/**
 * What a mesh costs while nobody asks anything of it: time of a processor and memory.
 *
 * @module
 */

import type { Measurement } from "../measurement.ts";
import { childrenOf, cpuPercents, statOf } from "../processes/process_stat.ts";
import { RoleProcess } from "../processes/role_process.ts";

/** How much is measured. */
export interface IdleBenchOptions {
  /** How often each is measured. @default {3} */
  readonly runs?: number;
  /** How long one run takes. Milliseconds. @default {10_000} */
  readonly durationMs?: number;
}

/** Of one core, in percent. */
const CPU_MAX = 1;
const EXAMPLE = new URL("../../examples/hello", import.meta.url).pathname;

/** A mesh in a process of its own, and its folder. */
class IdleMesh {
  readonly #process: RoleProcess;
  readonly #folder: string;

  constructor() {
    this.#folder = Deno.makeTempDirSync({ prefix: "smmp-bench-" });
    const ports = ["--port", "0", "--admin-port", "0"];
    this.#process = new RoleProcess("mesh", EXAMPLE, ...ports, "--data", this.#folder);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Sends a request through the gateway. */
  async request(path: string): Promise<void> {
    const { gatewayUrl } = await this.#process.event("meshReady");
    const response = await fetch(new URL(path, String(gatewayUrl)));
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot get "${path}": ${text}`);
  }

  /** Resolves when it runs. */
  async ready(): Promise<void> {
    await this.#process.event("meshReady");
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** The time that some processes use, in percent of a core. */
async function cpuPercent(pids: readonly number[], durationMs: number): Promise<number> {
  const [percent = NaN] = await cpuPercents([pids], durationMs);
  return percent;
}

/** Measures a mesh in which nothing runs, and one whose services do nothing. Needs Linux. */
export async function benchIdle(options: IdleBenchOptions = {}): Promise<Measurement[]> {
  const { runs = 3, durationMs = 10_000 } = options;
  if (Deno.build.os !== "linux") throw new Error("Cannot measure an idle mesh: it takes /proc");
  const mesh = new IdleMesh();
  const found = { empty: [] as number[], full: [] as number[] };
  const rss = { empty: [] as number[], mesh: [] as number[], service: [] as number[] };
  try {
    await mesh.ready();
    for (let run = 0; run < runs; run += 1) {
      found.empty.push(await cpuPercent([mesh.pid], durationMs));
      rss.empty.push(statOf(mesh.pid).rssMib);
    }
    for (let run = 0; run < runs; run += 1) {
      await mesh.request("/greeter/hello/Bench");
      const children = childrenOf(mesh.pid);
      const pids = [mesh.pid, ...children.map(({ pid }) => pid)];
      found.full.push(await cpuPercent(pids, durationMs));
      rss.mesh.push(statOf(mesh.pid).rssMib);
      rss.service.push(...children.map(({ rssMib }) => rssMib));
    }
  } finally {
    await mesh.stop();
  }
  const goal = { of: "value", atMost: CPU_MAX } as const;
  return [
    { name: "processor, nothing runs", unit: "% of a core", runs: found.empty, goal },
    { name: "processor, services idle", unit: "% of a core", runs: found.full, goal },
    { name: "memory of the mesh, nothing runs", unit: "MiB", runs: rss.empty },
    { name: "memory of the mesh, services idle", unit: "MiB", runs: rss.mesh },
    { name: "memory of one idle service", unit: "MiB", runs: rss.service },
  ].map((one) => ({ bench: "idle", ...one }));
}
