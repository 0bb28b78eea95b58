/**
 * Redis behind a port of the gateway, against the same Redis by its own port: what redis-benchmark
 * gets of each, in turn. It needs redis-server and redis-benchmark.
 *
 * @module
 */

import type { MeshConfig } from "../../runtime/config/mesh_config.ts";
import { SERVICE_DEFAULTS } from "../../runtime/config/mesh_config.ts";
import { freePorts } from "../starts/requests.ts";
import type { Measurement } from "../measurement.ts";
import { BenchMesh } from "../mesh.ts";

/** How much is measured. */
export interface TcpBenchOptions {
  /** How often each is measured. @default {5} */
  readonly runs?: number;
  /** Which part of the usual number of commands is sent. @default {1} */
  readonly share?: number;
}

/** What is measured, by the arguments of redis-benchmark. */
const WORKS = [
  { name: "GET, 1 client", commands: 5_000, args: ["-c", "1"] },
  { name: "GET, 50 clients", commands: 40_000, args: ["-c", "50"] },
  { name: "GET, 50 clients, 16 in a write", commands: 200_000, args: ["-c", "50", "-P", "16"] },
  { name: "GET of 64 KiB, 8 clients", commands: 8_000, args: ["-c", "8", "-d", "65536"] },
] as const;

/** Measures how many commands a second Redis answers; nothing where there is no Redis. */
export async function benchTcp(
  { runs = 5, share = 1 }: TcpBenchOptions = {},
): Promise<Measurement[]> {
  if (!await hasRedis()) {
    console.error("Cannot measure Redis: there is no redis-server (apt-get install redis-server)");
    return [];
  }
  const [port = 0] = freePorts(1);
  const mesh = await BenchMesh.start({ config: meshOf(port) });
  try {
    const own = await ownPort(port);
    const measurements: Measurement[] = [];
    for (const { name, commands, args } of WORKS) {
      const count = Math.ceil(commands * share);
      const ours: number[] = [];
      const direct: number[] = [];
      for (let run = 0; run < runs; run += 1) {
        direct.push(await commandsPerSecond(own, { args, count }));
        ours.push(await commandsPerSecond(port, { args, count }));
      }
      const reference = { name: "Redis itself", runs: direct };
      measurements.push({ bench: "tcp", name, unit: "/s", runs: ours, reference });
    }
    return measurements;
  } finally {
    await mesh.stop();
  }
}

async function hasRedis(): Promise<boolean> {
  try {
    await output("redis-server", ["--version"]);
    return true;
  } catch {
    // There is no such program.
    return false;
  }
}

/** A mesh of Redis, which keeps nothing. */
function meshOf(port: number): MeshConfig {
  const script = 'exec redis-server --port "$PORT" --bind 127.0.0.1 --save "" --loglevel warning';
  const cache = {
    ...SERVICE_DEFAULTS,
    name: "cache",
    entry: import.meta.filename ?? "",
    plugs: [],
    program: { command: ["sh", "-c", script], protocol: "tcp" },
  } as const;
  return {
    name: "tcp",
    folder: import.meta.dirname ?? "",
    services: new Map([["cache", cache]]),
    routes: [],
    ports: [{ port, service: "cache" }],
  };
}

/** The port that Redis has itself; this starts it. */
async function ownPort(port: number): Promise<number> {
  const text = await output("redis-cli", ["-p", String(port), "info", "server"]);
  return Number(/tcp_port:(\d+)/.exec(text)?.[1]);
}

async function commandsPerSecond(
  port: number,
  { args, count }: { args: readonly string[]; count: number },
): Promise<number> {
  const all = ["-p", String(port), "-t", "get", "--csv", "-n", String(count), ...args];
  const [, rate] = /"GET","([\d.]+|inf)"/.exec(await output("redis-benchmark", all)) ?? [];
  // It counts whole milliseconds: commands that took less than one have no rate.
  return rate === "inf" ? await commandsPerSecond(port, { args, count: count * 10 }) : Number(rate);
}

async function output(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args: [...args] }).output();
  return new TextDecoder().decode(stdout);
}
