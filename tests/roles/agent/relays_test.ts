import { assert, assertEquals } from "@std/assert";
import { AgentBench, ASK } from "./agent_bench.ts";
import { ofKind, sent, theOne, theSent } from "../effects.ts";

Deno.test("agent: equal messageIDs of two services are never mixed up (link, messageID)", () => {
  const bench = new AgentBench();
  const [one, two] = [bench.run(7), bench.run(8)];
  const first = bench.ask(one, { messageID: 1, serviceID: 7 });
  const second = bench.ask(two, { messageID: 1, serviceID: 8 });
  assert(first !== second);
  const toTwo = theOne(bench.answer(second), "send");
  assertEquals([toTwo.link, "messageID" in toTwo.message && toTwo.message.messageID], [two, 1]);
  const toOne = theOne(bench.answer(first), "send");
  assertEquals([toOne.link, "messageID" in toOne.message && toOne.message.messageID], [one, 1]);
});

Deno.test("agent: a request that comes twice has one number, and is answered once", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const first = bench.ask(link, { messageID: 1, serviceID: 7 });
  assertEquals(bench.ask(link, { messageID: 1, serviceID: 7 }), first);
  theSent(bench.answer(first), "connectionResponse", link);
  assertEquals(theOne(bench.answer(first), "refuse").status, 404);
});

Deno.test("agent: a request that comes again after its answer is dropped (retry)", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const id = bench.ask(link, { messageID: 1, serviceID: 7 });
  bench.answer(id);
  assertEquals(bench.take(link, { ...ASK, messageID: 1, serviceID: 7 }), []);
  const confirmed = { messageID: 1, status: 200, sourcePlug: 1, destPlug: 20_050 };
  const effects = bench.take(link, { type: "connectionConfirmation", ...confirmed });
  const passed = theSent(effects, "connectionConfirmation", "manager");
  assertEquals([passed.messageID, passed.serviceID], [id, 7]);
});

Deno.test("agent: a confirmation of no answered request is refused (404)", () => {
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
  const id = bench.ask(link, { messageID: 1, serviceID: 7 });
  assertEquals(theOne(bench.take(link, confirmed), "refuse").status, 404);
  bench.answer(id);
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

Deno.test("agent: messages that a service does not send are refused from it (400)", () => {
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
  bench.ask(link, { messageID: 1, serviceID: 7 });
  const { status, messageID } = theSent(bench.wait(120_000), "connectionResponse", link);
  assertEquals([status, messageID], [504, 1]);
  assertEquals(bench.state.relays.size, 0);
});

Deno.test("agent: at most relaysMax requests wait, the next is answered 429", () => {
  const bench = new AgentBench({ relaysMax: 1 });
  const link = bench.run(7);
  bench.ask(link, { messageID: 1, serviceID: 7 });
  const effects = bench.take(link, { ...ASK, messageID: 2, serviceID: 7 });
  const { status, messageID } = theSent(effects, "connectionResponse", link);
  assertEquals([status, messageID], [429, 2]);
});

Deno.test("agent: a question how an instance is takes no room, and is never forgotten", () => {
  const bench = new AgentBench({ relaysMax: 1 });
  const link = bench.run(7);
  const asked = { type: "serviceHealthRequest", messageID: 43, serviceID: 7 } as const;
  const down = theSent(bench.take("manager", asked), "serviceHealthRequest", link);
  const request = { type: "softShutdownRequest", messageID: 44, serviceID: 7, graceMs: 9 } as const;
  theSent(bench.take("manager", request), "softShutdownRequest", link);
  const answer = { ...asked, type: "serviceHealthResponse", messageID: down.messageID } as const;
  const up = theSent(bench.take(link, { ...answer, status: 200 }), "serviceHealthResponse");
  assertEquals([up.messageID, up.status], [43, 200]);
  for (const messageID of [45, 46]) {
    theSent(bench.take("manager", { ...asked, messageID }), "serviceHealthRequest", link);
  }
  assertEquals(bench.state.downward.size, 2);
  const full = bench.take("manager", { ...request, messageID: 47 });
  assertEquals(sent(full, "softShutdownRequest"), []);
});

Deno.test("agent: what the manager asks goes down and its answer up, renumbered", () => {
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

Deno.test("agent: nobody knows how an instance is whose link broke, so 404 says so at once", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const asked = { type: "serviceHealthRequest", messageID: 43, serviceID: 7 } as const;
  theSent(bench.take("manager", asked), "serviceHealthRequest", link);
  const broken = bench.step({ kind: "linkClosed", link, reason: "it broke" });
  assertEquals(theSent(broken, "serviceHealthResponse", "manager").messageID, 43);
  const again = bench.take("manager", { ...asked, messageID: 44 });
  assertEquals(theSent(again, "serviceHealthResponse", "manager").status, 404);
  assertEquals(bench.state.instances.get(7)?.held, []);
});

Deno.test("agent: a close at the destination goes to that instance (flow 7)", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const ends = { serviceID: 99, sourcePlug: 1, destPlug: 20_007, destServiceID: 7 };
  const effects = bench.take("manager", { type: "connectionCloseRequest", messageID: 41, ...ends });
  assertEquals(theSent(effects, "connectionCloseRequest", link).serviceID, 99);
});

Deno.test("agent: it says how busy it is (agentHealthRequest)", () => {
  const bench = new AgentBench();
  bench.run(7);
  const request = { type: "agentHealthRequest", messageID: 41, agentNetwork: "10.0.0.1" } as const;
  const health = theSent(bench.take("manager", request), "agentHealthResponse", "manager");
  assertEquals([health.messageID, health.status, health.load?.inFlight], [41, 200, 1]);
});

Deno.test("agent: an instance that ends takes what waits for it along", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const id = bench.ask(link, { messageID: 1, serviceID: 7 });
  bench.exit(7);
  assertEquals(theOne(bench.answer(id), "refuse").status, 404);
  assertEquals([bench.state.relays.size, bench.state.relayIDs.size], [0, 0]);
  assertEquals(bench.wait(1_000_000), []);
});
