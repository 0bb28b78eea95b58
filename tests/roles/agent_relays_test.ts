import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AgentBench } from "./agent_bench.ts";
import { ofKind, sent, theOne, theSent } from "./effects.ts";

const ASK = { type: "connectionRequest", sourcePlug: 1, destServiceName: "counter" } as const;

/** An instance asks, the manager answers: the number under which the agent asked. */
function ask(bench: AgentBench, link: string, request: { messageID: number; serviceID: number }) {
  return theSent(bench.take(link, { ...ASK, ...request }), "connectionRequest", "manager")
    .messageID;
}

function answer(bench: AgentBench, messageID: number, status = 200) {
  return bench.take("manager", {
    type: "connectionResponse",
    messageID,
    status,
    destServiceNetwork: "10.0.0.2",
    destPlug: 20_050,
    destServiceID: 50,
  });
}

Deno.test("agent: equal messageIDs of two services are never mixed up (correlation per link)", () => {
  const bench = new AgentBench();
  const [one, two] = [bench.run(7), bench.run(8)];
  const first = ask(bench, one, { messageID: 1, serviceID: 7 });
  const second = ask(bench, two, { messageID: 1, serviceID: 8 });
  assert(first !== second);
  const toTwo = theOne(answer(bench, second), "send");
  assertEquals([toTwo.link, "messageID" in toTwo.message && toTwo.message.messageID], [two, 1]);
  const toOne = theOne(answer(bench, first), "send");
  assertEquals([toOne.link, "messageID" in toOne.message && toOne.message.messageID], [one, 1]);
});

Deno.test("agent: a request that comes twice goes up under one number, and is answered once", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const first = ask(bench, link, { messageID: 1, serviceID: 7 });
  assertEquals(ask(bench, link, { messageID: 1, serviceID: 7 }), first);
  theSent(answer(bench, first), "connectionResponse", link);
  assertEquals(theOne(answer(bench, first), "refuse").status, 404);
});

Deno.test("agent: a request that comes again between its answer and its confirmation is dropped", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const id = ask(bench, link, { messageID: 1, serviceID: 7 });
  answer(bench, id);
  assertEquals(bench.take(link, { ...ASK, messageID: 1, serviceID: 7 }), []);
  const confirmed = { messageID: 1, status: 200, sourcePlug: 1, destPlug: 20_050 };
  const effects = bench.take(link, { type: "connectionConfirmation", ...confirmed });
  const passed = theSent(effects, "connectionConfirmation", "manager");
  assertEquals([passed.messageID, passed.serviceID], [id, 7]);
});

Deno.test("agent: a confirmation without an answered request is refused (404), a second one too", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const confirmed = {
    type: "connectionConfirmation",
    messageID: 1,
    status: 200,
    sourcePlug: 1,
    destPlug: 20_050,
  } as const;
  assertEquals(theOne(bench.take(link, confirmed), "refuse").status, 404);
  const id = ask(bench, link, { messageID: 1, serviceID: 7 });
  assertEquals(theOne(bench.take(link, confirmed), "refuse").status, 404);
  answer(bench, id);
  theSent(bench.take(link, confirmed), "connectionConfirmation");
  assertEquals(theOne(bench.take(link, confirmed), "refuse").status, 404);
});

Deno.test("agent: a link may speak for its own instance only (403)", () => {
  const bench = new AgentBench();
  const [one] = [bench.run(7), bench.run(8)];
  const claims = [
    { ...ASK, messageID: 3, serviceID: 8 },
    { type: "processData", messageID: 3, serviceID: 8, sourcePlug: 1, destPlug: 20_050 },
    { type: "sourceConnectionClose", serviceID: 8, sourcePlug: 1, destPlug: 20_050 },
    { type: "destConnectionClose", serviceID: 8, sourcePlug: 1, destPlug: 20_050 },
    { type: "serviceTerminationInfo", serviceID: 8, status: 200 },
    { type: "softShutdownResponse", messageID: 3, serviceID: 8, status: 200 },
    {
      type: "connectionConfirmation",
      messageID: 3,
      serviceID: 8,
      status: 200,
      sourcePlug: 1,
      destPlug: 1,
    },
  ] as const;
  for (const claim of claims) {
    const effects = bench.take(one, claim);
    assertEquals(theOne(effects, "refuse").status, 403, claim.type);
    for (const { link } of ofKind(effects, "send")) assertEquals(link, one);
  }
  const told = theSent(bench.take(one, claims[0]), "connectionResponse", one);
  assertEquals([told.messageID, told.status], [3, 403]);
});

Deno.test("agent: messages that only a manager or an agent sends are refused from a service (400)", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const forged = [
    { type: "hardShutdownRequest", messageID: 1, serviceID: 7 },
    { type: "hardShutdownResponse", messageID: 1, serviceID: 7, status: 200 },
    { type: "agentRegisterRequest", messageID: 1, agentNetwork: "x", agentPort: 1, repository: [] },
    { type: "connectionResponse", messageID: 1, status: 200 },
  ] as const;
  for (const message of forged) {
    const effects = bench.take(link, message);
    assertEquals(theOne(effects, "refuse").status, 400, message.type);
    assertEquals(ofKind(effects, "send"), []);
  }
});

