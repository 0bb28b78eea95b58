/**
 * What it costs to get a connection when the service runs already, against a bare relay of as many
 * hops; and how many connections a manager and an agent establish per second.
 *
 * @module
 */

import { ConnectionLab } from "./connections/lab.ts";
import { type Measurement, median, percentile } from "../measurement.ts";

/** How much is measured. */
export interface ConnectionBenchOptions {
  /** How often each is measured. @default {9} */
  readonly runs?: number;
  /** How many connections are asked for in one run, one after the other. @default {500} */
  readonly asked?: number;
  /** How many connections are established in one run. @default {20_000} */
  readonly established?: number;
  /** How many of those are under way at once. @default {512} */
  readonly outstanding?: number;
}

const RATIO_MAX = 4;
const PER_SECOND_MIN = 5_000;

/** Measures connections. */
export async function benchConnections(
  options: ConnectionBenchOptions = {},
): Promise<Measurement[]> {
  const { runs = 9, asked = 500, established = 20_000, outstanding = 512 } = options;
  const data = await Deno.makeTempDir({ prefix: "smmp-bench-" });
  const lab = new ConnectionLab();
  const found = { ask: [] as number[], p99: [] as number[], relay: [] as number[] };
  const perSecond: number[] = [];
  try {
    await lab.start(data);
    // The first runs are for the compiler.
    for (let run = -1; run < runs; run += 1) {
      const relay = await lab.relay(asked);
      const ask = await lab.measure({ kind: "ask", count: asked });
      await lab.settled();
      const rate = await lab.measure({ kind: "establish", count: established, outstanding });
      await lab.settled();
      if (run < 0) continue;
      found.relay.push(median(relay));
      found.ask.push(median(ask));
      found.p99.push(percentile(ask, 0.99));
      perSecond.push(...rate);
    }
  } finally {
    await lab.stop();
    await Deno.remove(data, { recursive: true });
  }
  const reference = { name: "relay of two hops", runs: found.relay };
  const goal = { of: "ratio", atMost: RATIO_MAX } as const;
  return [
    { name: "request to response, p50", unit: "us", runs: found.ask, reference, goal },
    { name: "request to response, p99", unit: "us", runs: found.p99 },
    {
      name: `established, ${outstanding} at once`,
      unit: "per s",
      runs: perSecond,
      goal: { of: "value" as const, atLeast: PER_SECOND_MIN },
    },
  ].map((one) => ({ bench: "connections", ...one }));
}
