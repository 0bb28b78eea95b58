import { assertEquals } from "@std/assert";
import type { RecordedInstance } from "../../../roles/agent/events.ts";
import { AgentBench } from "./agent_bench.ts";
import { ofKind, sent, theOne, theSent } from "../effects.ts";

const OPEN = { serviceID: 7, sourcePlug: 1, destServiceID: 50, destPlug: 20_050 };

function recorded(...serviceIDs: number[]): RecordedInstance[] {
  return serviceIDs.map((serviceID) => ({
    serviceID,
    service: "greeter",
    plugs: { in: 20_000 + serviceID, out: ["counter"] },
    token: `secret-${serviceID}`,
  }));
}

/** An agent that was started again, with a link to the manager. */
function restarted(...instances: RecordedInstance[]): AgentBench {
  const bench = new AgentBench({ isLinked: false });
  bench.step({ kind: "instancesRecorded", instances });
  assertEquals(bench.step({ kind: "managerLinked", link: "manager" }), []);
  return bench;
}

Deno.test("agent: started again it registers when all that it had are back, with them", () => {
  const bench = restarted(...recorded(7, 8));
  assertEquals(bench.confirm(8, { status: 200, connections: [] }).effects, []);
  const { effects } = bench.confirm(7, { status: 200, connections: [OPEN] });
  const { instances, connections } = theSent(effects, "agentRegisterRequest", "manager");
  assertEquals(instances?.map((one) => [one.serviceID, one.started]), [[7, true], [8, true]]);
  assertEquals(connections, [OPEN]);
  assertEquals(sent(effects, "startServiceResponse"), []);
});

Deno.test("agent: who does not come back in time is killed, and reported as gone", () => {
  const bench = restarted(...recorded(7, 8));
  bench.confirm(7, { status: 200, connections: [] });
  const due = bench.wait(5_000);
  assertEquals(theOne(due, "kill").serviceID, 8);
  const { instances } = theSent(due, "agentRegisterRequest");
  assertEquals(instances?.map(({ serviceID }) => serviceID), [7]);
  const late = bench.confirm(8, { status: 200, connections: [] });
  assertEquals(theOne(late.effects, "refuse").status, 401);
  assertEquals(sent(bench.exit(8), "serviceTerminationInfo"), []);
  assertEquals([...bench.state.instances.keys()], [7]);
});

Deno.test("agent: a recorded process that ends is waited for no longer", () => {
  const bench = restarted(...recorded(7));
  const registered = theSent(bench.exit(7), "agentRegisterRequest");
  assertEquals(registered.instances, []);
});

Deno.test("agent: without a manager it takes over all the same, and registers later", () => {
  const bench = new AgentBench({ isLinked: false });
  bench.step({ kind: "instancesRecorded", instances: recorded(7) });
  assertEquals(bench.confirm(7, { status: 200, connections: [OPEN] }).effects, []);
  const { instances } = theSent(bench.linkManager("manager"), "agentRegisterRequest");
  assertEquals(instances?.length, 1);
});

Deno.test("agent: what is asked while it waits for instances is passed on afterwards", () => {
  const bench = restarted(...recorded(7, 8));
  const { link } = bench.confirm(7, { status: 200, connections: [] });
  const ask = { type: "connectionRequest", messageID: 4, serviceID: 7, sourcePlug: 2 } as const;
  assertEquals(bench.take(link, { ...ask, destServiceName: "counter" }), []);
  const { effects } = bench.confirm(8, { status: 200, connections: [] });
  const types = ofKind(effects, "send").map(({ message }) => message.type);
  assertEquals(types, ["agentRegisterRequest", "connectionRequest"]);
});

Deno.test("agent: a recorded instance proves itself with its own secret (401)", () => {
  const bench = restarted(...recorded(7));
  bench.step({ kind: "serviceLinked", link: "thief", trusted: false });
  const response = { messageID: 1, status: 200, serviceID: 7, token: "secret-8" };
  const effects = bench.take("thief", { type: "startServiceResponse", ...response });
  assertEquals(theOne(effects, "refuse").status, 401);
  assertEquals(theOne(effects, "closeLink").link, "thief");
});

Deno.test("agent: a process whose link broke comes by another one, untold to the manager", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  bench.step({ kind: "linkClosed", link, reason: "it broke" });
  assertEquals(bench.confirm(7, { status: 200, connections: [] }).effects, []);
  assertEquals(bench.wait(60_000), []);
  assertEquals(bench.state.instances.get(7)?.phase, "running");
});

Deno.test("agent: a process that does not come back after its link broke is killed", () => {
  const bench = new AgentBench();
  bench.step({ kind: "linkClosed", link: bench.run(7), reason: "it broke" });
  assertEquals(theOne(bench.wait(5_000), "kill").serviceID, 7);
});

