/**
 * What a mesh costs while nobody asks anything of it: time of a processor and memory.
 *
 * @module
 */

import { readLines } from "../runtime/launcher/output_lines.ts";
import type { Measurement } from "./measurement.ts";

/** How much is measured. */
export interface IdleBenchOptions {
  /** How often each is measured. @default {3} */
  readonly runs?: number;
  /** How long one run takes. Milliseconds. @default {10_000} */
  readonly durationMs?: number;
}

/** Of one core, in percent. */
const CPU_MAX = 1;
/** A tick of the kernel's clock, as /proc tells time. Milliseconds. */
const TICK_MS = 10;
const PAGE_MIB = 4_096 / 2 ** 20;
const MAIN = new URL("../mod.ts", import.meta.url).href;
const EXAMPLE = new URL("../examples/hello", import.meta.url).pathname;

/** What /proc tells of a process. */
interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  readonly cpuMs: number;
  readonly rssMib: number;
}

function statOf(pid: number): ProcessStat {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name of the program is in parentheses and may contain anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
  const [, parentPid = 0] = fields;
  const [user = 0, system = 0] = fields.slice(11);
  return {
    pid,
    parentPid,
    cpuMs: TICK_MS * (user + system),
    rssMib: PAGE_MIB * (fields[21] ?? 0),
  };
}

/** The processes that a process has started, directly. */
function childrenOf(parentPid: number): ProcessStat[] {
  const stats: ProcessStat[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = statOf(Number(name));
      if (stat.parentPid === parentPid) stats.push(stat);
    } catch {
      // It has ended meanwhile.
    }
  }
  return stats;
}

/** A mesh in a process of its own, as its user starts it. */
class MeshProcess {
  readonly #child: Deno.ChildProcess;
  readonly #folder: string;
  readonly #ready = Promise.withResolvers<string>();

  constructor() {
    this.#folder = Deno.makeTempDirSync({ prefix: "smmp-bench-" });
    const ports = ["--port", "0", "--admin-port", "0"];
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, "mesh", EXAMPLE, ...ports, "--data", this.#folder, "--json"],
      // What an agent prepares once, after an update, is no part of being idle.
      env: { SMMP_PREPARE: "off" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    void this.#read();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a request through the gateway. */
  async request(path: string): Promise<void> {
    const response = await fetch(new URL(path, await this.#ready.promise));
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot get "${path}": ${text}`);
  }

  /** Resolves when it runs. */
  async ready(): Promise<void> {
    await this.#ready.promise;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGINT");
    await this.#child.status;
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #read(): Promise<void> {
    await readLines(this.#child.stdout, (line) => {
      const event: { kind: string; gatewayUrl: string } = JSON.parse(line);
      if (event.kind === "meshReady") this.#ready.resolve(event.gatewayUrl);
    });
    this.#ready.reject(new Error("Cannot measure: the mesh has ended"));
  }
}

/** The time that some processes use, in percent of a core. */
async function cpuPercent(pids: readonly number[], durationMs: number): Promise<number> {
  const used = () => pids.reduce((sum, pid) => sum + statOf(pid).cpuMs, 0);
  const beforeMs = used();
  const startedMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  return 100 * (used() - beforeMs) / (performance.now() - startedMs);
}

/** Measures a mesh in which nothing runs, and one whose services do nothing. Needs Linux. */
export async function benchIdle(options: IdleBenchOptions = {}): Promise<Measurement[]> {
  const { runs = 3, durationMs = 10_000 } = options;
  if (Deno.build.os !== "linux") throw new Error("Cannot measure an idle mesh: it takes /proc");
  const mesh = new MeshProcess();
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
