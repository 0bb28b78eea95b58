/**
 * `deno task bench [cold|burst|chain|connections|links|manager|many|idle|restart|tcp] … [--json]`:
 * measures, prints a table, and writes nothing. Every number is a median of runs that alternate
 * with those of a reference.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { benchBurst } from "./starts/burst.ts";
import { benchChain } from "./starts/chain.ts";
import { benchCold } from "./starts/cold.ts";
import { benchConnections } from "./control_plane/connections.ts";
import { benchIdle } from "./idle/idle.ts";
import { benchLinks } from "./control_plane/links.ts";
import { benchManager } from "./control_plane/manager.ts";
import { benchMany } from "./idle/many.ts";
import type { Measurement } from "./measurement.ts";
import { benchRestart } from "./control_plane/restart.ts";
import { jsonOf, tableOf } from "./table.ts";
import { benchTcp } from "./data_plane/tcp.ts";

const BENCHES: ReadonlyMap<string, () => Measurement[] | Promise<Measurement[]>> = new Map<
  string,
  () => Measurement[] | Promise<Measurement[]>
>([
  ["cold", () => benchCold()],
  ["burst", () => benchBurst()],
  ["chain", () => benchChain()],
  ["connections", () => benchConnections()],
  ["links", () => benchLinks()],
  ["manager", () => benchManager()],
  ["many", () => benchMany()],
  ["idle", () => benchIdle()],
  ["restart", () => benchRestart()],
  ["tcp", () => benchTcp()],
]);

/** Runs benchmarks by name, all of them when none is named; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs([...args], { boolean: ["json"] });
  const names = flags._.length === 0 ? [...BENCHES.keys()] : flags._.map(String);
  const unknown = names.find((name) => !BENCHES.has(name));
  if (unknown !== undefined) {
    console.error(`Cannot measure "${unknown}": choose of ${[...BENCHES.keys()].join(", ")}`);
    return 2;
  }
  const measurements: Measurement[] = [];
  for (const name of names) {
    if (!flags.json) console.error(`measuring ${name} …`);
    measurements.push(...await BENCHES.get(name)?.() ?? []);
  }
  console.log((flags.json ? jsonOf : tableOf)(measurements).trimEnd());
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