Deno.test("agent: messages that a manager gets are refused from it (400)", () => {
  const bench = new AgentBench();
  const data = { messageID: 1, serviceID: 7, sourcePlug: 1, destPlug: 20_000 };
  const effects = bench.take("manager", { type: "processData", ...data });
  assertEquals(theOne(effects, "refuse").status, 400);
});

Deno.test("agent: a request that the manager does not answer is answered for it (504)", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  ask(bench, link, { messageID: 1, serviceID: 7 });
  const { status, messageID } = theSent(bench.wait(120_000), "connectionResponse", link);
  assertEquals([status, messageID], [504, 1]);
  assertEquals(bench.state.relays.size, 0);
});

Deno.test("agent: at most relaysMax requests wait, the next is answered 429", () => {
  const bench = new AgentBench({ relaysMax: 1 });
  const link = bench.run(7);
  ask(bench, link, { messageID: 1, serviceID: 7 });
  const effects = bench.take(link, { ...ASK, messageID: 2, serviceID: 7 });
  const { status, messageID } = theSent(effects, "connectionResponse", link);
  assertEquals([status, messageID], [429, 2]);
});

Deno.test("agent: what the manager asks of an instance goes down and its answer up, renumbered", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const request = { type: "softShutdownRequest", messageID: 41, serviceID: 7, graceMs: 9 } as const;
  const down = theSent(bench.take("manager", request), "softShutdownRequest", link);
  assertEquals([down.serviceID, down.graceMs], [7, 9]);
  const response = {
    type: "softShutdownResponse",
    messageID: down.messageID,
    serviceID: 7,
    status: 200,
  } as const;
  const up = theSent(bench.take(link, response), "softShutdownResponse", "manager");
  assertEquals(up.messageID, 41);
  assertEquals(theOne(bench.take(link, response), "refuse").status, 404);
});

Deno.test("agent: what the manager asks of an instance without link is answered 404", () => {
  const bench = new AgentBench();
  bench.launch(7);
  const ends = { serviceID: 7, sourcePlug: 1, destPlug: 20_000 };
  const close = bench.take("manager", { type: "connectionCloseRequest", messageID: 41, ...ends });
  assertEquals(theSent(close, "connectionCloseResponse", "manager").status, 404);
  const soft = { type: "softShutdownRequest", messageID: 42, serviceID: 7 } as const;
  assertEquals(theSent(bench.take("manager", soft), "softShutdownResponse").status, 404);
  const health = { type: "serviceHealthRequest", messageID: 43, serviceID: 7 } as const;
  assertEquals(theSent(bench.take("manager", health), "serviceHealthResponse").status, 404);
});

Deno.test("agent: a close at the destination goes to that instance (flow 7)", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const ends = { serviceID: 99, sourcePlug: 1, destPlug: 20_007, destServiceID: 7 };
  const effects = bench.take("manager", { type: "connectionCloseRequest", messageID: 41, ...ends });
  assertEquals(theSent(effects, "connectionCloseRequest", link).serviceID, 99);
});

Deno.test("agent: it registers with its repository, and reports what it has when it comes again (flow 3)", () => {
  const bench = new AgentBench({ isLinked: false });
  const first = theSent(bench.linkManager("manager"), "agentRegisterRequest");
  assertEquals(first.repository, ["greeter", "counter"]);
  assertEquals([first.instances, first.connections], [[], []]);
  const link = bench.run(7);
  bench.launch(8);
  answer(bench, ask(bench, link, { messageID: 1, serviceID: 7 }));
  const confirmed = { messageID: 1, status: 200, sourcePlug: 1, destPlug: 20_050 };
  bench.take(link, { type: "connectionConfirmation", ...confirmed });
  bench.step({ kind: "linkClosed", link: "manager", reason: "it broke" });
  const again = theSent(bench.linkManager("manager-b"), "agentRegisterRequest", "manager-b");
  assertEquals(again.instances?.map((one) => [one.serviceID, one.started]), [[7, true], [
    8,
    false,
  ]]);
  const connection = { serviceID: 7, sourcePlug: 1, destServiceID: 50, destPlug: 20_050 };
  assertEquals(again.connections, [connection]);
});

Deno.test("agent: a connection that closed is not reported any more (flow 3, 6, 7)", () => {
  for (const way of ["sourceConnectionClose", "connectionCloseResponse"]) {
    const bench = new AgentBench();
    const link = bench.run(7);
    answer(bench, ask(bench, link, { messageID: 1, serviceID: 7 }));
    const ends = { sourcePlug: 1, destPlug: 20_050 };
    const confirmed = { messageID: 1, status: 200, ...ends };
    bench.take(link, { type: "connectionConfirmation", ...confirmed });
    if (way === "sourceConnectionClose") bench.take(link, { type: way, serviceID: 7, ...ends });
    else {
      const request = {
        type: "connectionCloseRequest",
        messageID: 41,
        serviceID: 7,
        ...ends,
      } as const;
      const { messageID } = theSent(bench.take("manager", request), "connectionCloseRequest");
      bench.take(link, { type: "connectionCloseResponse", messageID, status: 200 });
    }
    assertEquals(theSent(bench.linkManager("b"), "agentRegisterRequest").connections, []);
  }
});

