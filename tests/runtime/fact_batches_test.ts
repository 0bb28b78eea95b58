import { assertEquals } from "@std/assert";
import type { Fact } from "../../roles/manager/memory/facts.ts";
import { FactBatches } from "../../runtime/local/fact_batches.ts";

function factsFrom(first: number, count: number): Fact[] {
  return Array.from({ length: count }, (_, index) => ({
    kind: "agentLost",
    agent: "local",
    reason: "a test",
    seq: first + index,
    atMs: 0,
  }));
}

Deno.test("add() gives facts of several turns on together, in their order", async () => {
  const { promise, resolve } = Promise.withResolvers<readonly Fact[]>();
  const batches = new FactBatches(resolve);
  batches.add(factsFrom(1, 2));
  await Promise.resolve();
  batches.add(factsFrom(3, 1));
  assertEquals((await promise).map(({ seq }) => seq), [1, 2, 3]);
});

Deno.test("add() keeps no more than a thousand facts waiting", () => {
  const taken: number[] = [];
  const batches = new FactBatches((facts) => void taken.push(facts.length));
  batches.add(factsFrom(1, 999));
  assertEquals(taken, []);
  batches.add(factsFrom(1_000, 1));
  assertEquals(taken, [1_000]);
});

Deno.test("flush() resolves when what waited has been taken", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const batches = new FactBatches(() => promise);
  batches.add(factsFrom(1, 1));
  let isTaken = false;
  const flushed = batches.flush().then(() => isTaken = true);
  await Promise.resolve();
  assertEquals(isTaken, false);
  resolve();
  assertEquals(await flushed, true);
});

Deno.test("flush() gives on what waits at once, and nothing when nothing waits", async () => {
  const taken: number[] = [];
  const batches = new FactBatches((facts) => void taken.push(facts.length));
  await batches.flush();
  batches.add(factsFrom(1, 1));
  await batches.flush();
  assertEquals(taken, [1]);
});
