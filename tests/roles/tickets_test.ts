import { assertEquals } from "@std/assert";
import type { ReportedInstance } from "../../protocol/announcements.ts";
import type { Introduction, ManagerEffect } from "../../roles/manager/state.ts";
import { AgentBench } from "./agent/agent_bench.ts";
import { theSent } from "./effects.ts";
import { ManagerBench } from "./manager/manager_bench.ts";

const KEY = "the key of the greeter's tickets";
const AUTHORITY = "the authority of the agent's instances";
const SERVICES = { greeter: {} };

/** Whom the one connectionResponse of some effects introduces. */
function introduced(effects: readonly ManagerEffect[]): Introduction | undefined {
  theSent(effects, "connectionResponse");
  const [send] = effects.filter((one) =>
    one.kind === "send" && one.message.type === "connectionResponse"
  );
  return send?.kind === "send" ? send.introduces : undefined;
}

/** A manager with a gateway that has asked for a greeter, which is starting. */
function askedBench() {
  const bench = new ManagerBench();
  bench.addAgent("one", SERVICES, { report: { sessionCertificate: AUTHORITY } });
  const gateway = bench.addGateway("one");
  const asked = bench.ask("one", { serviceID: gateway, sourcePlug: 1, dest: "greeter" });
  const { serviceID } = theSent(asked.effects, "startServiceRequest");
  return { bench, gateway, serviceID };
}

function confirmation(bench: ManagerBench, serviceID: number) {
  const messageID = bench.newMessageID();
  const answer = { messageID, status: 200, serviceID, ticketKey: KEY };
  return { type: "startServiceResponse", ...answer } as const;
}

function report(bench: ManagerBench, ticketKey: string): ReportedInstance[] {
  return [...bench.state.registry.instances.values()].map((one) => ({
    serviceID: one.serviceID,
    typeOfService: one.service,
    plugConfiguration: one.plugs,
    launched: one.launched,
    started: true,
    ...(one.launched ? { ticketKey } : {}),
  }));
}

Deno.test("manager: who asked is introduced with the key of the instance (flow 5)", () => {
  const { bench, gateway, serviceID } = askedBench();
  const effects = bench.take("one", confirmation(bench, serviceID));
  const ends = { sourceID: gateway, destServiceID: serviceID, ticketKey: KEY };
  assertEquals(introduced(effects), { ...ends, sourcePlug: 1 });
  const { ticket, destCertificate } = theSent(effects, "connectionResponse");
  assertEquals([ticket, destCertificate], [undefined, AUTHORITY]);
  const again = bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  assertEquals(introduced(again.effects), { ...ends, sourcePlug: 2 });
});

Deno.test("manager: who is refused is introduced to nobody", () => {
  const { bench, gateway, serviceID } = askedBench();
  bench.take("one", confirmation(bench, serviceID));
  const { effects } = bench.ask("one", { serviceID: gateway, sourcePlug: 2, dest: "unknown" });
  assertEquals(theSent(effects, "connectionResponse").status, 404);
  assertEquals(introduced(effects), undefined);
});

Deno.test("manager: an instance without a key is offered without introduction", () => {
  const { bench, serviceID } = askedBench();
  assertEquals(introduced(bench.confirmStart("one", serviceID)), undefined);
});

Deno.test("manager: keys are in no fact, and forgotten with the instance", () => {
  const { bench, serviceID } = askedBench();
  bench.take("one", confirmation(bench, serviceID));
  assertEquals(JSON.stringify(bench.history).includes(KEY), false);
  assertEquals([...bench.state.ticketKeys], [[serviceID, KEY]]);
  bench.take("one", { type: "serviceTerminationInfo", serviceID, status: 200 });
  assertEquals([...bench.state.ticketKeys], []);
});

Deno.test("manager: after a restart it has keys from what agents report (flow 3)", () => {
  const { bench, gateway, serviceID } = askedBench();
  bench.take("one", confirmation(bench, serviceID));
  const instances = report(bench, "told anew");
  bench.restart();
  assertEquals([...bench.state.ticketKeys], []);
  bench.addAgent("one", SERVICES, { link: "one-b", report: { instances } });
  const { effects } = bench.ask("one-b", { serviceID: gateway, sourcePlug: 2, dest: "greeter" });
  assertEquals(introduced(effects)?.ticketKey, "told anew");
});

Deno.test("manager: an agent tells no keys of instances that are not its own", () => {
  const { bench, serviceID } = askedBench();
  bench.take("one", confirmation(bench, serviceID));
  const instances = report(bench, "a key of the forger");
  bench.addAgent("two", SERVICES, { network: "10.0.0.2", report: { instances } });
  assertEquals([...bench.state.ticketKeys], [[serviceID, KEY]]);
});

Deno.test("agent: it tells the key of an instance that runs, in answers and reports", () => {
  const bench = new AgentBench();
  bench.launch(5);
  bench.step({ kind: "processStarted", serviceID: 5, token: "secret-5", ticketKey: KEY });
  bench.step({ kind: "serviceLinked", link: "service-5", trusted: false });
  const shown = { messageID: 505, serviceID: 5, status: 200, token: "secret-5" };
  const effects = bench.take("service-5", {
    type: "startServiceResponse",
    ...shown,
    ticketKey: "a key of its own making",
  });
  const told = theSent(effects, "startServiceResponse", "manager");
  assertEquals([told.ticketKey, told.token], [KEY, undefined]);
  const { instances } = theSent(bench.linkManager("manager-b"), "agentRegisterRequest");
  assertEquals(instances?.[0]?.ticketKey, KEY);
});

Deno.test("agent: a start that failed has no key", () => {
  const bench = new AgentBench();
  bench.launch(5);
  bench.step({ kind: "processStarted", serviceID: 5, token: "secret-5", ticketKey: KEY });
  const { effects } = bench.confirm(5, { status: 500 });
  assertEquals(theSent(effects, "startServiceResponse", "manager").ticketKey, undefined);
});