Deno.test("agent: while the manager is away requests wait, and are sent again after the registration", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const id = ask(bench, link, { messageID: 1, serviceID: 7 });
  bench.step({ kind: "linkClosed", link: "manager", reason: "it broke" });
  assertEquals(bench.take(link, { ...ASK, messageID: 2, serviceID: 7, sourcePlug: 2 }), []);
  const effects = bench.step({ kind: "managerLinked", link: "manager-b" });
  const types = ofKind(effects, "send").map(({ message }) => message.type);
  assertEquals(types, ["agentRegisterRequest", "connectionRequest", "connectionRequest"]);
  assertEquals(sent(effects, "connectionRequest", "manager-b")[0]?.messageID, id);
});

Deno.test("agent: a manager that does not answer or refuses the registration loses its link", () => {
  const silent = new AgentBench({ isLinked: false });
  silent.step({ kind: "managerLinked", link: "manager" });
  assertEquals(theOne(silent.wait(10_000), "closeLink").link, "manager");
  const refused = new AgentBench({ isLinked: false });
  const effects = refused.step({ kind: "managerLinked", link: "manager" });
  const { messageID } = theSent(effects, "agentRegisterRequest");
  const response = {
    type: "agentRegisterResponse",
    messageID,
    status: 409,
    reason: "taken",
  } as const;
  const closed = theOne(refused.take("manager", response), "closeLink");
  assertStringIncludes(closed.reason, "taken");
});

Deno.test("agent: a registration answer that nobody waits for is refused (404)", () => {
  const bench = new AgentBench();
  const response = { type: "agentRegisterResponse", messageID: 99, status: 409 } as const;
  assertEquals(theOne(bench.take("manager", response), "refuse").status, 404);
  assertEquals(bench.state.managerLink, "manager");
});

Deno.test("agent: a new link to the manager replaces the old one", () => {
  const bench = new AgentBench();
  assertEquals(
    theOne(bench.step({ kind: "managerLinked", link: "b" }), "closeLink").link,
    "manager",
  );
  bench.step({ kind: "linkClosed", link: "manager", reason: "closed" });
  assertEquals(bench.state.managerLink, "b");
});

Deno.test("agent: it says how busy it is (agentHealthRequest)", () => {
  const bench = new AgentBench();
  bench.run(7);
  const request = { type: "agentHealthRequest", messageID: 41, agentNetwork: "10.0.0.1" } as const;
  const health = theSent(bench.take("manager", request), "agentHealthResponse", "manager");
  assertEquals([health.messageID, health.status, health.load?.inFlight], [41, 200, 1]);
});

Deno.test("agent: a service that comes by itself registers on a trusted link only (flow 1)", () => {
  const bench = new AgentBench();
  bench.addGateway(3);
  const id = ask(bench, "gateway", { messageID: 2, serviceID: 3 });
  theSent(answer(bench, id), "connectionResponse", "gateway");
  bench.step({ kind: "serviceLinked", link: "stranger", trusted: false });
  const effects = bench.take("stranger", {
    type: "serviceRegisterRequest",
    messageID: 1,
    typeOfService: "gateway",
    plugsConfiguration: { in: null, out: "*" },
  });
  assertEquals(theOne(effects, "refuse").status, 401);
  assertEquals(theOne(effects, "closeLink").link, "stranger");
});

Deno.test("agent: a gateway whose link ends is gone, and the manager is told", () => {
  const bench = new AgentBench();
  bench.addGateway(3);
  const effects = bench.step({ kind: "linkClosed", link: "gateway", reason: "it broke" });
  assertEquals(theSent(effects, "serviceTerminationInfo", "manager").serviceID, 3);
});

Deno.test("agent: a gateway that the manager does not know is asked to register anew (flow 1)", () => {
  const bench = new AgentBench();
  bench.addGateway(3);
  const request = { type: "hardShutdownRequest", messageID: 41, serviceID: 3 } as const;
  const effects = bench.take("manager", request);
  assertEquals(theSent(effects, "hardShutdownResponse", "manager").status, 200);
  theSent(effects, "softShutdownRequest", "gateway");
  assertEquals(ofKind(effects, "kill"), []);
});

Deno.test("agent: an instance that ends takes what waits for it along", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const id = ask(bench, link, { messageID: 1, serviceID: 7 });
  bench.exit(7);
  assertEquals(theOne(answer(bench, id), "refuse").status, 404);
  assertEquals([bench.state.relays.size, bench.state.relayIDs.size], [0, 0]);
  assertEquals(bench.wait(1_000_000), []);
});
