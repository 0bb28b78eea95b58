import { assert, assertEquals } from "@std/assert";
import { benchBurst } from "../../bench/starts/burst.ts";
import { benchChain } from "../../bench/starts/chain.ts";
import { benchCold } from "../../bench/starts/cold.ts";
import { benchConnections } from "../../bench/control_plane/connections.ts";
import { benchIdle } from "../../bench/idle/idle.ts";
import { benchLinks } from "../../bench/control_plane/links.ts";
import { benchManager } from "../../bench/control_plane/manager.ts";
import { type Measurement, median, percentile, summarize } from "../../bench/measurement.ts";
import { benchRestart } from "../../bench/control_plane/restart.ts";
import { jsonOf, tableOf } from "../../bench/table.ts";
import { benchTcp } from "../../bench/data_plane/tcp.ts";
import { withRedis } from "../integration/tcp/redis.ts";

/** Every measurement has numbers; how large they are concerns nobody here. */
function assertMeasured(measurements: readonly Measurement[], count: number): void {
  assertEquals(measurements.length, count);
  for (const { name, runs, reference } of measurements) {
    assert(runs.length > 0, name);
    for (const value of [...runs, ...reference?.runs ?? []]) assert(value >= 0, name);
  }
}

Deno.test("benchManager() measures steps in two meshes", () => {
  const small = { instances: 100, connections: 100 };
  const large = { instances: 200, connections: 400 };
  assertMeasured(benchManager({ runs: 1, steps: 5, large, small }), 5);
});

Deno.test("benchConnections() measures requests one by one and many at once", async () => {
  const options = { runs: 1, asked: 5, established: 50, outstanding: 10 };
  assertMeasured(await benchConnections(options), 3);
});

Deno.test("benchLinks() measures messages by TLS and by plain TCP", async () => {
  assertMeasured(await benchLinks({ runs: 1, streamed: 100, asked: 20 }), 3);
});

Deno.test("benchCold() measures a cold request and its parts", async () => {
  assertMeasured(await benchCold({ runs: 1 }), 7);
});

Deno.test("benchBurst() measures services that are asked for at once", async () => {
  assertMeasured(await benchBurst({ runs: 1, services: 3 }), 1);
});

Deno.test("benchChain() measures a chain of starts with eager and without", async () => {
  assertMeasured(await benchChain({ runs: 1 }), 2);
});

Deno.test({
  name: "benchIdle() measures an idle mesh and its services",
  ignore: Deno.build.os !== "linux",
  fn: async () => assertMeasured(await benchIdle({ runs: 1, durationMs: 100 }), 5),
});

Deno.test("benchRestart() measures a large history and a few agents", async () => {
  const size = { agents: 2, instances: 10, connections: 50, facts: 500 };
  assertMeasured(await benchRestart({ runs: 1, size, fleet: 3, awayMs: 10 }), 3);
});

Deno.test("benchTcp() measures Redis behind a port and by itself", async () => {
  await withRedis(async () => assertMeasured(await benchTcp({ runs: 1, share: 0.01 }), 4));
});

Deno.test("median() and percentile() put numbers in order", () => {
  assertEquals(median([10, 9, 1]), 9);
  assertEquals(median([1, 2]), 1.5);
  assertEquals(median([]), NaN);
  assertEquals(percentile([4, 2, 0], 0.75), 3);
});

const COLD: Measurement = {
  bench: "cold",
  name: "request",
  unit: "ms",
  runs: [40, 44, 48],
  reference: { name: "deno run", runs: [20, 22, 21] },
  goal: { of: "ratio", atMost: 2 },
};

Deno.test("summarize() judges the ratio of the medians", () => {
  const { median, reference, ratio, isMet } = summarize(COLD);
  assertEquals([median, reference, isMet], [44, 21, false]);
  assertEquals(ratio, 44 / 21);
  assertEquals(summarize({ ...COLD, goal: { of: "ratio", atMost: 2.1 } }).isMet, true);
});

Deno.test("summarize() judges the median itself where there is nothing to compare with", () => {
  const rate = { bench: "connections", name: "rate", unit: "per s", runs: [6_000] };
  assertEquals(summarize(rate).isMet, undefined);
  assertEquals(summarize({ ...rate, goal: { of: "value", atLeast: 5_000 } }).isMet, true);
  assertEquals(summarize({ ...rate, goal: { of: "value", atLeast: 7_000 } }).isMet, false);
});

Deno.test("tableOf() and jsonOf() show every measurement with its goal", () => {
  const [, line] = tableOf([COLD]).split("\n");
  for (const part of ["44 ms", "deno run: 21 ms", "2.10x", "<= 2x", "MISSED"]) {
    assert(line?.includes(part), line);
  }
  assertEquals(JSON.parse(jsonOf([COLD]))[0].summary.isMet, false);
});
