import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Fact } from "../../../roles/manager/memory/facts.ts";
import { foldFacts } from "../../../roles/manager/memory/fold.ts";
import { openMemoryStore } from "../../../runtime/store/memory_store.ts";
import { openStore } from "../../../runtime/store/open_store.ts";
import { compactIfNeeded, recoverRegistry } from "../../../runtime/store/recovery.ts";
import { documentOf } from "../../../runtime/store/registry_snapshot.ts";
import { type Store, StoreError } from "../../../runtime/store/store.ts";
import { failures, MESH_FACTS, numbered } from "./fact_samples.ts";

/** Every store must pass every test here. */
const STORES: Readonly<Record<string, (work: (store: Store) => void) => void>> = {
  memory: (work) => {
    const store = openMemoryStore();
    work(store);
    store.close();
  },
  sqlite: (work) => {
    const folder = Deno.makeTempDirSync();
    const store = openStore(folder);
    try {
      work(store);
    } finally {
      store.close();
      Deno.removeSync(folder, { recursive: true });
    }
  },
};

function testStores(name: string, work: (store: Store) => void): void {
  for (const [kind, withStore] of Object.entries(STORES)) {
    Deno.test(`${kind} store: ${name}`, () => withStore(work));
  }
}

function seqsOf(facts: Iterable<Fact>): number[] {
  return [...facts].map(({ seq }) => seq);
}

testStores("append() keeps every kind of fact as it was", (store) => {
  store.append(MESH_FACTS.slice(0, 5));
  store.append([]);
  store.append(MESH_FACTS.slice(5));
  assertEquals([...store.read()], [...MESH_FACTS]);
  assertEquals(store.query({}), [...MESH_FACTS]);
  assertEquals(store.lastSeq, MESH_FACTS.length);
  assertEquals(store.factCount, MESH_FACTS.length);
});

testStores("append() refuses facts that do not continue the history, all of them", (store) => {
  store.append(failures(3));
  for (const firstSeq of [1, 3, 5]) {
    assertThrows(() => store.append(failures(2, { firstSeq })), StoreError, "must be 4");
  }
  const [fourth, fifth] = failures(2, { firstSeq: 4 });
  assert(fourth !== undefined && fifth !== undefined);
  assertThrows(() => store.append([fourth, { ...fifth, seq: 7 }]), StoreError, "must be 5");
  assertEquals(seqsOf(store.read()), [1, 2, 3]);
  store.append([fourth, fifth]);
  assertEquals(store.lastSeq, 5);
});

testStores("read() begins after a number, crosses pages and sees what is appended", (store) => {
  store.append(failures(2_500));
  assertEquals(seqsOf(store.read(2_498)), [2_499, 2_500]);
  assertEquals(seqsOf(store.read(9_999)), []);
  const seen: number[] = [];
  for (const { seq } of store.read()) {
    seen.push(seq);
    if (seq === 10) store.append(failures(1, { firstSeq: 2_501 }));
  }
  assertEquals(seen, Array.from({ length: 2_501 }, (_, index) => index + 1));
});

testStores("query() finds a service at either end, each fact once", (store) => {
  store.append(MESH_FACTS);
  const aboutCounter = MESH_FACTS.filter((fact) =>
    ("service" in fact && fact.service === "counter") ||
    ("destService" in fact && fact.destService === "counter")
  );
  assertEquals(store.query({ service: "counter" }), aboutCounter);
  assertEquals(store.query({ service: "nobody" }), []);
  const [toItself] = numbered([{
    kind: "requestFailed",
    serviceID: 2,
    service: "greeter",
    destService: "greeter",
    status: 403,
    reason: "no such edge",
  }], { firstSeq: MESH_FACTS.length + 1 });
  assert(toItself !== undefined);
  store.append([toItself]);
  assertEquals(store.query({ service: "greeter", kinds: ["requestFailed"] }).at(-1), toItself);
  assertEquals(store.query({ service: "greeter", kinds: ["requestFailed"] }).length, 2);
});

