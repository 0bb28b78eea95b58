import { assertEquals, assertStringIncludes } from "@std/assert";
import { AgentBench, ASK } from "./agent_bench.ts";
import { ofKind, sent, theOne, theSent } from "../effects.ts";

Deno.test("agent: it registers, and reports what it has when it comes again (flow 3)", () => {
  const bench = new AgentBench({ isLinked: false });
  const first = theSent(bench.linkManager("manager"), "agentRegisterRequest");
  assertEquals(first.repository, ["greeter", "counter"]);
  assertEquals([first.instances, first.connections], [[], []]);
  const link = bench.run(7);
  bench.launch(8);
  bench.answer(bench.ask(link, { messageID: 1, serviceID: 7 }));
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

Deno.test("agent: it tells what its host is like, if it was told (flow 3)", () => {
  const silent = theSent(
    new AgentBench({ isLinked: false }).linkManager("m"),
    "agentRegisterRequest",
  );
  assertEquals([silent.labels, silent.capacity], [undefined, undefined]);
  const bench = new AgentBench({ isLinked: false, labels: { disk: "fast" }, capacity: 8 });
  const asked = theSent(bench.linkManager("m"), "agentRegisterRequest");
  assertEquals([asked.labels, asked.capacity], [{ disk: "fast" }, 8]);
});

Deno.test("agent: a connection that closed is not reported any more (flow 3, 6, 7)", () => {
  for (const way of ["sourceConnectionClose", "connectionCloseResponse"]) {
    const bench = new AgentBench();
    const link = bench.run(7);
    bench.answer(bench.ask(link, { messageID: 1, serviceID: 7 }));
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

Deno.test("agent: while the manager is away requests wait, and are sent again after", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const id = bench.ask(link, { messageID: 1, serviceID: 7 });
  bench.step({ kind: "linkClosed", link: "manager", reason: "it broke" });
  assertEquals(bench.take(link, { ...ASK, messageID: 2, serviceID: 7, sourcePlug: 2 }), []);
  const effects = bench.step({ kind: "managerLinked", link: "manager-b" });
  const types = ofKind(effects, "send").map(({ message }) => message.type);
  assertEquals(types, ["agentRegisterRequest", "connectionRequest", "connectionRequest"]);
  assertEquals(sent(effects, "connectionRequest", "manager-b")[0]?.messageID, id);
});

Deno.test("agent: a manager that does not take the registration loses its link", () => {
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

Deno.test("agent: a service that comes by itself registers on a trusted link only (flow 1)", () => {
  const bench = new AgentBench();
  bench.addGateway(3);
  const id = bench.ask("gateway", { messageID: 2, serviceID: 3 });
  theSent(bench.answer(id), "connectionResponse", "gateway");
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

Deno.test("agent: what was closed for a manager that is away is told to the next one", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  bench.answer(bench.ask(link, { messageID: 1, serviceID: 7 }));
  const ends = { serviceID: 7, sourcePlug: 1, destPlug: 20_050 };
  bench.take(link, { type: "connectionConfirmation", messageID: 1, status: 200, ...ends });
  const asked = bench.take("manager", { type: "connectionCloseRequest", messageID: 41, ...ends });
  const { messageID } = theSent(asked, "connectionCloseRequest", link);
  bench.step({ kind: "linkClosed", link: "manager", reason: "it was killed" });
  bench.linkManager("next");
  const told = bench.take(link, { type: "connectionCloseResponse", messageID, status: 200 });
  assertEquals(theSent(told, "sourceConnectionClose", "next").sourcePlug, 1);
  const report = bench.step({ kind: "managerLinked", link: "third" });
  assertEquals(theSent(report, "agentRegisterRequest", "third").connections, []);
});

Deno.test("agent: a gateway that said why it ends is reported with its words", () => {
  const bench = new AgentBench();
  const link = "gateway";
  bench.addGateway(3, link);
  const said = { serviceID: 3, status: 200, reason: "the mesh is stopping" } as const;
  assertEquals(bench.take(link, { type: "serviceTerminationInfo", ...said }), []);
  const effects = bench.step({ kind: "linkClosed", link, reason: "closed" });
  assertEquals(theSent(effects, "serviceTerminationInfo", "manager"), {
    type: "serviceTerminationInfo",
    ...said,
  });
});

Deno.test("agent: a gateway that the manager does not know registers anew (flow 1)", () => {
  const bench = new AgentBench();
  bench.addGateway(3);
  const request = { type: "hardShutdownRequest", messageID: 41, serviceID: 3 } as const;
  const effects = bench.take("manager", request);
  assertEquals(theSent(effects, "hardShutdownResponse", "manager").status, 200);
  theSent(effects, "softShutdownRequest", "gateway");
  assertEquals(ofKind(effects, "kill"), []);
});
