import { assertEquals } from "@std/assert";
import { MANIFEST_DEFAULTS } from "../../../../protocol/manifest.ts";
import type { ManagerEffect } from "../../../../roles/manager/state.ts";
import { connectedBench } from "../connected_bench.ts";
import { sent, theSent } from "../../effects.ts";
import type { ManagerBench } from "../manager_bench.ts";

/** An agent says of its instances that their process is given up. */
function move(bench: ManagerBench, moving: readonly number[]): ManagerEffect[] {
  const { repository = [], manifests = {} } = bench.state.registry.agents.get("one") ?? {};
  const messageID = bench.newMessageID();
  const said = { messageID, repository, manifests, edited: [], moving };
  return bench.take("one", { type: "repositoryInfo", ...said });
}

function moved(bench: ManagerBench): string[] {
  return bench.history.flatMap((fact) => fact.kind === "instanceLeaving" ? [fact.cause] : []);
}

Deno.test("repositoryInfo has just those instances replaced whose process is given up", () => {
  const { bench, instance, gateway } = connectedBench();
  const ask = { serviceID: gateway, sourcePlug: 2, dest: "counter" };
  const { instance: other } = bench.connect("one", ask);
  const before = bench.history.length;
  const effects = move(bench, [instance.serviceID, 999]);
  const { serviceID, serviceName } = theSent(effects, "startServiceRequest");
  assertEquals([serviceName, instance.leaving, other.leaving], ["greeter", "moving", "none"]);
  const kinds = bench.history.slice(before).map(({ kind }) => kind);
  assertEquals(kinds, ["instanceLeaving", "instanceStarting"], "it can start what it could");
  const started = bench.confirmStart("one", serviceID);
  assertEquals(theSent(started, "connectionCloseRequest").sourcePlug, 1);
  // It is told again while the old one is there: the new one is none of those.
  assertEquals(sent(move(bench, [instance.serviceID]), "startServiceRequest"), []);
  assertEquals([moved(bench), bench.instance(serviceID).leaving], [["moving"], "none"]);
});

Deno.test("repositoryInfo keeps the crashes of what moves in mind", () => {
  const { bench, instance, gateway } = connectedBench();
  const { serviceID } = instance;
  bench.take("one", { type: "serviceTerminationInfo", serviceID, status: 500, exitCode: 1 });
  bench.wait(200);
  const ask = { serviceID: gateway, sourcePlug: 2, dest: "greeter" };
  const { instance: second } = bench.connect("one", ask);
  assertEquals(bench.state.registry.crashes.get("greeter")?.inRow, 1);
  move(bench, [second.serviceID]);
  assertEquals(bench.state.registry.crashes.get("greeter")?.inRow, 1);
  assertEquals(bench.history.filter(({ kind }) => kind === "serviceRecovered"), []);
});

Deno.test("what moves and ends with its process has not crashed; by itself it has", () => {
  const ends = [[{ signal: "SIGKILL", exitCode: 137 }, 0], [{ exitCode: 1 }, 1]] as const;
  for (const [end, crashes] of ends) {
    const { bench, instance: { serviceID } } = connectedBench();
    move(bench, [serviceID]);
    bench.take("one", { type: "serviceTerminationInfo", serviceID, status: 500, ...end });
    assertEquals(bench.state.registry.crashes.size, crashes);
  }
});

Deno.test("what moves goes on when nothing can take its place, and is not said to stay", () => {
  const { bench, instance } = connectedBench();
  const { serviceID } = theSent(move(bench, [instance.serviceID]), "startServiceRequest");
  bench.confirmStart("one", serviceID, { status: 500, reason: "no more memory" });
  bench.wait(20_000);
  assertEquals([instance.state, instance.leaving, moved(bench)], ["running", "moving", ["moving"]]);
});

Deno.test("an agent moves its own instances only", () => {
  const { bench, instance } = connectedBench();
  bench.addAgent("two", { counter: MANIFEST_DEFAULTS }, { network: "10.0.0.2" });
  const said = { repository: ["counter"], manifests: { counter: MANIFEST_DEFAULTS } };
  const messageID = bench.newMessageID();
  const moving = [instance.serviceID];
  bench.take("two", { type: "repositoryInfo", messageID, ...said, moving });
  assertEquals(instance.leaving, "none");
});
