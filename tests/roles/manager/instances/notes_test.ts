import { assertEquals } from "@std/assert";
import { sent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

function running(): { bench: ManagerBench; serviceID: number } {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: { serviceIdleMs: 10_000 } });
  const gateway = bench.addGateway("one");
  const ends = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const { serviceID } = bench.connect("one", ends).instance;
  const closed = { serviceID: gateway, sourcePlug: 1, destPlug: 20_000 };
  bench.take("one", { type: "sourceConnectionClose", ...closed });
  return { bench, serviceID };
}

Deno.test("onServiceUseInfo() keeps an instance that works, and records it seldom", () => {
  const { bench, serviceID } = running();
  for (let second = 0; second < 60; second += 1) {
    bench.take("one", { type: "serviceUseInfo", serviceID, reason: "it exports" });
    assertEquals(sent(bench.wait(1_000), "softShutdownRequest"), []);
  }
  const recorded = bench.history.filter(({ kind }) => kind === "instanceUsed").length;
  assertEquals(recorded > 10 && recorded <= 24, true, `${recorded}`);
  assertEquals(sent(bench.wait(11_000), "softShutdownRequest").length, 1);
});

Deno.test("onPermissionRefusedInfo() records what an instance may not, as its agent says", () => {
  const { bench, serviceID } = running();
  bench.addAgent("two", {}, { network: "10.0.0.2" });
  const info = { type: "permissionRefusedInfo", serviceID, permission: "read" } as const;
  bench.take("one", { ...info, target: "/data" });
  bench.take("two", { ...info, target: "/else" });
  const recorded = bench.history.flatMap((fact) => fact.kind === "instanceRefused" ? [fact] : []);
  assertEquals(recorded.map(({ target }) => target), ["/data"]);
});

Deno.test("onServiceUseInfo() keeps in its words what an instance works on, until it ends", () => {
  const { bench, serviceID } = running();
  bench.take("one", { type: "serviceUseInfo", serviceID, reason: "it exports" });
  assertEquals(bench.state.busy.get(serviceID)?.reason, "it exports");
  bench.take("one", { type: "serviceTerminationInfo", serviceID, status: 200 });
  assertEquals(bench.state.busy.size, 0);
});

Deno.test("onProcessData() keeps what is in flight on a connection, until it closes", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: {} });
  const serviceID = bench.addGateway("one");
  bench.connect("one", { serviceID, sourcePlug: 1, dest: "greeter" });
  const { connectionID, destPlug } = bench.connectionOf(serviceID, 1);
  const use = { type: "processData", messageID: 9, serviceID, sourcePlug: 1, destPlug } as const;
  bench.take("one", { ...use, count: 0, inFlight: 3 });
  assertEquals(bench.state.inFlight.get(connectionID), 3);
  bench.take("one", { ...use, count: 3 });
  assertEquals(bench.state.inFlight.size, 0);
  bench.take("one", { ...use, count: 0, inFlight: 1 });
  const ends = { serviceID, sourcePlug: 1, destPlug };
  bench.take("one", { type: "sourceConnectionClose", ...ends });
  assertEquals(bench.state.inFlight.size, 0);
});
