/**
 * How long a manager that was killed takes to serve again, and its agents to be back.
 *
 * @module
 */

import type { Measurement } from "../measurement.ts";
import { Fleet } from "./restart/fleet.ts";
import { type HistorySize, writeLargeHistory } from "./restart/large_history.ts";
import { ManagerProcess } from "./restart/manager_process.ts";

/** How much is measured. */
export interface RestartBenchOptions {
  /** How often each is measured. @default {5} */
  readonly runs?: number;
  /** What the manager knows. @default {1,000 instances, 10,000 connections, 300,000 facts} */
  readonly size?: HistorySize;
  /** How many agents come back. @default {50} */
  readonly fleet?: number;
  /** How long there is no manager for them. Milliseconds. @default {2_000} */
  readonly awayMs?: number;
}

const SIZE: HistorySize = { agents: 50, instances: 1_000, connections: 10_000, facts: 300_000 };
const SERVING_MS_MAX = 2_000;

/** From the start of the process until agents can come. */
async function timeStart(data: string): Promise<number> {
  const beginMs = performance.now();
  const manager = new ManagerProcess({ data });
  await manager.ready;
  const tookMs = performance.now() - beginMs;
  await manager.kill();
  return tookMs;
}

async function benchStart(folder: string, size: HistorySize, runs: number): Promise<Measurement> {
  writeLargeHistory(`${folder}/large`, size);
  const large: number[] = [];
  const empty: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    empty.push(await timeStart(`${folder}/empty`));
    large.push(await timeStart(`${folder}/large`));
  }
  return {
    bench: "restart",
    name: `serving again: ${size.connections} connections, ${size.facts} facts`,
    unit: "ms",
    runs: large,
    reference: { name: "no history", runs: empty },
    goal: { of: "value", atMost: SERVING_MS_MAX },
  };
}

async function benchFleet(
  folder: string,
  { fleet: count, awayMs, runs }: { fleet: number; awayMs: number; runs: number },
): Promise<Measurement[]> {
  const fleet = await Fleet.make(folder);
  const place = { data: `${folder}/fleet`, tls: fleet.managerTls };
  let manager = new ManagerProcess(place);
  const registeredMs: number[] = [];
  const missed: number[] = [];
  try {
    const listen = await manager.ready;
    await fleet.start(count, listen);
    for (let run = 0; run < runs; run += 1) {
      const all = fleet.expectAll();
      await manager.kill();
      await new Promise((resolve) => setTimeout(resolve, awayMs));
      manager = new ManagerProcess({ ...place, listen });
      await manager.ready;
      const beginMs = performance.now();
      await all;
      registeredMs.push(performance.now() - beginMs);
      missed.push(fleet.missed / count);
    }
  } finally {
    await fleet.stop();
    await manager.kill();
  }
  const away = `after ${awayMs / 1_000} s without a manager`;
  return [
    {
      bench: "restart",
      name: `${count} agents registered, ${away}`,
      unit: "ms",
      runs: registeredMs,
    },
    { bench: "restart", name: `attempts of an agent in vain, ${away}`, unit: "", runs: missed },
  ];
}

/** Measures the start of a manager with a large history, and the return of its agents. */
export async function benchRestart(options: RestartBenchOptions = {}): Promise<Measurement[]> {
  const { runs = 5, size = SIZE, fleet = 50, awayMs = 2_000 } = options;
  const folder = await Deno.makeTempDir({ prefix: "smmp-bench-" });
  try {
    const start = await benchStart(folder, size, runs);
    return [start, ...await benchFleet(folder, { fleet, awayMs, runs })];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