Deno.test("agent: connections that ended while a link was broken are told to the manager", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  bench.answer(bench.ask(link, { messageID: 1, serviceID: 7 }));
  const confirmed = { messageID: 1, status: 200, sourcePlug: 1, destPlug: 20_050 };
  bench.take(link, { type: "connectionConfirmation", ...confirmed });
  bench.step({ kind: "linkClosed", link, reason: "it broke" });
  const { effects } = bench.confirm(7, { status: 200, connections: [] });
  const { serviceID, sourcePlug, status } = theSent(effects, "sourceConnectionClose", "manager");
  assertEquals([serviceID, sourcePlug, status], [7, 1, 122]);
});

Deno.test("agent: a connection that neither it nor the manager knows is closed", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  bench.step({ kind: "linkClosed", link, reason: "it broke" });
  const back = bench.confirm(7, { status: 200, connections: [OPEN] });
  const { sourcePlug, messageID } = theSent(back.effects, "connectionCloseRequest", back.link);
  assertEquals(sourcePlug, 1);
  const use = { messageID: 9, serviceID: 7, sourcePlug: 1, destPlug: 20_050 };
  assertEquals(bench.take(back.link, { type: "processData", ...use }), []);
  const answer = { type: "connectionCloseResponse", messageID, status: 200 } as const;
  assertEquals(bench.take(back.link, answer), []);
  assertEquals(bench.state.downward.size, 0);
});

Deno.test("agent: what the manager asks of an instance waits until its link is back", () => {
  const bench = new AgentBench();
  bench.step({ kind: "linkClosed", link: bench.run(7), reason: "it broke" });
  const asked = { type: "softShutdownRequest", messageID: 9, serviceID: 7 } as const;
  assertEquals(bench.take("manager", asked), []);
  const { effects, link } = bench.confirm(7, { status: 200, connections: [] });
  const { messageID } = theSent(effects, "softShutdownRequest", link);
  const answer = { type: "softShutdownResponse", messageID, serviceID: 7, status: 200 } as const;
  assertEquals(theSent(bench.take(link, answer), "softShutdownResponse").messageID, 9);
});

Deno.test("agent: what was asked by a link that broke unanswered is asked by the next one", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const ends = { serviceID: 7, sourcePlug: 1, destPlug: 20_050 } as const;
  for (const messageID of [9, 10]) {
    bench.take("manager", { type: "connectionCloseRequest", messageID, ...ends });
  }
  const [answered] = bench.state.downward.keys();
  const messageID = Number(answered?.split("/")[1]);
  bench.take(link, { type: "connectionCloseResponse", messageID, status: 200 });
  bench.step({ kind: "linkClosed", link, reason: "it broke" });
  const back = bench.confirm(7, { status: 200, connections: [] });
  const again = theSent(back.effects, "connectionCloseRequest", back.link);
  const closed = { type: "connectionCloseResponse", status: 404 } as const;
  const effects = bench.take(back.link, { ...closed, messageID: again.messageID });
  assertEquals(theSent(effects, "connectionCloseResponse", "manager").messageID, 10);
});

Deno.test("agent: the end of a process that is not its child is told without an exit code", () => {
  const bench = restarted(...recorded(7));
  bench.linkRegistered(bench.confirm(7, { status: 200, connections: [] }).effects);
  const ended = { kind: "processExited", serviceID: 7, exitCode: undefined, signal: undefined };
  const effects = bench.step({ ...ended, kind: "processExited", lastLines: [] });
  const { status, exitCode, reason } = theSent(effects, "serviceTerminationInfo");
  assertEquals([status, exitCode, reason], [500, undefined, "ended; its exit code is not known"]);
});

Deno.test("agent: it launches no more instances than its capacity (503)", () => {
  const bench = new AgentBench({ capacity: 1 });
  bench.addGateway(3);
  bench.run(7);
  const { status, reason } = theSent(bench.launch(8), "startServiceResponse");
  assertEquals([status, reason], [503, 'Cannot start "greeter": agent one runs 1 instances']);
});

Deno.test("agent: it tells which run of it this is, and who vouches for its instances", () => {
  const bench = new AgentBench({ isLinked: false, incarnation: "abc", sessionCertificate: "PEM" });
  const asked = theSent(bench.linkManager("manager"), "agentRegisterRequest");
  assertEquals([asked.incarnation, asked.sessionCertificate], ["abc", "PEM"]);
});

Deno.test("agent: routes are passed down to the gateway that they are for", () => {
  const bench = new AgentBench();
  bench.addGateway(3);
  const routes = [{ path: "/", service: "greeter", keepPrefix: false }];
  const info = { type: "routesInfo", messageID: 9, serviceID: 3, routes } as const;
  assertEquals(theSent(bench.take("manager", info), "routesInfo", "gateway"), info);
  assertEquals(bench.take("manager", { ...info, serviceID: 99 }), []);
});
