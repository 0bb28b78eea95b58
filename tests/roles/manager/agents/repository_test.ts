import { assertEquals, assertStringIncludes } from "@std/assert";
import { MANIFEST_DEFAULTS, type ServiceManifest } from "../../../../protocol/manifest.ts";
import type { ManagerEffect } from "../../../../roles/manager/state.ts";
import { connectedBench, reportAll } from "../connected_bench.ts";
import { ofKind, sent, theOne, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

/** An agent says what it can start now. */
function announce(
  bench: ManagerBench,
  link: string,
  services: Readonly<Record<string, Partial<ServiceManifest>>>,
  edited: readonly string[] = [],
): ManagerEffect[] {
  const manifests = Object.fromEntries(
    Object.entries(services).map(([name, own]) => [name, { ...MANIFEST_DEFAULTS, ...own }]),
  );
  const repository = Object.keys(services);
  const messageID = bench.newMessageID();
  return bench.take(link, { type: "repositoryInfo", messageID, repository, manifests, edited });
}

Deno.test("repositoryInfo gives an agent new services, for which others may wait already", () => {
  const { bench, gateway } = connectedBench();
  const unknown = bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "fresh" });
  assertEquals(theSent(unknown.effects, "connectionResponse").status, 404);
  announce(bench, "one", { greeter: {}, counter: {}, fresh: {} });
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 3, dest: "fresh" });
  theSent(effects, "startServiceRequest");
  assertEquals(bench.history.at(-2)?.kind, "agentRepositoryChanged");
});

Deno.test("repositoryInfo has instances of an edited service replaced, softly and once", () => {
  const { bench, instance } = connectedBench();
  const services = { greeter: { plugs: ["counter"] }, counter: {} };
  const effects = announce(bench, "one", services, ["greeter", "counter"]);
  const { serviceID } = theSent(effects, "startServiceRequest");
  assertEquals([instance.leaving, instance.state], ["outdated", "running"]);
  const started = bench.confirmStart("one", serviceID);
  assertEquals(theSent(started, "connectionCloseRequest").sourcePlug, 1);
  assertEquals([instance.phase, bench.instance(serviceID).leaving], ["drain", "none"]);
});

Deno.test("repositoryInfo keeps all instances of an edited service that can't start", () => {
  const bench = new ManagerBench();
  const services = { greeter: { instances: { min: 2, max: 2 } } };
  const starts = sent(bench.addAgent("one", services), "startServiceRequest");
  const both = starts.map(({ serviceID }) => serviceID);
  for (const serviceID of both) bench.confirmStart("one", serviceID);
  const { serviceID } = theSent(
    announce(bench, "one", services, ["greeter"]),
    "startServiceRequest",
  );
  const failed = bench.confirmStart("one", serviceID, {
    status: 500,
    reason: "a comma is missing",
  });
  assertEquals(sent(failed, "startServiceRequest"), []);
  assertEquals(both.map((one) => bench.instance(one).leaving), ["none", "none"]);
});

Deno.test("repositoryInfo replaces what was edited again while the edit before failed", () => {
  const { bench, instance } = connectedBench();
  const services = { greeter: { plugs: ["counter"] }, counter: {} };
  const broken = theSent(announce(bench, "one", services, ["greeter"]), "startServiceRequest");
  announce(bench, "one", services, ["greeter"]);
  const failure = { status: 500, reason: "a comma is missing" };
  bench.confirmStart("one", broken.serviceID, failure);
  assertEquals(instance.leaving, "outdated");
  const { serviceID } = theSent(bench.wait(200), "startServiceRequest");
  bench.confirmStart("one", serviceID);
  assertEquals(instance.phase, "drain");
});

Deno.test("repositoryInfo that comes twice is one", () => {
  const { bench } = connectedBench();
  const message = {
    type: "repositoryInfo",
    messageID: 77,
    repository: ["greeter", "counter"],
    manifests: {},
    edited: ["greeter"],
  } as const;
  const { serviceID } = theSent(bench.take("one", message), "startServiceRequest");
  bench.confirmStart("one", serviceID);
  assertEquals(bench.takeAgain("one", message), []);
  const newer = { ...message, messageID: 78, repository: ["greeter"], edited: [] };
  bench.take("one", newer);
  assertEquals(bench.takeAgain("one", message), []);
  assertEquals(bench.state.registry.agents.get("one")?.repository, ["greeter"]);
});

Deno.test("repositoryInfo ends what the agent has no more; then it is unknown (404)", () => {
  const { bench, gateway, instance } = connectedBench();
  const effects = announce(bench, "one", { counter: {} });
  assertEquals([instance.leaving, instance.phase], ["removed", "drain"]);
  const { messageID } = theSent(effects, "connectionCloseRequest");
  const closed = { type: "connectionCloseResponse", messageID, status: 200 } as const;
  assertEquals(theSent(bench.take("one", closed), "softShutdownRequest").graceMs, 5_000);
  const asked = bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  assertEquals(theSent(asked.effects, "connectionResponse").status, 404);
});

Deno.test("repositoryInfo moves what another agent still has", () => {
  const { bench } = connectedBench();
  bench.addAgent("two", { greeter: {} }, { network: "10.0.0.2" });
  theSent(announce(bench, "one", { counter: {} }), "startServiceRequest", "two");
});

