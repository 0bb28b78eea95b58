import { assert, assertEquals } from "@std/assert";
import { twoAgentsBench } from "../connected_bench.ts";
import { sent, theOne, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

Deno.test("manager: one word of either end closes a connection (flow 6)", () => {
  for (const first of ["source", "dest"]) {
    const { bench, gateway, serviceID, ends } = twoAgentsBench();
    const source = { type: "sourceConnectionClose", serviceID: gateway, ...ends } as const;
    const sourceServiceID = gateway;
    const type = "destConnectionClose";
    const dest = { type, serviceID, sourceServiceID, ...ends, status: 122 } as const;
    if (first === "source") bench.take("one", source);
    else bench.take("two", dest);
    const fact = bench.history.at(-1);
    assert(fact?.kind === "connectionClosed");
    assertEquals(fact.status, first === "source" ? 111 : 122);
    bench.takeAgain("one", source);
    bench.takeAgain("two", dest);
    assertEquals(bench.state.registry.connections.size, 0);
  }
});

Deno.test("manager: when a destination does not say whose it was, the source is asked", () => {
  const { bench, serviceID, ends, connection } = twoAgentsBench();
  const dest = { type: "destConnectionClose", serviceID, ...ends, status: 122 } as const;
  const { messageID } = theSent(bench.take("two", dest), "connectionCloseRequest", "one");
  assertEquals(connection.state, "closing");
  bench.take("one", { type: "connectionCloseResponse", messageID, status: 404 });
  assertEquals(bench.state.registry.connections.size, 0);
});

Deno.test("manager: a close by another agent, or with other plugs, is refused (flow 6)", () => {
  const { bench, gateway, serviceID, ends } = twoAgentsBench();
  const close = { type: "sourceConnectionClose", serviceID: gateway, ...ends } as const;
  assertEquals(theOne(bench.takeAgain("two", close), "refuse").status, 403);
  assertEquals(theOne(bench.takeAgain("one", { ...close, destPlug: 1 }), "refuse").status, 409);
  bench.takeAgain("one", { ...close, sourcePlug: 9 });
  const type = "destConnectionClose";
  const dest = { type, serviceID, ...ends, sourceServiceID: gateway } as const;
  assertEquals(theOne(bench.takeAgain("one", dest), "refuse").status, 403);
  bench.takeAgain("two", { ...dest, sourceServiceID: 99 });
  assertEquals(bench.state.registry.connections.size, 1);
});

Deno.test("manager: use postpones the idle close, with a count of 0 too (flow 2, 7)", () => {
  const { bench, gateway, ends } = twoAgentsBench();
  const data = {
    type: "processData",
    messageID: 1,
    serviceID: gateway,
    ...ends,
    count: 0,
  } as const;
  for (let second = 0; second < 120; second += 20) {
    bench.take("one", data);
    assertEquals(sent(bench.wait(20_000), "connectionCloseRequest"), []);
  }
  theSent(bench.wait(10_000), "connectionCloseRequest");
});

Deno.test("manager: each service has the idle times of its own manifest", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: { connectionIdleMs: 3_000, serviceIdleMs: 5_000 } });
  const gateway = bench.addGateway("one");
  bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const { messageID } = theSent(bench.wait(3_000), "connectionCloseRequest");
  bench.take("one", { type: "connectionCloseResponse", messageID, status: 200 });
  theSent(bench.wait(2_000), "softShutdownRequest");
});

Deno.test("manager: what is told once a second is not judged idle within two (flow 2)", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: { connectionIdleMs: 100 } });
  const gateway = bench.addGateway("one");
  bench.connect("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  assertEquals(sent(bench.wait(1_999), "connectionCloseRequest"), []);
  theSent(bench.wait(1), "connectionCloseRequest");
});

Deno.test("manager: the gateway is never reaped", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", {});
  const gateway = bench.addGateway("one");
  assertEquals(bench.wait(10_000_000), []);
  assertEquals(bench.instance(gateway).state, "running");
});

Deno.test("manager: a new connection ends the idle time of an instance", () => {
  const { bench, gateway, ends } = twoAgentsBench();
  bench.take("one", { type: "sourceConnectionClose", serviceID: gateway, ...ends });
  bench.wait(50_000);
  bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  assertEquals(sent(bench.wait(9_999), "softShutdownRequest"), []);
});

Deno.test("manager: an offer to an instance that begins to close is closed once it is open", () => {
  const { bench, gateway, serviceID, ends } = twoAgentsBench();
  const { messageID } = bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  bench.take("one", { type: "sourceConnectionClose", serviceID: gateway, ...ends });
  const effects = bench.command({ kind: "stopInstance", serviceID, mode: "soft" });
  assertEquals(theSent(effects, "connectionCloseRequest").sourcePlug, 2);
  const confirmed = { messageID, serviceID: gateway, ...ends, sourcePlug: 2, status: 200 };
  const late = bench.take("one", { type: "connectionConfirmation", ...confirmed });
  assertEquals(theOne(late, "refuse").status, 410);
});

Deno.test("manager: when the source's host is gone, the destination is asked (flow 7)", () => {
  const { bench, gateway, serviceID, connection } = twoAgentsBench();
  bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });
  const { connectionID } = connection;
  const asked = theSent(
    bench.command({ kind: "closeConnection", connectionID }),
    "connectionCloseRequest",
    "two",
  );
  assertEquals([asked.serviceID, asked.destServiceID], [gateway, serviceID]);
  const { messageID } = asked;
  const done = bench.take("two", { type: "connectionCloseResponse", messageID, status: 200 });
  assertEquals(ManagerBench.outcome(done).status, 200);
});

Deno.test("manager: when the source does not close, the destination is asked (flow 7)", () => {
  const { bench, connection } = twoAgentsBench();
  const { connectionID } = connection;
  theSent(
    bench.command({ kind: "closeConnection", connectionID }),
    "connectionCloseRequest",
    "one",
  );
  theSent(bench.wait(10_000), "connectionCloseRequest", "two");
  const effects = bench.wait(10_000);
  assertEquals(ManagerBench.outcome(effects).status, 200);
  const fact = bench.history.at(-1);
  assertEquals(fact?.kind === "connectionClosed" && fact.status, 504);
});

Deno.test("manager: a closing connection that is still used has the time that it needs", () => {
  const { bench, gateway, connection, ends } = twoAgentsBench();
  bench.command({ kind: "closeConnection", connectionID: connection.connectionID });
  for (let second = 0; second < 60; second += 1) {
    const data = { messageID: 1, serviceID: gateway, ...ends, count: 0 };
    bench.take("one", { type: "processData", ...data });
    assertEquals(sent(bench.wait(1_000), "connectionCloseRequest"), []);
  }
  assertEquals(connection.state, "closing");
});

Deno.test("manager: no connection is judged as idle while the agent of its source is away", () => {
  const { bench } = twoAgentsBench();
  bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });
  assertEquals(sent(bench.wait(200_000), "connectionCloseRequest"), []);
});
