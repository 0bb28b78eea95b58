import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ofKind, sent, theOne, theSent } from "./effects.ts";
import { GatewayBench } from "./service/service_bench.ts";

Deno.test("gateway: it registers by each link, with no in-plug and every edge (flow 1)", () => {
  const bench = new GatewayBench({ isRegistered: false });
  const asked = theSent(bench.register(3), "serviceRegisterRequest", "agent");
  const { typeOfService, plugsConfiguration, serviceID, token } = asked;
  assertEquals([typeOfService, plugsConfiguration], ["gateway", { in: null, out: "*" }]);
  assertEquals([serviceID, token], [undefined, "secret"]);
  assertEquals(theSent(bench.want(1), "connectionRequest").serviceID, 3);
});

Deno.test("gateway: requests wait for the registration, and are asked for once it is there", () => {
  const bench = new GatewayBench({ isRegistered: false });
  assertEquals(bench.want(1), []);
  const effects = bench.register(3);
  assertEquals(theSent(effects, "connectionRequest").destServiceName, "greeter");
});

Deno.test("gateway: without a registration a request is rejected in its time (504)", () => {
  const bench = new GatewayBench({ isRegistered: false });
  bench.want(1, "greeter", 2_000);
  const rejected = theOne(bench.wait(2_000), "reject");
  assertEquals(rejected.status, 504);
  assertStringIncludes(rejected.reason, "not ready");
});

Deno.test("gateway: a registration without answer, or refused, is repeated (flow 1)", () => {
  for (const isRefused of [false, true]) {
    const bench = new GatewayBench({ isRegistered: false });
    const asked = bench.step({ kind: "agentLinked", link: "agent" });
    const { messageID } = theSent(asked, "serviceRegisterRequest");
    const refusal = { type: "serviceRegisterResponse", messageID, status: 429 } as const;
    if (isRefused) bench.take(refusal);
    const again = theSent(bench.wait(10_000), "serviceRegisterRequest");
    assert(again.messageID !== messageID);
  }
});

Deno.test("gateway: a late or repeated answer to a registration changes nothing", () => {
  const bench = new GatewayBench();
  const answer = { type: "serviceRegisterResponse", status: 200, serviceID: 99 } as const;
  for (const messageID of [1, 50]) bench.take({ ...answer, messageID });
  assertEquals(bench.state.source.serviceID, 3);
});

Deno.test("gateway: registered anew, its old connections finish, untold to the manager", () => {
  const bench = new GatewayBench();
  const sourcePlug = bench.open(1);
  assertEquals(bench.step({ kind: "linkClosed", link: "agent", reason: "it broke" }), []);
  const registered = bench.register(4, "agent-b");
  assertEquals(theOne(registered, "closeSession").sourcePlug, sourcePlug);
  const asked = theSent(bench.want(2), "connectionRequest", "agent-b");
  assertEquals(asked.serviceID, 4);
  assert(asked.sourcePlug !== sourcePlug);
  bench.step({ kind: "requestEnded", requestID: 1 });
  const ended = bench.step({ kind: "sessionEnded", sourcePlug, status: 111, reason: "closed" });
  assertEquals(sent(ended, "sourceConnectionClose"), []);
});

Deno.test("gateway: what it asked for under its old number is asked for again", () => {
  const bench = new GatewayBench();
  const first = theSent(bench.want(1), "connectionRequest");
  bench.step({ kind: "linkClosed", link: "agent", reason: "it broke" });
  const again = theSent(bench.register(4, "agent-b"), "connectionRequest", "agent-b");
  assertEquals(again.serviceID, 4);
  assert(again.messageID !== first.messageID && again.sourcePlug !== first.sourcePlug);
  const dest = { destServiceNetwork: "10.0.0.2", destPlug: 20_050, destServiceID: 50 };
  const late = { messageID: first.messageID, status: 200, ...dest };
  const effects = bench.take({ type: "connectionResponse", ...late }, "agent-b");
  assertEquals(theOne(effects, "refuse").status, 404);
});

Deno.test("gateway: a soft shutdown makes it register anew (it is never reaped)", () => {
  const bench = new GatewayBench();
  bench.open(1);
  const request = { type: "softShutdownRequest", messageID: 41, serviceID: 3 } as const;
  const effects = bench.take(request);
  assertEquals(theSent(effects, "softShutdownResponse").messageID, 41);
  const { messageID } = theSent(effects, "serviceRegisterRequest");
  assertEquals(bench.take(request).map(({ kind }) => kind), ["send"]);
  const answer = { type: "serviceRegisterResponse", messageID, status: 200, serviceID: 4 } as const;
  assertEquals(ofKind(bench.take(answer), "closeSession").length, 1);
});

Deno.test("gateway: it tells its agent by each new link who it was, and what it has open", () => {
  const bench = new GatewayBench();
  const sourcePlug = bench.open(1);
  bench.step({ kind: "linkClosed", link: "agent", reason: "it broke" });
  const back = bench.register(3, "agent-b");
  const { serviceID, token, connections } = theSent(back, "serviceRegisterRequest", "agent-b");
  const open = { serviceID: 3, sourcePlug, destServiceID: 50, destPlug: 20_050 };
  assertEquals([serviceID, token, connections], [3, "secret", [open]]);
  assertEquals(ofKind(back, "closeSession"), []);
  assertEquals(theOne(bench.want(2), "assign").sourcePlug, sourcePlug);
  const ended = bench.step({ kind: "sessionEnded", sourcePlug, status: 122, reason: "it broke" });
  assertEquals(theSent(ended, "sourceConnectionClose", "agent-b").serviceID, 3);
});

