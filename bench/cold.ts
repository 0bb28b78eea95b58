/**
 * A request for a service that does not run, against a bare `deno run` of the same service: from
 * the request, or the spawn, to the answer.
 *
 * @module
 */

import { clockMs } from "../runtime/host.ts";
import type { Measurement } from "./measurement.ts";
import { BenchMesh } from "./mesh.ts";

/** How much is measured. */
export interface ColdBenchOptions {
  /** How often each is measured. @default {15} */
  readonly runs?: number;
}

const RATIO_MAX = 1.5;
const WARM_RATIO_MAX = 0.5;
/** After this long a spare that was used has been replaced. Milliseconds. */
const SPARE_MS = 3_000;
const BARE = new URL("cold/bare.ts", import.meta.url).href;
const SERVICE = "greeter";

/** Sends one request by a connection of its own; resolves with the first bytes of the answer. */
async function request(port: number, path: string): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const text = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: close\r\n\r\n`;
  await conn.write(new TextEncoder().encode(text));
  const buffer = new Uint8Array(4_096);
  const count = await conn.read(buffer);
  conn.close();
  const answer = new TextDecoder().decode(buffer.subarray(0, count ?? 0));
  if (!answer.startsWith("HTTP/1.1 200 ")) throw new Error(`Cannot get "${path}": ${answer}`);
}

/** A port that is free now. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** From the spawn of a bare process to its first answer. Milliseconds. */
async function measureBare(): Promise<number> {
  const port = freePort();
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

/** Measures cold requests. */
export async function benchCold(options: ColdBenchOptions = {}): Promise<Measurement[]> {
  const { runs = 15 } = options;
  const mesh = await BenchMesh.start();
  const warmMesh = await BenchMesh.start({ warm: 1 });
  const bare: number[] = [];
  const cold: Cold[] = [];
  const warm: number[] = [];
  try {
    let lastID = 0;
    let lastWarmID = 0;
    // The first run of each fills the caches of the disk.
    for (let run = -1; run < runs; run += 1) {
      const bareMs = await measureBare();
      const { id, ...found } = await measureCold(mesh, lastID);
      lastID = id;
      await mesh.stopInstance(id);
      // Spares are started one after another, after what is asked for.
      await new Promise((resolve) => setTimeout(resolve, SPARE_MS));
      const { id: warmID, total } = await measureCold(warmMesh, lastWarmID);
      lastWarmID = warmID;
      await warmMesh.stopInstance(warmID);
      if (run < 0) continue;
      warm.push(total);
      bare.push(bareMs);
      cold.push(found);
    }
  } finally {
    await mesh.stop();
    await warmMesh.stop();
  }
  const parts = [
    ["of it: until the start is ordered", cold.map(({ order }) => order)],
    ["of it: until the instance is ready", cold.map(({ start }) => start)],
    ["of it: until the answer", cold.map(({ answer }) => answer)],
  ] as const;
  return [
    {
      bench: "cold",
      name: "request for what does not run",
      unit: "ms",
      runs: cold.map(({ total }) => total),
      reference: { name: "deno run", runs: bare },
      goal: { of: "ratio", atMost: RATIO_MAX },
    },
    {
      bench: "cold",
      name: "the same with a spare (warm: 1)",
      unit: "ms",
      runs: warm,
      reference: { name: "without", runs: cold.map(({ total }) => total) },
      goal: { of: "ratio", atMost: WARM_RATIO_MAX },
    },
    ...parts.map(([name, values]) => ({ bench: "cold", name, unit: "ms", runs: values })),
  ];
}
