import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ConnectionIndex } from "../../../../roles/manager/memory/connection_index.ts";
import { foldFacts } from "../../../../roles/manager/memory/fold.ts";
import type { Fact, FactBody } from "../../../../roles/manager/memory/facts.ts";
import type { Connection } from "../../../../roles/manager/memory/registry.ts";
import { documentOf, registryOf } from "../../../../runtime/store/registry_snapshot.ts";

function connectionFrom(serviceID: number, sourcePlug: number): Connection {
  return {
    ...endsFrom(serviceID, sourcePlug),
    state: "open",
    sinceMs: 0,
    lastUsedMs: 0,
    count: 0,
    outgoingAt: 0,
    incomingAt: 0,
  };
}

function endsFrom(serviceID: number, sourcePlug: number) {
  const connectionID = 100 * serviceID + sourcePlug;
  const dest = { destServiceID: 2, destService: "greeter", destPlug: 20_000 };
  return { connectionID, serviceID, service: "gateway", sourcePlug, ...dest };
}

Deno.test("ConnectionIndex finds what a map finds, whatever is added and taken out", () => {
  const change = fc.record({ serviceID: fc.nat(9), sourcePlug: fc.nat(9), isAdded: fc.boolean() });
  fc.assert(fc.property(fc.array(change, { maxLength: 300 }), (changes) => {
    const index = new ConnectionIndex();
    const model = new Map<string, Connection>();
    for (const { serviceID, sourcePlug, isAdded } of changes) {
      const key = `${serviceID}/${sourcePlug}`;
      const before = model.get(key);
      if (isAdded && before === undefined) {
        const connection = connectionFrom(serviceID, sourcePlug);
        model.set(key, connection);
        index.add(connection);
      } else if (!isAdded && before !== undefined) {
        model.delete(key);
        index.delete(before);
      }
    }
    for (let at = 0; at < 100; at += 1) {
      const [serviceID, sourcePlug] = [Math.floor(at / 10), at % 10];
      const expected = model.get(`${serviceID}/${sourcePlug}`);
      assertEquals(index.get(serviceID, sourcePlug) === expected, true);
    }
  }));
});

Deno.test("applyFact() keeps lists of connections dense, and a snapshot keeps their order", () => {
  const host = { network: "10.0.0.1", port: 4_000 };
  const gateway = { serviceID: 1, service: "gateway", agent: "one" };
  const greeter = { serviceID: 2, service: "greeter", agent: "one" };
  const bodies: FactBody[] = [
    { kind: "agentRegistered", agent: "one", ...host, repository: [], manifests: {} },
    { kind: "instanceRegistered", ...gateway, plugs: { in: null, out: "*" } },
    { kind: "instanceRegistered", ...greeter, plugs: { in: 20_000, out: [] } },
    ...[1, 2, 3, 4].map((plug) => ({
      kind: "connectionOffered" as const,
      ...endsFrom(1, plug),
    })),
    { kind: "connectionClosed", ...endsFrom(1, 2), status: 111, reason: "" },
    { kind: "connectionClosed", ...endsFrom(1, 3), status: 111, reason: "" },
  ];
  const facts = bodies.map((body, index): Fact => ({ ...body, seq: index + 1, atMs: index }));
  const registry = foldFacts(facts);
  for (const { outgoing, incoming } of registry.instances.values()) {
    for (const [at, connection] of outgoing.entries()) assertEquals(connection.outgoingAt, at);
    for (const [at, connection] of incoming.entries()) assertEquals(connection.incomingAt, at);
  }
  const plugs = registry.instances.get(2)?.incoming.map(({ sourcePlug }) => sourcePlug);
  assertEquals(plugs, [1, 4]);
  const again = registryOf(JSON.parse(JSON.stringify(documentOf(registry))));
  assertEquals(again, registry);
  assertEquals(again?.bySource.get(1, 4)?.connectionID, 104);
});