Deno.test("gateway: what it asked for is asked again under the same numbers, when it is", () => {
  const bench = new GatewayBench();
  const first = theSent(bench.want(1), "connectionRequest");
  bench.step({ kind: "linkClosed", link: "agent", reason: "it broke" });
  assertEquals(bench.want(2, "counter"), []);
  const [again, other] = sent(bench.register(3, "agent-b"), "connectionRequest", "agent-b");
  assertEquals([again, other?.destServiceName], [first, "counter"]);
});

Deno.test("gateway: before an agent has taken it in, it is told nothing but who comes", () => {
  const bench = new GatewayBench();
  const sourcePlug = bench.open(1);
  bench.step({ kind: "linkClosed", link: "agent", reason: "it broke" });
  const asked = bench.step({ kind: "agentLinked", link: "agent-b" });
  const { messageID } = theSent(asked, "serviceRegisterRequest", "agent-b");
  assertEquals(asked.length, 1);
  assertEquals(bench.want(2, "counter"), []);
  bench.step({ kind: "requestEnded", requestID: 1 });
  // It ends between the request and the answer.
  const end = { kind: "sessionEnded", sourcePlug, status: 122, reason: "it broke" } as const;
  assertEquals(bench.step(end), []);
  assertEquals(bench.wait(3_000), []);
  const answer = { type: "serviceRegisterResponse", messageID, status: 200, serviceID: 3 } as const;
  const taken = bench.take(answer, "agent-b");
  assertEquals(theSent(taken, "sourceConnectionClose", "agent-b").sourcePlug, sourcePlug);
  assertEquals(theSent(taken, "connectionRequest", "agent-b").destServiceName, "counter");
});

Deno.test("gateway: use while its agent is away is told when it is back", () => {
  const bench = new GatewayBench();
  bench.open(1);
  bench.wait(2_000);
  bench.step({ kind: "linkClosed", link: "agent", reason: "it broke" });
  bench.step({ kind: "requestEnded", requestID: 1 });
  assertEquals(bench.wait(10_000), []);
  const back = [...bench.register(3, "agent-b"), ...bench.wait(1)];
  assertEquals(theSent(back, "processData", "agent-b").count, 1);
});

Deno.test("gateway: while its agent is away it goes on with the connections that it has", () => {
  const bench = new GatewayBench();
  const sourcePlug = bench.open(1);
  bench.step({ kind: "linkClosed", link: "agent", reason: "it broke" });
  assertEquals(theOne(bench.want(2), "assign").sourcePlug, sourcePlug);
  assertEquals(bench.want(3, "counter"), []);
  bench.step({ kind: "sessionEnded", sourcePlug, status: 122, reason: "it broke" });
  const wanted = sent(bench.register(4), "connectionRequest").map((one) => one.destServiceName);
  assertEquals(wanted, ["counter"]);
});

Deno.test("gateway: what it dials while its agent goes is used, and then given up", () => {
  const bench = new GatewayBench();
  const { messageID, sourcePlug } = theSent(bench.want(1), "connectionRequest");
  const dest = { destServiceNetwork: "10.0.0.2", destPlug: 20_050, destServiceID: 50 };
  bench.take({ type: "connectionResponse", messageID, status: 200, ...dest });
  bench.step({ kind: "linkClosed", link: "agent", reason: "it broke" });
  assertEquals(bench.step({ kind: "dialed", sourcePlug }).map(({ kind }) => kind), ["assign"]);
  assertEquals(theOne(bench.register(4), "closeSession").sourcePlug, sourcePlug);
});

Deno.test("gateway: it says how busy it is (serviceHealthRequest)", () => {
  const bench = new GatewayBench();
  bench.open(1);
  bench.want(2);
  const effects = bench.take({ type: "serviceHealthRequest", messageID: 41, serviceID: 3 });
  assertEquals(theSent(effects, "serviceHealthResponse").load?.inFlight, 2);
});

Deno.test("gateway: messages of another link, or that it does not get, change nothing", () => {
  const bench = new GatewayBench();
  const close = { messageID: 1, serviceID: 3, sourcePlug: 1, destPlug: 20_050 };
  assertEquals(bench.take({ type: "connectionCloseRequest", ...close }, "stranger"), []);
  const effects = bench.take({ type: "hardShutdownRequest", messageID: 1, serviceID: 3 });
  assertEquals(theOne(effects, "refuse").status, 400);
});

Deno.test("gateway: it says why it ends, if it is known at all (serviceTerminationInfo)", () => {
  const ending = { kind: "ending", reason: "the mesh is stopping" } as const;
  const info = theSent(new GatewayBench().step(ending), "serviceTerminationInfo", "agent");
  assertEquals([info.serviceID, info.status, info.reason], [3, 200, "the mesh is stopping"]);
  assertEquals(new GatewayBench({ isRegistered: false }).step(ending), []);
});

Deno.test("gateway: its host takes the routes that the manager tells, by its agent's link", () => {
  const bench = new GatewayBench();
  const routes = [{ service: "greeter", path: "/greeter", keepPrefix: false }];
  const message = { type: "routesInfo", messageID: 1, serviceID: 3, routes } as const;
  assertEquals(bench.take(message), [{ kind: "routes", routes, ports: [] }]);
  const ports = [{ service: "cache", port: 6_379 }];
  assertEquals(bench.take({ ...message, ports }), [{ kind: "routes", routes, ports }]);
  assertEquals(bench.step({ kind: "message", link: "stranger", message }), []);
});
