import { assertEquals } from "@std/assert";
import { MANIFEST_DEFAULTS } from "../../../protocol/manifest.ts";
import type { AgentEffect } from "../../../roles/agent/events.ts";
import { AgentBench } from "./agent_bench.ts";
import { sent } from "../effects.ts";

const MANIFESTS = {
  greeter: { ...MANIFEST_DEFAULTS, memoryBytes: 100_000_000 },
  counter: MANIFEST_DEFAULTS,
};

/** Measures two instances; the memory that is told of each. */
function measure(bench: AgentBench, first: number, second = 50_000_000): number[][] {
  const rest = { cpuMs: 10, cpuPermille: 2 };
  const effects = bench.step({
    kind: "usageMeasured",
    usages: [
      { serviceID: 7, memoryBytes: first, ...rest },
      { serviceID: 8, memoryBytes: second, ...rest },
    ],
  });
  return told(effects);
}

function told(effects: readonly AgentEffect[]): number[][] {
  return sent(effects, "instancesUsageInfo", "manager").map(({ usages }) =>
    usages.flatMap(({ serviceID, memoryBytes }) => [serviceID, memoryBytes])
  );
}

Deno.test("agent: of what instances use only what changed noticeably is told", () => {
  const bench = new AgentBench({ manifests: MANIFESTS });
  bench.run(7);
  bench.launch(8, "counter");
  bench.confirm(8);
  assertEquals(measure(bench, 60_000_000), [[7, 60_000_000, 8, 50_000_000]]);
  assertEquals(measure(bench, 60_500_000), []);
  assertEquals(measure(bench, 62_000_000), [[7, 62_000_000]]);
  // Many small steps are a large one.
  assertEquals(measure(bench, 62_000_000, 50_700_000), []);
  assertEquals(measure(bench, 62_000_000, 51_400_000), [[8, 51_400_000]]);
});

Deno.test("agent: too much memory is told each time, and once more when it is enough", () => {
  const bench = new AgentBench({ manifests: MANIFESTS });
  bench.run(7);
  const over = 100_000_001;
  assertEquals(measure(bench, over), [[7, over]]);
  assertEquals(measure(bench, over), [[7, over]]);
  assertEquals(measure(bench, over - 1), [[7, over - 1]]);
  assertEquals(measure(bench, over - 1), []);
});

Deno.test("agent: a processor that is used is told by its share and by its sum", () => {
  const bench = new AgentBench({ manifests: MANIFESTS });
  bench.run(7);
  const step = (cpuMs: number, cpuPermille: number) => {
    const usages = [{ serviceID: 7, memoryBytes: 1, cpuMs, cpuPermille }];
    return sent(bench.step({ kind: "usageMeasured", usages }), "instancesUsageInfo").length;
  };
  assertEquals([step(0, 0), step(10, 3), step(500, 12), step(1_400, 12), step(1_600, 12)], [
    1,
    0,
    1,
    0,
    1,
  ]);
});

Deno.test("agent: what a manager was told is told again to the next one, and nobody before", () => {
  const bench = new AgentBench({ manifests: MANIFESTS });
  bench.run(7);
  measure(bench, 60_000_000);
  bench.step({ kind: "linkClosed", link: "manager", reason: "it broke" });
  assertEquals(measure(bench, 70_000_000), []);
  bench.linkManager("manager");
  assertEquals(measure(bench, 70_000_000), [[7, 70_000_000]]);
});
