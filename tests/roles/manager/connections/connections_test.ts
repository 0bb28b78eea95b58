import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { lastUseMsOf } from "../../../../roles/manager/memory/registry.ts";
import { ofKind, sent, theOne, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

function benchWithGateway(options = {}): { bench: ManagerBench; gateway: number } {
  const bench = new ManagerBench(options);
  bench.addAgent("one", { greeter: { plugs: ["counter"] }, counter: {} });
  return { bench, gateway: bench.addGateway("one") };
}

Deno.test("manager: a running instance is answered at once, and is connected (flow 5)", () => {
  const { bench, gateway } = benchWithGateway();
  const { instance } = bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  const { status, destServiceNetwork, destPlug, destServiceID } = theSent(
    effects,
    "connectionResponse",
  );
  assertEquals([status, destServiceNetwork], [200, "10.0.0.1"]);
  assertEquals([destPlug, destServiceID], [instance.plugs.in, instance.serviceID]);
  assertEquals(bench.connectionOf(gateway, 2).state, "offered");
  assertEquals(instance.incoming.length, 2);
});

Deno.test("manager: the two ends of a connection may be at different agents (flow 5)", () => {
  const { bench, gateway } = benchWithGateway();
  bench.addAgent("two", { storage: {} }, { network: "10.0.0.2" });
  const ask = { serviceID: gateway, sourcePlug: 1, dest: "storage", destLink: "two" };
  const { connection, instance } = bench.connect("one", ask);
  assertEquals(connection.state, "open");
  assertEquals(instance.agent, "two");
});

Deno.test("manager: requests go to instances in turn, to the less connected of two", () => {
  const { bench, gateway } = benchWithGateway();
  const first = bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  // A second instance comes in the way of one that a manager without a store adopts.
  const report = {
    instances: [...bench.state.registry.instances.values()].map((one) => ({
      serviceID: one.serviceID,
      typeOfService: one.service,
      plugConfiguration: one.plugs,
      launched: one.launched,
      started: true,
    })).concat([{
      serviceID: 50,
      typeOfService: "greeter",
      plugConfiguration: { in: 20_100, out: ["counter"] },
      launched: true,
      started: true,
    }]),
    connections: [{ serviceID: gateway, sourcePlug: 1, destServiceID: 2, destPlug: 20_000 }],
  };
  bench.addAgent("one", { greeter: { plugs: ["counter"] } }, { link: "one-b", report });
  const { effects } = bench.ask("one-b", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  assertEquals(theSent(effects, "connectionResponse").destServiceID, 50);
  assertEquals(first.instance.incoming.length, 1);
});

Deno.test("manager: a connectionRequest that comes twice is offered once (retry)", () => {
  const { bench, gateway } = benchWithGateway();
  bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const request = {
    type: "connectionRequest",
    messageID: 900,
    serviceID: gateway,
    sourcePlug: 2,
    destServiceName: "greeter",
  } as const;
  const once = theSent(bench.take("one", request), "connectionResponse");
  assertEquals(theSent(bench.takeAgain("one", request), "connectionResponse"), once);
  const { destPlug = 0 } = once;
  const ends = { serviceID: gateway, sourcePlug: 2, destPlug };
  bench.take("one", { type: "connectionConfirmation", messageID: 900, status: 200, ...ends });
  assertEquals(theSent(bench.takeAgain("one", request), "connectionResponse").status, 409);
  assertEquals(bench.connectionOf(gateway, 2).state, "open");
});

Deno.test("manager: a plug that leads to one service is refused for another (409)", () => {
  const { bench, gateway } = benchWithGateway();
  bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "counter" });
  assertEquals(theSent(effects, "connectionResponse").status, 409);
});

