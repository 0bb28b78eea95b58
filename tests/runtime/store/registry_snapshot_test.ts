import { assertEquals } from "@std/assert";
import { foldFacts } from "../../../roles/manager/memory/fold.ts";
import { parseFact } from "../../../runtime/store/fact_text.ts";
import { documentOf, registryOf } from "../../../runtime/store/registry_snapshot.ts";
import { MESH_FACTS } from "./fact_samples.ts";

Deno.test("registryOf() reads what documentOf() wrote, after every fact", () => {
  for (let seq = 0; seq <= MESH_FACTS.length; seq += 1) {
    const registry = foldFacts(MESH_FACTS.slice(0, seq));
    const restored = registryOf(JSON.parse(JSON.stringify(documentOf(registry))));
    assertEquals(restored, registry);
  }
});

Deno.test("registryOf() and parseFact() read what was written before agents had labels", () => {
  const old = {
    kind: "agentRegistered",
    seq: 1,
    atMs: 5,
    agent: "local",
    network: "127.0.0.1",
    port: 4_000,
    repository: [],
    manifests: {},
  };
  const fact = parseFact(JSON.stringify(old));
  const registry = foldFacts(fact === undefined ? [] : [fact]);
  const { draining: _draining, ...document } = documentOf(registry);
  assertEquals(registryOf(document), registry);
});
