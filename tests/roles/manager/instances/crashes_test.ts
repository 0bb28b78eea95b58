import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sent, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

const FAILURE = { status: 500, reason: "exited with code 1 before it was ready\nno table" };

function benchWithGateway(): { bench: ManagerBench; gateway: number } {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: {} });
  return { bench, gateway: bench.addGateway("one") };
}

/** Somebody asks for the service; the order to start it, if there is one. */
function ask(bench: ManagerBench, gateway: number, sourcePlug: number) {
  return bench.ask("one", { serviceID: gateway, sourcePlug, dest: "greeter" }).effects;
}

/** Five starts fail, each asked for when it is possible again. */
function loop(bench: ManagerBench, gateway: number): void {
  for (let sourcePlug = 1; sourcePlug <= 5; sourcePlug += 1) {
    bench.wait(2_000);
    const { serviceID } = theSent(ask(bench, gateway, sourcePlug), "startServiceRequest");
    const told = theSent(bench.confirmStart("one", serviceID, FAILURE), "connectionResponse");
    assertEquals(told.status, 503);
    assertStringIncludes(told.reason ?? "", "no table");
  }
}

function crash(bench: ManagerBench, serviceID: number) {
  const info = { type: "serviceTerminationInfo", serviceID, status: 500 } as const;
  return bench.take("one", { ...info, reason: "was ended by SIGKILL", signal: "SIGKILL" });
}

Deno.test("crashMarkOf() has who asks after a crash wait for its pause, then be served", () => {
  const { bench, gateway } = benchWithGateway();
  const ends = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const { instance } = bench.connect("one", ends);
  crash(bench, instance.serviceID);
  assertEquals(ask(bench, gateway, 2), []);
  const { serviceID } = theSent(bench.wait(200), "startServiceRequest");
  assertEquals(theSent(bench.confirmStart("one", serviceID), "connectionResponse").status, 200);
});

Deno.test("isWorthWaiting() goes on with a service that ran, though its next start fails", () => {
  const { bench, gateway } = benchWithGateway();
  const ends = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  crash(bench, bench.connect("one", ends).instance.serviceID);
  ask(bench, gateway, 2);
  const { serviceID } = theSent(bench.wait(200), "startServiceRequest");
  assertEquals(sent(bench.confirmStart("one", serviceID, FAILURE), "connectionResponse"), []);
  const again = theSent(bench.wait(400), "startServiceRequest");
  const answered = bench.confirmStart("one", again.serviceID);
  assertEquals(theSent(answered, "connectionResponse").status, 200);
});

Deno.test("pauseOf() answers at once in a crash loop, and allows one trial after its pause", () => {
  const { bench, gateway } = benchWithGateway();
  loop(bench, gateway);
  assertEquals(bench.history.filter(({ kind }) => kind === "serviceCrashLooping").length, 1);
  const refused = ask(bench, gateway, 6);
  assertEquals(sent(refused, "startServiceRequest"), []);
  const { status, reason } = theSent(refused, "connectionResponse");
  assertEquals(status, 503);
  assertStringIncludes(reason ?? "", "it crashed 5 times in a row");
  assertStringIncludes(reason ?? "", "no table");
  bench.wait(3_200);
  const { serviceID } = theSent(ask(bench, gateway, 7), "startServiceRequest");
  assertEquals(sent(ask(bench, gateway, 8), "startServiceRequest"), []);
  const answers = sent(bench.confirmStart("one", serviceID), "connectionResponse");
  assertEquals(answers.map((one) => one.status), [200, 200]);
  bench.wait(30_000);
  assertEquals(bench.history.filter(({ kind }) => kind === "serviceRecovered").length, 1);
  assertEquals(bench.state.registry.crashes.size, 0);
});

Deno.test("recoverCrashes() keeps a crash loop over a restart of the manager", () => {
  const { bench, gateway } = benchWithGateway();
  loop(bench, gateway);
  bench.restart();
  assertEquals(bench.state.registry.crashes.get("greeter")?.isLooping, true);
});

Deno.test("resetService has a service started at once, whatever it did before", () => {
  const { bench, gateway } = benchWithGateway();
  loop(bench, gateway);
  const outcome = ManagerBench.outcome(bench.command({ kind: "resetService", service: "greeter" }));
  assertEquals(outcome.status, 200);
  theSent(ask(bench, gateway, 6), "startServiceRequest");
  const unknown = bench.command({ kind: "resetService", service: "nobody" });
  assertEquals(ManagerBench.outcome(unknown).status, 404);
});

Deno.test("endInstance() takes no end for a crash that somebody asked for", () => {
  const { bench, gateway } = benchWithGateway();
  const ends = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const { serviceID } = bench.connect("one", ends).instance;
  bench.command({ kind: "stopInstance", serviceID, mode: "hard" });
  crash(bench, serviceID);
  assert(!bench.state.registry.instances.has(serviceID));
  assertEquals(bench.state.registry.crashes.size, 0);
});