Deno.test("manager: an agent can't ask for an instance of another agent (404)", () => {
  const { bench, gateway } = benchWithGateway();
  bench.addAgent("two", {}, { network: "10.0.0.2" });
  const { effects } = bench.ask("two", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  assertEquals(theSent(effects, "connectionResponse", "two").status, 404);
  assertEquals(sent(effects, "startServiceRequest"), []);
});

Deno.test("manager: a failed dial ends the offer (flow 5)", () => {
  const { bench, gateway } = benchWithGateway();
  const { instance } = bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const { messageID } = bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  const { destPlug, connectionID } = bench.connectionOf(gateway, 2);
  const ends = { serviceID: gateway, sourcePlug: 2, destPlug };
  const failed = { messageID, status: 502, reason: "connection refused", ...ends };
  bench.take("one", { type: "connectionConfirmation", ...failed });
  const fact = bench.history.at(-1);
  assertEquals(fact?.kind === "connectionClosed" && fact.connectionID, connectionID);
  assertEquals(fact?.kind === "connectionClosed" && fact.status, 502);
  assertEquals(instance.incoming.length, 1);
});

Deno.test("manager: an offer that nobody confirms is closed at both ends in time", () => {
  const { bench, gateway } = benchWithGateway();
  bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  const asked = theSent(bench.wait(10_000), "connectionCloseRequest");
  assertEquals([asked.serviceID, asked.sourcePlug], [gateway, 2]);
  const { messageID } = asked;
  bench.take("one", { type: "connectionCloseResponse", messageID, status: 404 });
  assertEquals(bench.instance(gateway).outgoing.length, 1);
});

Deno.test("manager: a second confirmation, or of other plugs, is refused (409, 404, 410)", () => {
  const { bench, gateway } = benchWithGateway();
  const { connection } = bench.connect("one", {
    serviceID: gateway,
    sourcePlug: 1,
    dest: "greeter",
  });
  const { destPlug } = connection;
  const confirmed = { messageID: 1, serviceID: gateway, sourcePlug: 1, destPlug, status: 200 };
  const type = "connectionConfirmation";
  const statusOf = (fields: Partial<typeof confirmed>) =>
    theOne(bench.takeAgain("one", { type, ...confirmed, ...fields }), "refuse").status;
  assertEquals(statusOf({}), 409);
  assertEquals(statusOf({ status: 502 }), 409);
  assertEquals(statusOf({ destPlug: destPlug + 1 }), 404);
  assertEquals(statusOf({ sourcePlug: 2 }), 410);
  assertEquals(statusOf({ serviceID: 99 }), 404);
  assertEquals(connection.state, "open");
});

Deno.test("manager: processData marks instances, plugs and history as used now (flow 2)", () => {
  const { bench, gateway } = benchWithGateway();
  const { connection, instance } = bench.connect("one", {
    serviceID: gateway,
    sourcePlug: 1,
    dest: "greeter",
  });
  bench.nowMs += 5_000;
  const { destPlug } = connection;
  const data = { messageID: 1, serviceID: gateway, sourcePlug: 1, destPlug, count: 12 };
  bench.take("one", { type: "processData", ...data, intervalMs: 1_000 });
  assertEquals(connection.count, 12);
  assertEquals(connection.lastUsedMs, bench.nowMs);
  assertEquals(lastUseMsOf(instance), bench.nowMs);
  assertEquals(lastUseMsOf(bench.instance(gateway)), bench.nowMs);
  const fact = bench.history.at(-1);
  assertEquals(fact?.kind === "connectionUsed" && fact.count, 12);
});

Deno.test("manager: processData without a count (plain catalogue) counts as one exchange", () => {
  const { bench, gateway } = benchWithGateway();
  const ask = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const { connection: { destPlug } } = bench.connect("one", ask);
  const data = { messageID: 1, serviceID: gateway, sourcePlug: 1, destPlug };
  bench.take("one", { type: "processData", ...data });
  assertEquals(bench.connectionOf(gateway, 1).count, 1);
});

Deno.test("manager: processData of another agent or plugs is refused (404), late too (410)", () => {
  const { bench, gateway } = benchWithGateway();
  bench.addAgent("two", {}, { network: "10.0.0.2" });
  const ask = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const { connection: { destPlug } } = bench.connect("one", ask);
  const data = {
    type: "processData",
    messageID: 1,
    serviceID: gateway,
    sourcePlug: 1,
    destPlug,
  } as const;
  assertEquals(theOne(bench.takeAgain("two", data), "refuse").status, 404);
  assertEquals(theOne(bench.takeAgain("one", { ...data, destPlug: 1 }), "refuse").status, 404);
  assertEquals(theOne(bench.takeAgain("one", { ...data, sourcePlug: 5 }), "refuse").status, 410);
});

Deno.test("manager: a link that has not registered as an agent is heard by nobody (401)", () => {
  const { bench, gateway } = benchWithGateway();
  const { effects } = bench.ask("stranger", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  assertEquals(theOne(effects, "refuse").status, 401);
  assertEquals(sent(effects, "connectionResponse"), []);
});

Deno.test("manager: messages that a manager sends are refused when it gets them (400)", () => {
  const { bench } = benchWithGateway();
  const message = { type: "hardShutdownRequest", messageID: 1, serviceID: 1 } as const;
  const refusal = theOne(bench.takeAgain("one", message), "refuse");
  assertEquals(refusal.status, 400);
  assertStringIncludes(refusal.reason, "hardShutdownRequest");
});

Deno.test("manager: an agent health answer changes nothing, and counts as a sign of life", () => {
  const { bench } = benchWithGateway({ healthIntervalMs: 5_000, agentSilentMs: 20_000 });
  const asked = theSent(bench.wait(5_000), "agentHealthRequest");
  for (let at = 0; at < 10; at += 1) {
    const { messageID, agentNetwork } = asked;
    const health = { messageID, agentNetwork, status: 200, load: { inFlight: 1 } };
    bench.take("one", { type: "agentHealthResponse", ...health });
    assertEquals(ofKind(bench.wait(5_000), "closeLink"), []);
  }
  const effects = bench.wait(25_000);
  assertEquals(theOne(effects, "closeLink").link, "one");
  assertEquals(bench.history.at(-1)?.kind, "agentDisconnected");
});

Deno.test("manager: inventions of a service leave one failure in ten seconds of history", () => {
  const { bench, gateway } = benchWithGateway();
  const ask = (sourcePlug: number, dest: string) =>
    bench.ask("one", { serviceID: gateway, sourcePlug, dest }).effects;
  const failures = (effects: ReturnType<typeof ask>) =>
    ofKind(effects, "record").filter(({ fact }) => fact.kind === "requestFailed").length;
  assertEquals(failures(ask(1, "invention-1")), 1);
  const second = ask(2, "invention-2");
  assertEquals([failures(second), theSent(second, "connectionResponse").status], [0, 404]);
  bench.wait(10_000);
  assertEquals(failures(ask(3, "invention-3")), 1);
});

Deno.test("manager: an open stream is recorded as use now and then, and keeps all open", () => {
  const { bench, gateway } = benchWithGateway();
  const { connection } = bench.connect("one", {
    serviceID: gateway,
    sourcePlug: 1,
    dest: "greeter",
  });
  const { destPlug } = connection;
  const data = { messageID: 1, serviceID: gateway, sourcePlug: 1, destPlug, count: 0 };
  let recorded = 0;
  for (let second = 0; second < 60; second += 1) {
    assertEquals(sent(bench.wait(1_000), "connectionCloseRequest"), []);
    recorded += ofKind(bench.take("one", { type: "processData", ...data }), "record").length;
  }
  assert(recorded >= 4 && recorded <= 8, `recorded ${recorded} times in a minute`);
  assertEquals(connection.state, "open");
});

Deno.test("manager: one that stood still itself does not blame its agents", () => {
  const { bench } = benchWithGateway({ healthIntervalMs: 5_000, agentSilentMs: 20_000 });
  bench.nowMs += 60_000;
  const effects = bench.step({ kind: "tick" });
  assertEquals(ofKind(effects, "closeLink"), []);
  theSent(effects, "agentHealthRequest");
});

Deno.test("manager: a source that avoids an instance gets another one, or hears at once", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: { concurrency: 20 } });
  const gateway = bench.addGateway("one");
  const { instance } = bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const ask = (sourcePlug: number, avoid: readonly number[]) => {
    const messageID = bench.newMessageID();
    const asked = { messageID, serviceID: gateway, sourcePlug, destServiceName: "greeter", avoid };
    return bench.take("one", { type: "connectionRequest", ...asked });
  };
  const before = bench.state.registry.lastConnectionID;
  const refused = ask(2, [instance.serviceID]);
  const { status, reason = "" } = theSent(refused, "connectionResponse");
  assertEquals(status, 503);
  assertStringIncludes(reason, "no other instance");
  assertEquals(ofKind(refused, "record"), []);
  assertEquals(bench.state.registry.lastConnectionID, before);
  const given = theSent(ask(3, [999]), "connectionResponse");
  assertEquals([given.destServiceID, given.concurrency], [instance.serviceID, 20]);
});
