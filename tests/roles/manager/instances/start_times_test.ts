import { assertEquals } from "@std/assert";
import { theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

Deno.test("startServiceResponse: where the time of a start went is in the history", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: {} });
  const gateway = bench.addGateway("one");
  const { effects, messageID } = bench.ask("one", {
    serviceID: gateway,
    sourcePlug: 1,
    dest: "greeter",
  });
  const { serviceID, plugConfiguration } = theSent(effects, "startServiceRequest");
  bench.wait(50);
  const split = { spawnMs: 30, loadMs: 15 };
  const type = "startServiceResponse";
  bench.take("one", { type, messageID: 9, status: 200, serviceID, ...split });
  const started = bench.history.find(({ kind }) => kind === "instanceStarted");
  assertEquals(started?.kind === "instanceStarted" && started.took, {
    waitMs: 0,
    placeMs: 5,
    ...split,
  });
  const ends = { sourcePlug: 1, destPlug: plugConfiguration.in ?? 0 };
  const confirmed = { messageID, serviceID: gateway, ...ends, status: 200, connectMs: 4 };
  bench.take("one", { type: "connectionConfirmation", ...confirmed });
  const used = { messageID: 10, serviceID: gateway, ...ends, count: 1, firstMs: 6 };
  bench.take("one", { type: "processData", ...used });
  const told = bench.history.map((fact) =>
    fact.kind === "connectionOpened"
      ? fact.connectMs
      : fact.kind === "connectionUsed"
      ? fact.firstMs
      : undefined
  );
  assertEquals(told.filter((value) => value !== undefined), [4, 6]);
});

Deno.test("startServiceResponse: who had to wait for the order waited for the start", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: {} });
  const gateway = bench.addGateway("one");
  const { instance } = bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const ended = { serviceID: instance.serviceID, status: 500, exitCode: 1 };
  bench.take("one", { type: "serviceTerminationInfo", ...ended });
  bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  // The pause after a crash is between a half and the whole of its time.
  const { serviceID } = theSent(bench.wait(200), "startServiceRequest");
  const type = "startServiceResponse";
  const split = { spawnMs: 0, loadMs: 0 };
  bench.take("one", { type, messageID: 9, status: 200, serviceID, ...split });
  const started = bench.history.findLast(({ kind }) => kind === "instanceStarted");
  const waitMs = started?.kind === "instanceStarted" ? started.took?.waitMs ?? 0 : 0;
  assertEquals(waitMs >= 100 && waitMs <= 200, true, `${waitMs}`);
});
