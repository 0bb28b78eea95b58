import { assertEquals } from "@std/assert";
import { sent, theSent } from "../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

const LONG = { serviceIdleMs: 1e9, connectionIdleMs: 1e9 };

Deno.test("serviceHealthRequest: what nobody uses is asked once a minute, until it is used", () => {
  const bench = new ManagerBench({ health: { intervalMs: 10_000, timeoutMs: 5_000, failures: 2 } });
  bench.addAgent("one", { greeter: LONG });
  const gateway = bench.addGateway("one");
  const ends = { serviceID: gateway, sourcePlug: 1 };
  const { instance: { serviceID } } = bench.connect("one", { ...ends, dest: "greeter" });
  const askedWithin = (waitMs: number) => {
    const { messageID } = theSent(bench.wait(waitMs), "serviceHealthRequest");
    bench.take("one", { type: "serviceHealthResponse", messageID, serviceID, status: 200 });
  };
  askedWithin(10_000);
  assertEquals(sent(bench.wait(40_000), "serviceHealthRequest"), []);
  askedWithin(20_000);
  const { destPlug } = bench.connectionOf(gateway, 1);
  const use = { type: "processData", messageID: 900, ...ends, destPlug } as const;
  bench.take("one", { ...use, count: 0, inFlight: 1 });
  askedWithin(10_000);
});