testStores("query() finds an instance and a connection, and combines conditions", (store) => {
  store.append(MESH_FACTS);
  assertEquals(
    store.query({ serviceID: 3 }).map(({ kind }) => kind),
    [
      "instanceStarting",
      "instanceStarted",
      "connectionOffered",
      "connectionOpened",
      "connectionUsed",
      "connectionClosing",
      "connectionClosed",
      "instanceClosing",
    ],
  );
  assertEquals(store.query({ connectionID: 1 }).length, 2);
  assertEquals(store.query({ connectionID: 1, service: "greeter" }).length, 2);
  assertEquals(store.query({ connectionID: 1, service: "counter" }), []);
  assertEquals(store.query({ connectionID: 1, serviceID: 3 }), []);
  assertEquals(store.query({ serviceID: 3, service: "gateway" }), []);
  assertEquals(
    store.query({ service: "greeter", kinds: ["instanceStarted", "requestFailed"] })
      .map(({ kind }) => kind),
    ["instanceStarted", "requestFailed"],
  );
  assertEquals(store.query({ kinds: [] }), []);
});

testStores("query() gives the newest facts, or the oldest after a number", (store) => {
  store.append(failures(1_200));
  assertEquals(seqsOf(store.query({ limit: 3 })), [1_198, 1_199, 1_200]);
  assertEquals(seqsOf(store.query({})).length, 1_000);
  assertEquals(seqsOf(store.query({ limit: 0 })), []);
  assertEquals(seqsOf(store.query({ afterSeq: 7, limit: 3 })), [8, 9, 10]);
  assertEquals(seqsOf(store.query({ afterSeq: 0, limit: 2, service: "greeter" })), [2, 5]);
  assertEquals(seqsOf(store.query({ afterSeq: 1_199 })), [1_200]);
  assertEquals(seqsOf(store.query({ afterSeq: 1_200 })), []);
});

testStores("query() takes times, and holds them when the clock goes back", (store) => {
  store.append(failures(5, { startMs: 1_000, stepMs: 100 }));
  store.append(failures(5, { firstSeq: 6, startMs: 500, stepMs: 300 }));
  // Times: 1000 1100 1200 1300 1400, then 500 800 1100 1400 1700.
  assertEquals(seqsOf(store.query({ sinceMs: 1_300 })), [4, 5, 6, 7, 8, 9, 10]);
  assertEquals(seqsOf(store.query({ untilMs: 1_300 })), [1, 2, 3, 4]);
  assertEquals(seqsOf(store.query({ sinceMs: 1_100, untilMs: 1_250 })), [2, 3]);
  assertEquals(seqsOf(store.query({ sinceMs: 1_401 })), [10]);
  assertEquals(seqsOf(store.query({ sinceMs: 1_701 })), []);
  assertEquals(seqsOf(store.query({ untilMs: 999 })), []);
  assertEquals(seqsOf(store.query({ sinceMs: -1, untilMs: 9e15 })).length, 10);
  assertEquals(seqsOf(store.query({ sinceMs: 1_300, afterSeq: 5, limit: 2 })), [6, 7]);
});

testStores("saveSnapshot() replaces the snapshot, which shares nothing", (store) => {
  assertEquals(store.loadSnapshot(), undefined);
  assertEquals(store.snapshotSeq, 0);
  const registry = { agents: ["a"] };
  store.saveSnapshot({ seq: 0, registry });
  registry.agents.push("b");
  assertEquals(store.loadSnapshot(), { seq: 0, registry: { agents: ["a"] } });
  store.append(failures(3));
  store.saveSnapshot({ seq: 3, registry: {} });
  assertEquals(store.loadSnapshot(), { seq: 3, registry: {} });
  assertEquals(store.snapshotSeq, 3);
});

testStores("prune() forgets only what the snapshot contains", (store) => {
  store.append(failures(10));
  assertEquals(store.prune(0), 0);
  store.saveSnapshot({ seq: 6, registry: {} });
  assertEquals(store.prune(10), 0);
  assertEquals(store.prune(7), 3);
  assertEquals(seqsOf(store.read()), [4, 5, 6, 7, 8, 9, 10]);
  assertEquals(seqsOf(store.read(2)), [4, 5, 6, 7, 8, 9, 10]);
  assertEquals(store.prune(0), 3);
  assertEquals(seqsOf(store.query({ afterSeq: 0 })), [7, 8, 9, 10]);
  assertEquals(seqsOf(store.query({ sinceMs: 0 })), [7, 8, 9, 10]);
  assertEquals(store.factCount, 4);
  store.saveSnapshot({ seq: 10, registry: {} });
  assertEquals(store.prune(0), 4);
  assertEquals(store.factCount, 0);
  assertEquals(store.query({}), []);
  store.append(failures(1, { firstSeq: 11 }));
  assertEquals(seqsOf(store.read()), [11]);
});

