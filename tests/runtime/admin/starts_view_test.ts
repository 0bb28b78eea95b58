import { assertEquals } from "@std/assert";
import type { FactBody } from "../../../roles/manager/memory/facts.ts";
import { viewStarts } from "../../../runtime/admin/views/starts_view.ts";
import { openMemoryStore } from "../../../runtime/store/memory_store.ts";
import { numbered } from "../store/fact_samples.ts";

const TOOK = { waitMs: 3, placeMs: 1, spawnMs: 5, loadMs: 4 };

/** A start of an instance of which its agent tells the parts, or not. */
function started(serviceID: number, took?: typeof TOOK): FactBody[] {
  const plugs = { in: 20_000 + serviceID, out: [] };
  const service = serviceID < 10 ? "one" : "other";
  return [
    { kind: "instanceStarting", serviceID, service, agent: "a1", plugs, reason: "gateway#1 asked" },
    { kind: "instanceStarted", serviceID, service, ...(took === undefined ? {} : { took }) },
  ];
}

/** What the first connection to an instance was like. */
function connected(destServiceID: number, firstMs: number): FactBody[] {
  const ends = { connectionID: 50 + destServiceID, serviceID: 1, service: "gateway" };
  const dest = { destServiceID, destService: "one", sourcePlug: 1, destPlug: 20_000 };
  return [
    { kind: "connectionOpened", ...ends, ...dest, connectMs: 2 },
    { kind: "connectionUsed", ...ends, ...dest, count: 0 },
    { kind: "connectionUsed", ...ends, ...dest, count: 1, firstMs },
  ];
}

Deno.test("viewStarts() puts together what the history tells of a start", () => {
  const store = openMemoryStore();
  const facts = [...started(2, TOOK), ...connected(2, 9), ...started(3), ...started(11, TOOK)];
  store.append(numbered(facts, { firstSeq: 1, startMs: 0, stepMs: 10 }));
  const { total, items } = viewStarts(store, { service: "one" });
  assertEquals(total, 2);
  assertEquals(items[0], {
    id: 2,
    service: "one",
    agent: "a1",
    at: "1970-01-01T00:00:00.010Z",
    why: "gateway#1 asked",
    startMs: 10,
    ...TOOK,
    connectMs: 2,
    firstMs: 9,
  });
  const nothing = { waitMs: null, placeMs: null, spawnMs: null, loadMs: null };
  const { id, waitMs, placeMs, spawnMs, loadMs, connectMs, firstMs } = items[1] ?? {};
  assertEquals([id, { waitMs, placeMs, spawnMs, loadMs }, connectMs, firstMs], [
    3,
    nothing,
    null,
    null,
  ]);
  assertEquals(viewStarts(store, { limit: 1 }).items.map((one) => one.id), [11]);
});
