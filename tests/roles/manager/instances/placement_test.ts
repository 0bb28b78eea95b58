import { assertEquals, assertStringIncludes } from "@std/assert";
import type { ServiceManifest } from "../../../../protocol/manifest.ts";
import { sent, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

/** Services that are alike, so that each can be started once. */
function likeServices(
  own: Partial<ServiceManifest> = {},
): Record<string, Partial<ServiceManifest>> {
  return Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name) => [name, own]));
}

/** A bench whose gateway asks for one service after the other; each runs before the next. */
function startEach(bench: ManagerBench, services: readonly string[]): string[] {
  const gateway = bench.addGateway("door");
  return services.map((dest, index) => {
    const { instance } = bench.connect("door", {
      serviceID: gateway,
      sourcePlug: index + 1,
      dest,
      destLink: "any",
    });
    return instance.agent;
  });
}

/** Lets any agent confirm its own start: the bench names the link after the agent. */
class Bench extends ManagerBench {
  override confirmStart(link: string, serviceID: number): ReturnType<ManagerBench["confirmStart"]> {
    return super.confirmStart(link === "any" ? this.instance(serviceID).agent : link, serviceID);
  }
}

function benchOf(
  agents: Readonly<Record<string, { labels?: Record<string, string>; capacity?: number }>>,
  services: Record<string, Partial<ServiceManifest>>,
): Bench {
  const bench = new Bench();
  bench.addAgent("door", {}, { network: "10.0.0.99" });
  for (const [index, [name, report]] of Object.entries(agents).entries()) {
    bench.addAgent(name, services, { network: `10.0.0.${index + 1}`, report });
  }
  return bench;
}

Deno.test("chooseAgent() spreads instances, one to each of equal agents in turn", () => {
  const bench = benchOf({ one: {}, two: {}, three: {} }, likeServices());
  const agents = startEach(bench, ["a", "b", "c", "d", "e", "f"]);
  assertEquals(agents, ["one", "two", "three", "one", "two", "three"]);
});

Deno.test("chooseAgent() spreads by room: a host of twice the size gets twice as much", () => {
  const bench = benchOf({ small: { capacity: 2 }, large: { capacity: 4 } }, likeServices());
  const agents = startEach(bench, ["a", "b", "c", "d", "e", "f"]);
  assertEquals(agents.filter((agent) => agent === "large").length, 4);
});

Deno.test("chooseAgent() takes turns where nothing is left of what ran before", () => {
  const bench = benchOf({ one: {}, two: {} }, likeServices());
  const gateway = bench.addGateway("door");
  const agents: string[] = [];
  for (let sourcePlug = 1; sourcePlug <= 4; sourcePlug += 1) {
    const asked = bench.ask("door", { serviceID: gateway, sourcePlug, dest: "a" });
    const { serviceID } = theSent(asked.effects, "startServiceRequest");
    const { agent } = bench.instance(serviceID);
    agents.push(agent);
    bench.take(agent, { type: "startServiceResponse", messageID: 1, status: 500, serviceID });
    bench.wait(1_000);
  }
  assertEquals(agents, ["one", "two", "one", "two"]);
});

Deno.test("chooseAgent() packs what wants it: the fullest host that has room", () => {
  const agents = { one: { capacity: 2 }, two: { capacity: 3 } };
  const bench = benchOf(agents, likeServices({ placement: "pack" }));
  assertEquals(startEach(bench, ["a", "b", "c", "d"]), ["one", "one", "two", "two"]);
});

Deno.test("chooseAgent() starts a service only where every label is that it asks for", () => {
  const services = likeServices({ labels: { disk: "fast", zone: "north" } });
  const agents = {
    one: { labels: { disk: "fast" } },
    two: { labels: { disk: "fast", zone: "south" } },
    three: { labels: { disk: "fast", zone: "north", more: "yes" } },
  };
  assertEquals(startEach(benchOf(agents, services), ["a", "b"]), ["three", "three"]);
});

Deno.test("startInstance() fails at once where no host will ever fit, and says why (503)", () => {
  const bench = benchOf(
    { one: {}, two: { labels: { gpu: "no" } } },
    likeServices({
      labels: { gpu: "yes" },
    }),
  );
  const gateway = bench.addGateway("door");
  const { effects } = bench.ask("door", { serviceID: gateway, sourcePlug: 1, dest: "a" });
  const { status, reason = "" } = theSent(effects, "connectionResponse");
  assertEquals(status, 503);
  assertStringIncludes(reason, "agent one has no label gpu=yes, agent two has no label gpu=yes");
});