testStores(
  "recoverRegistry() gives the fold of the history, with a snapshot or without",
  (store) => {
    const all = foldFacts(MESH_FACTS);
    store.append(MESH_FACTS);
    assertEquals(recoverRegistry(store), all);
    for (let seq = 0; seq <= MESH_FACTS.length; seq += 1) {
      const registry = documentOf(foldFacts(MESH_FACTS.slice(0, seq)));
      store.saveSnapshot({ seq, registry });
      assertEquals(recoverRegistry(store), all, `with a snapshot of ${seq}`);
      store.prune(3);
      assertEquals(recoverRegistry(store), all, `pruned at ${seq}`);
    }
  },
);

testStores("recoverRegistry() refuses a gap, a contradiction and a broken snapshot", (store) => {
  const ended = numbered([{
    kind: "instanceEnded",
    serviceID: 9,
    service: "greeter",
    status: 200,
    reason: "",
  }]);
  store.append(ended);
  assertThrows(() => recoverRegistry(store), StoreError, '"9"');
  store.saveSnapshot({ seq: 1, registry: { lastSeq: 1 } });
  assertThrows(() => recoverRegistry(store), StoreError, "it is corrupt");
  store.saveSnapshot({ seq: 1, registry: documentOf(foldFacts([])) });
  assertThrows(() => recoverRegistry(store), StoreError, "it is corrupt");
  store.append(failures(3, { firstSeq: 2 }));
  store.saveSnapshot({ seq: 4, registry: {} });
  store.prune(1);
  store.saveSnapshot({ seq: 0, registry: documentOf(foldFacts([])) });
  assertThrows(() => recoverRegistry(store), StoreError, "the last one was 0");
});

testStores("compactIfNeeded() keeps about as many facts as it may, and loses none", (store) => {
  const options = { factsMax: 100, snapshotFacts: 30 };
  const registry = foldFacts([]);
  let highest = 0;
  for (let firstSeq = 1; firstSeq < 1_000; firstSeq += 7) {
    const facts = failures(7, { firstSeq });
    foldFacts(facts, registry);
    store.append(facts);
    compactIfNeeded(store, registry, options);
    highest = Math.max(highest, store.factCount);
    assert(store.lastSeq - store.snapshotSeq < 37);
    assertEquals(recoverRegistry(store), registry);
  }
  assert(highest >= 100 && highest < 117, `${highest}`);
  assert(store.factCount >= 100);
});

testStores("compactIfNeeded() does nothing to a small history", (store) => {
  store.append(MESH_FACTS);
  compactIfNeeded(store, foldFacts(MESH_FACTS));
  assertEquals(store.snapshotSeq, 0);
  assertEquals(store.factCount, MESH_FACTS.length);
});

testStores("compactIfNeeded() takes a snapshot when facts must go before one is due", (store) => {
  const facts = failures(50);
  const registry = foldFacts(facts);
  store.append(facts);
  compactIfNeeded(store, registry, { factsMax: 10, snapshotFacts: 1_000 });
  assertEquals(store.snapshotSeq, 50);
  assertEquals(store.factCount, 10);
});

Deno.test("openMemoryStore() forgets its oldest facts, snapshot or not", () => {
  const store = openMemoryStore({ factsMax: 100 });
  for (let firstSeq = 1; firstSeq < 1_000; firstSeq += 10) {
    store.append(failures(10, { firstSeq }));
    assert(store.factCount <= 125);
  }
  assert(store.factCount >= 100);
  assertEquals(store.lastSeq, 1_000);
  assertEquals(seqsOf(store.read()).length, store.factCount);
  assertThrows(() => recoverRegistry(store), StoreError, "Cannot recover");
});