Deno.test("repositoryInfo answers who waits for a service that is gone (404)", () => {
  const { bench, gateway } = connectedBench();
  bench.addAgent("two", { storage: {} }, { network: "10.0.0.2", report: { capacity: 0 } });
  bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "storage" });
  const { status, reason = "" } = theSent(announce(bench, "two", {}), "connectionResponse");
  assertEquals(status, 404);
  assertStringIncludes(reason, "any more");
});

Deno.test("an agent that registers again without a service ends what it runs of it", () => {
  const { bench, instance, connections } = connectedBench();
  const report = { instances: reportAll(bench), connections };
  bench.addAgent("one", { counter: {} }, { link: "one-b", report });
  assertEquals(instance.leaving, "removed");
});

const GREETER = { routes: [{ path: "/greeter", keepPrefix: false }] };
const SHOP = {
  routes: [{ host: "shop.example.com", path: "/", keepPrefix: true }, {
    path: "/shop",
    keepPrefix: false,
  }],
};

Deno.test("routesInfo tells a gateway the routes of all agents as it registers, in order", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", { shop: SHOP });
  bench.addAgent("two", { greeter: GREETER }, { network: "10.0.0.2" });
  const effects = bench.take("one", {
    type: "serviceRegisterRequest",
    messageID: 1,
    typeOfService: "gateway",
    plugsConfiguration: { in: null, out: "*" },
  });
  const { routes, serviceID } = theSent(effects, "routesInfo", "one");
  assertEquals(serviceID, 1);
  assertEquals(routes, [
    { path: "/greeter", keepPrefix: false, service: "greeter" },
    { path: "/shop", keepPrefix: false, service: "shop" },
    { host: "shop.example.com", path: "/", keepPrefix: true, service: "shop" },
  ]);
});

Deno.test("routesInfo tells every gateway at each change, and nobody when nothing changes", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: GREETER });
  const gateways = [bench.addGateway("one"), bench.addGateway("one")];
  bench.connect("one", { serviceID: gateways[0] ?? 0, sourcePlug: 1, dest: "greeter" });
  const two = { network: "10.0.0.2" };
  const told = sent(bench.addAgent("two", { shop: SHOP }, two), "routesInfo", "one");
  assertEquals(told.map(({ serviceID }) => serviceID), gateways);
  assertEquals(sent(announce(bench, "two", { shop: SHOP }), "routesInfo"), []);
  assertEquals(sent(announce(bench, "two", {}), "routesInfo").length, 2);
});

Deno.test("routesInfo keeps the routes of an agent that is away, until it is lost", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", {});
  bench.addGateway("one");
  bench.addAgent("two", { greeter: GREETER }, { network: "10.0.0.2" });
  const away = bench.step({ kind: "linkClosed", link: "two", reason: "it broke" });
  assertEquals([sent(away, "routesInfo"), sent(bench.wait(29_999), "routesInfo")], [[], []]);
  assertEquals(theSent(bench.wait(1), "routesInfo").routes, []);
});

Deno.test("routesInfo is told again to the gateways of an agent that comes again", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: GREETER });
  const serviceID = bench.addGateway("one");
  bench.restart();
  const report = {
    instances: [{
      serviceID,
      typeOfService: "gateway",
      plugConfiguration: { in: null, out: "*" },
      launched: false,
      started: true,
    }],
  } as const;
  const effects = bench.addAgent("one", { greeter: GREETER }, { link: "one-b", report });
  assertEquals(theSent(effects, "routesInfo", "one-b").routes.length, 1);
});

Deno.test("a route leads to who had it first; the other service is refused, with names", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: GREETER });
  bench.addGateway("one");
  const effects = bench.addAgent("two", { thief: GREETER }, { network: "10.0.0.2" });
  assertEquals(sent(effects, "routesInfo"), []);
  const { status, reason } = theOne(effects, "refuse");
  assertEquals(status, 409);
  assertEquals(reason, 'Cannot route "/greeter" to "thief": it leads to "greeter"');
  // It is the other's once nobody had it before.
  const { routes } = theSent(announce(bench, "one", {}), "routesInfo");
  assertEquals(routes.map(({ service }) => service), ["thief"]);
  assertEquals(ofKind(announce(bench, "one", {}), "refuse"), []);
});

Deno.test("routesInfo tells ports too; one leads to the service that had it first", () => {
  const bench = new ManagerBench();
  const { routes: _routes, ...plain } = GREETER;
  const port = { port: 6_379, connectionsMax: 9 };
  bench.addAgent("one", {});
  bench.addGateway("one");
  const cache = { ...plain, ports: [port, { port: 80 }] };
  const told = theSent(announce(bench, "one", { cache }), "routesInfo").ports;
  assertEquals(told, [{ service: "cache", port: 80 }, { service: "cache", ...port }]);
  const thief = { ...plain, ports: [port] };
  const effects = bench.addAgent("two", { thief }, { network: "10.0.0.2" });
  const { reason } = theOne(effects, "refuse");
  assertEquals(reason, 'Cannot route "port 6379" to "thief": it leads to "cache"');
  const { ports } = theSent(announce(bench, "one", {}), "routesInfo");
  assertEquals(ports, [{ service: "thief", ...port }]);
});
