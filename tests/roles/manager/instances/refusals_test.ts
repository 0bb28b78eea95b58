import { assertEquals, assertStringIncludes } from "@std/assert";
import { sent, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

/** A mesh whose one instance was asked to end by an operator. */
function asked() {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: { graceMs: 1_000 } });
  const gateway = bench.addGateway("one");
  const ends = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const { serviceID } = bench.connect("one", ends).instance;
  bench.take("one", {
    type: "sourceConnectionClose",
    serviceID: gateway,
    sourcePlug: 1,
    destPlug: 20_000,
  });
  const stop = bench.command({ kind: "stopInstance", serviceID, mode: "soft" });
  const { messageID } = theSent(stop, "softShutdownRequest");
  const refuse = (retryAfterMs: number) =>
    bench.take("one", {
      type: "softShutdownResponse",
      messageID,
      serviceID,
      status: 409,
      retryAfterMs,
      reason: "it exports",
    });
  return { bench, serviceID, refuse };
}

Deno.test("onSoftShutdownResponse() takes one refusal, and asks again when its time comes", () => {
  const { bench, refuse } = asked();
  const outcome = ManagerBench.outcome(refuse(5_000));
  assertEquals(outcome.status, 409);
  assertStringIncludes(outcome.reason, "it exports");
  assertEquals(bench.wait(4_900).filter(({ kind }) => kind === "send"), []);
  const [again] = sent(bench.wait(200), "softShutdownRequest");
  assertEquals(again?.isFinal, true);
});

Deno.test("onSoftShutdownResponse() takes no second refusal: the grace goes on", () => {
  const { bench, serviceID, refuse } = asked();
  refuse(2_000);
  bench.wait(2_100);
  refuse(60_000);
  const killed = theSent(bench.wait(1_100), "hardShutdownRequest");
  assertEquals(killed.serviceID, serviceID);
});

Deno.test("onSoftShutdownResponse() waits for ten minutes at most", () => {
  const { bench, refuse } = asked();
  refuse(24 * 60 * 60 * 1_000);
  assertEquals(sent(bench.wait(600_100), "softShutdownRequest").length, 1);
});