Deno.test("startInstance() waits for room, and starts as soon as there is some", () => {
  const bench = benchOf({ one: { capacity: 1 } }, likeServices());
  const gateway = bench.addGateway("door");
  const ask = (sourcePlug: number, dest: string) =>
    bench.ask("door", { serviceID: gateway, sourcePlug, dest }).effects;
  const { serviceID } = theSent(ask(1, "a"), "startServiceRequest");
  bench.confirmStart("one", serviceID);
  const waiting = ask(2, "b");
  assertEquals([sent(waiting, "startServiceRequest"), sent(waiting, "connectionResponse")], [
    [],
    [],
  ]);
  const ended = bench.take("one", { type: "serviceTerminationInfo", serviceID, status: 200 });
  assertEquals(theSent(ended, "startServiceRequest").serviceName, "b");
});

Deno.test("onParkedDue() says which host was full, away or draining (503)", () => {
  const bench = benchOf({ full: { capacity: 0 }, gone: {}, left: {} }, likeServices());
  bench.step({ kind: "linkClosed", link: "gone", reason: "it broke" });
  bench.state.registry.draining.set("left", "");
  bench.isFolded = false;
  const gateway = bench.addGateway("door");
  bench.ask("door", { serviceID: gateway, sourcePlug: 1, dest: "a" });
  const { status, reason = "" } = theSent(bench.wait(15_000), "connectionResponse");
  assertEquals(status, 503);
  assertStringIncludes(
    reason,
    "agent full is full (0 of 0), agent gone is away, agent left drains",
  );
});

Deno.test("isStarting() forgets a start at a host that is away: it is tried elsewhere", () => {
  const bench = benchOf({ one: {}, two: {} }, likeServices());
  const gateway = bench.addGateway("door");
  const { effects } = bench.ask("door", { serviceID: gateway, sourcePlug: 1, dest: "a" });
  theSent(effects, "startServiceRequest", "one");
  bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });
  assertEquals(sent(bench.wait(2_999), "startServiceRequest"), []);
  const { serviceID } = theSent(bench.wait(1), "startServiceRequest", "two");
  assertEquals(theSent(bench.confirmStart("two", serviceID), "connectionResponse").status, 200);
});

Deno.test("makeRoom() ends what is unused the longest, for what requests wait for", () => {
  const bench = benchOf({ one: { capacity: 2 } }, likeServices());
  const gateway = bench.addGateway("door");
  const ids = ["a", "b"].map((dest, index) => {
    const ask = { serviceID: gateway, sourcePlug: index + 1, dest, destLink: "one" };
    const { instance, connection } = bench.connect("door", ask);
    const { serviceID, sourcePlug, destPlug } = connection;
    bench.wait(1_000);
    bench.take("door", { type: "sourceConnectionClose", serviceID, sourcePlug, destPlug });
    return instance.serviceID;
  });
  const ask = bench.ask("door", { serviceID: gateway, sourcePlug: 3, dest: "c" });
  assertEquals(theSent(ask.effects, "softShutdownRequest").serviceID, ids[0]);
  // One place is enough for all who wait for this service.
  const more = bench.ask("door", { serviceID: gateway, sourcePlug: 4, dest: "c" });
  assertEquals(sent(more.effects, "softShutdownRequest"), []);
  const ended = { serviceID: ids[0] ?? 0, status: 200 };
  const effects = bench.take("one", { type: "serviceTerminationInfo", ...ended });
  assertEquals(theSent(effects, "startServiceRequest").serviceName, "c");
});

Deno.test("makeRoom() leaves alone what is in use, until its last connection is closed", () => {
  const bench = benchOf({ one: { capacity: 1 } }, likeServices());
  const gateway = bench.addGateway("door");
  const ask = { serviceID: gateway, sourcePlug: 1, dest: "a", destLink: "one" };
  const { instance, connection } = bench.connect("door", ask);
  const { effects } = bench.ask("door", { serviceID: gateway, sourcePlug: 2, dest: "b" });
  assertEquals(sent(effects, "softShutdownRequest"), []);
  const { serviceID, sourcePlug, destPlug } = connection;
  const closed = { serviceID, sourcePlug, destPlug };
  const after = bench.take("door", { type: "sourceConnectionClose", ...closed });
  assertEquals(theSent(after, "softShutdownRequest").serviceID, instance.serviceID);
});
