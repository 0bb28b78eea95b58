/**
 * Our gateway and its sessions against proxies in front of the same work, in turn; and a service
 * that calls another one by plug against the platform's `fetch` over HTTP.
 *
 * Runs as a program: `deno task bench:gateway`. It installs nginx, haproxy and wrk from Debian.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { GatewayLab, type Target } from "./gateway/lab.ts";
import { installPrograms } from "./gateway/proxies.ts";
import { type Load, type LoadResult, runLoad } from "./gateway/wrk.ts";
import { type Goal, type Measurement, median } from "../measurement.ts";
import { jsonOf, tableOf } from "../table.ts";

/** How much is measured. */
export interface GatewayBenchOptions {
  /** How often each target gets each load. @default {5} */
  readonly rounds?: number;
  /** How long one run takes. @default {3} */
  readonly seconds?: number;
  /** Only loads and targets whose name matches. @default {all} */
  readonly only?: { readonly loads?: RegExp; readonly targets?: RegExp };
  /** Takes a line for a person. */
  readonly tell?: (text: string) => void;
}

interface Row extends Load {
  readonly name: string;
  readonly goals: Partial<Record<keyof LoadResult, Goal>>;
  /** The least requests per second by those of Moleculer. */
  readonly byMoleculer?: number;
}

/** The loads, with the least that is required of our gateway against nginx. */
const ROWS: readonly Row[] = [
  {
    name: "GET 42 B, 64 clients",
    ...{ path: "/small", clients: 64, uploadBytes: 0 },
    goals: { perSecond: { of: "ratio", atLeast: 0.7 }, p99Ms: { of: "ratio", atMost: 2 } },
    byMoleculer: 1.5,
  },
  {
    name: "GET 42 B, 1 client",
    ...{ path: "/small", clients: 1, uploadBytes: 0 },
    goals: { p50Ms: { of: "ratio", atMost: 1.7 } },
  },
  {
    name: "GET 64 KiB, 64 clients",
    ...{ path: "/large", clients: 64, uploadBytes: 0 },
    goals: { perSecond: { of: "ratio", atLeast: 0.6 } },
  },
  {
    name: "POST 1 MiB, 8 clients",
    ...{ path: "/upload", clients: 8, uploadBytes: 1_048_576 },
    goals: { perSecond: { of: "ratio", atLeast: 0.8 } },
  },
];

const PLUG_ROW = "service -> service, GET 42 B, 64 at once";
const UNITS = { perSecond: "per s", p50Ms: "ms", p99Ms: "ms", cpuUs: "us CPU", rssMiB: "MiB" };
const OURS = "smmp";
const REFERENCE = "nginx";
const MOLECULER = "moleculer";

/** Measures all loads against all targets. */
export async function benchGateway(options: GatewayBenchOptions = {}): Promise<Measurement[]> {
  const { rounds = 5, seconds = 3, only = {}, tell = () => {} } = options;
  await installPrograms(tell);
  const lab = new GatewayLab();
  try {
    await lab.start();
    const targets = lab.targets.filter(({ name }) => only.targets?.test(name) ?? true);
    const found: Measurement[] = [];
    for (const row of ROWS.filter(({ name }) => only.loads?.test(name) ?? true)) {
      found.push(...await benchRow(row, { targets, rounds, seconds, tell }));
    }
    if (only.loads?.test(PLUG_ROW) ?? true) found.push(await benchPlug(lab, { rounds, seconds }));
    return found;
  } finally {
    await lab.stop();
  }
}

async function benchRow(
  row: Row,
  options: {
    targets: readonly Target[];
    rounds: number;
    seconds: number;
    tell: (text: string) => void;
  },
): Promise<Measurement[]> {
  const { targets, rounds, tell } = options;
  const results = new Map<string, LoadResult[]>();
  // The first round is for the compilers, and to start the service.
  for (let round = -1; round < rounds; round += 1) {
    for (const { name, url, pids, path = row.path } of targets) {
      if (path !== row.path) continue;
      const seconds = round < 0 ? 1 : options.seconds;
      const result = await runLoad(url, { load: row, seconds, pids });
      if (round < 0) continue;
      results.set(name, [...results.get(name) ?? [], result]);
    }
    tell(`${row.name}: round ${round + 1} of ${rounds}`);
  }
  const runsOf = (name: string, key: keyof LoadResult) =>
    (results.get(name) ?? []).map((result) => result[key]);
  const keys = ["perSecond", "p50Ms", "p99Ms", "cpuUs", "rssMiB"] as const;
  const found = [...results.keys()].flatMap((name) =>
    keys.map((key) => {
      const goal = name === OURS ? row.goals[key] : undefined;
      const runs = runsOf(name, key);
      const reference = { name: REFERENCE, runs: runsOf(REFERENCE, key) };
      const isCompared = name !== REFERENCE && reference.runs.length > 0;
      return {
        bench: name,
        name: row.name,
        unit: UNITS[key],
        runs,
        ...(isCompared ? { reference } : {}),
        ...(goal === undefined ? {} : { goal }),
      };
    })
  );
  const [runs, others] = [runsOf(OURS, "perSecond"), runsOf(MOLECULER, "perSecond")];
  const { name, byMoleculer: atLeast } = row;
  if (atLeast === undefined || runs.length === 0 || others.length === 0) return found;
  const reference = { name: MOLECULER, runs: others };
  const goal = { of: "ratio", atLeast } as const;
  return [...found, { bench: OURS, name, unit: UNITS.perSecond, runs, reference, goal }];
}

async function benchPlug(
  lab: GatewayLab,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Measurement> {
  const found = { plug: [] as number[], http: [] as number[] };
  for (let round = -1; round < rounds; round += 1) {
    for (const way of ["plug", "http"] as const) {
      const perSecond = await lab.call(way, { seconds: round < 0 ? 1 : seconds, atOnce: 64 });
      if (round >= 0) found[way].push(perSecond);
    }
  }
  const reference = { name: "fetch over HTTP", runs: found.http };
  const goal = { of: "ratio", atLeast: 2 } as const;
  return { bench: OURS, name: PLUG_ROW, unit: "per s", runs: found.plug, reference, goal };
}

/** One line for each load and target, for a person to compare. */
function summaryOf(measurements: readonly Measurement[]): string {
  const lines = new Map<string, string[]>();
  for (const { bench, name, unit, runs } of measurements) {
    const line = lines.get(`${name}  ${bench}`) ?? [];
    lines.set(`${name}  ${bench}`, [...line, `${Number(median(runs).toPrecision(3))} ${unit}`]);
  }
  const rows = [...lines].map(([name, cells]) => [name, ...cells]);
  return rows.map(([name = "", ...cells]) =>
    `${name.padEnd(46)}${cells.map((cell) => cell.padEnd(16)).join("")}`.trimEnd()
  ).join("\n");
}

if (import.meta.main) {
  const flags = parseArgs(Deno.args, {
    string: ["rounds", "seconds", "loads", "targets"],
    boolean: ["json"],
    default: { rounds: "5", seconds: "3" },
  });
  const measurements = await benchGateway({
    rounds: Number(flags.rounds),
    seconds: Number(flags.seconds),
    only: {
      loads: new RegExp(flags.loads ?? ""),
      targets: new RegExp(flags.targets ?? ""),
    },
    tell: (text) => console.error(text),
  });
  if (flags.json) console.log(jsonOf(measurements));
  else console.log(`${summaryOf(measurements)}\n\n${tableOf(measurements)}`);
}
