import { assertEquals } from "@std/assert";
import { HEALTH_DEFAULTS } from "../../../../protocol/manifest.ts";
import { sent, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

const LONG = { serviceIdleMs: 1e9, connectionIdleMs: 1e9 };

Deno.test("serviceHealthRequest: what nobody uses is asked once a minute, until it is used", () => {
  const bench = new ManagerBench({ health: HEALTH_DEFAULTS });
  // An agent announces the defaults as a promise that there will be answers.
  bench.addAgent("one", { greeter: { ...LONG, health: HEALTH_DEFAULTS } });
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

Deno.test("serviceHealthRequest: an interval of its own is kept, however little it is used", () => {
  const bench = new ManagerBench({ health: HEALTH_DEFAULTS });
  const health = { ...HEALTH_DEFAULTS, intervalMs: 2_000 };
  bench.addAgent("one", { greeter: { ...LONG, health } });
  const gateway = bench.addGateway("one");
  const ask = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const { instance: { serviceID } } = bench.connect("one", ask);
  for (let round = 0; round < 10; round += 1) {
    const { messageID } = theSent(bench.wait(2_000), "serviceHealthRequest");
    bench.take("one", { type: "serviceHealthResponse", messageID, serviceID, status: 200 });
  }
});
