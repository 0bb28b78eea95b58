/**
 * What a mesh of 1,000 services of which 100 run costs while nobody asks anything of it, and how
 * soon it tells what runs. Needs Linux.
 *
 * @module
 */

import { ManyMesh } from "./many_mesh.ts";
import type { Measurement } from "../measurement.ts";
import { cpuPercents, rssMibOf } from "../processes/process_stat.ts";

/** How much is measured. */
export interface ManyBenchOptions {
  /** How many services there are. @default {1_000} */
  readonly services?: number;
  /** How many of them run. @default {100} */
  readonly running?: number;
  /** How often each is measured. @default {3} */
  readonly runs?: number;
  /** How long one run takes. Milliseconds. @default {20_000} */
  readonly durationMs?: number;
}

/** Of one core, in percent. */
const CPU_MAX = 2;
/** How soon `ps` is answered. Milliseconds. */
const ANSWER_MS_MAX = 100;
/** After the last start so long: each is asked once how it is, and V8 cleans up once. */
const SETTLE_MS = 45_000;

/** How long something takes. Milliseconds. */
async function took(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

async function readAll(url: string): Promise<void> {
  const response = await fetch(url);
  await response.bytes();
  if (!response.ok) throw new Error(`Cannot read ${url}: status ${response.status}`);
}

async function benchOne(name: string, options: ManyBenchOptions): Promise<Measurement[]> {
  const { services = 1_000, running = 100, runs = 3, durationMs = 20_000 } = options;
  const mesh = await ManyMesh.start({ services, isDistributed: name === "roles" });
  const found = {
    answer: [] as number[],
    all: [] as number[],
    command: [] as number[],
    mesh: [] as number[],
    instances: [] as number[],
  };
  const rss = { mesh: [] as number[], instances: [] as number[] };
  try {
    await mesh.run(running);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const { instancePids: instances, pids } = mesh;
    for (let run = 0; run < runs; run += 1) {
      const [ofMesh = NaN, ofInstances = NaN] = await cpuPercents([pids, instances], durationMs);
      found.mesh.push(ofMesh);
      found.instances.push(ofInstances);
      rss.mesh.push(rssMibOf(pids));
      rss.instances.push(rssMibOf(instances) / instances.length);
      found.answer.push(await took(() => readAll(`${mesh.adminUrl}/v1/instances?limit=10000`)));
      found.all.push(await took(() => readAll(`${mesh.adminUrl}/v1/services?limit=10000`)));
      found.command.push(await took(() => mesh.command("ps")));
    }
  } finally {
    await mesh.stop();
  }
  const soon = { of: "value", atMost: ANSWER_MS_MAX } as const;
  const idle = { of: "value", atMost: CPU_MAX } as const;
  return [
    { name: "the answer to ps", unit: "ms", runs: found.answer, goal: soon },
    { name: "the answer to ps --all", unit: "ms", runs: found.all, goal: soon },
    { name: "the whole command ps", unit: "ms", runs: found.command },
    { name: "processor of the mesh, idle", unit: "% of a core", runs: found.mesh, goal: idle },
    { name: `processor of ${running} instances`, unit: "% of a core", runs: found.instances },
    { name: "memory of the mesh", unit: "MiB", runs: rss.mesh },
    { name: "memory of one instance", unit: "MiB", runs: rss.instances },
  ].map((one) => ({ bench: "many", ...one, name: `${name}: ${one.name}` }));
}

/** Measures a mesh in one process, and one whose roles are processes. */
export async function benchMany(options: ManyBenchOptions = {}): Promise<Measurement[]> {
  if (Deno.build.os !== "linux") throw new Error("Cannot measure many services: it takes /proc");
  return [...await benchOne("local", options), ...await benchOne("roles", options)];
}
