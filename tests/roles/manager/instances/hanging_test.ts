import { assertEquals } from "@std/assert";
import { sent, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

const MANIFEST = {
  serviceIdleMs: 1e9,
  connectionIdleMs: 1e9,
  instances: { min: 2, max: 2 },
  health: { intervalMs: 10_000, timeoutMs: 5_000, failures: 2 },
};

/** Two greeters, for no more of which there is room; the first one has a connection, and hangs. */
function hangingBench() {
  const bench = new ManagerBench();
  const report = { capacity: 2 };
  const starts = sent(
    bench.addAgent("one", { greeter: MANIFEST }, { report }),
    "startServiceRequest",
  );
  const [hanging = 0, other = 0] = starts.map(({ serviceID }) => serviceID);
  const gateway = bench.addGateway("one");
  bench.confirmStart("one", hanging);
  bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  bench.confirmStart("one", other);
  const untilDrained = () => {
    for (let waitedMs = 0; waitedMs <= 60_000; waitedMs += 100) {
      const effects = bench.wait(100);
      for (const { messageID, serviceID } of sent(effects, "serviceHealthRequest")) {
        const well = { messageID, serviceID, status: 200 };
        if (serviceID !== hanging) bench.take("one", { type: "serviceHealthResponse", ...well });
      }
      if (bench.instance(hanging).phase === "drain") return effects;
    }
    throw new Error("it is not drained");
  };
  return { bench, hanging, untilDrained };
}

Deno.test("manager: what hangs has only its grace, though others serve and none is started", () => {
  const { bench, hanging, untilDrained } = hangingBench();
  const drained = untilDrained();
  assertEquals(theSent(drained, "connectionCloseRequest").isGone, undefined);
  assertEquals(sent(bench.wait(4_800), "hardShutdownRequest"), []);
  const killed = bench.wait(200);
  assertEquals(theSent(killed, "hardShutdownRequest").serviceID, hanging);
  assertEquals(theSent(killed, "connectionCloseRequest").isGone, true);
});
