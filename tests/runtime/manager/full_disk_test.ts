import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { Message } from "../../../protocol/messages.ts";
import { foldFacts } from "../../../roles/manager/memory/fold.ts";
import { HeldEvents } from "../../../runtime/manager/held_events.ts";
import { ManagerHost } from "../../../runtime/manager/manager_host.ts";
import { openStore } from "../../../runtime/store/open_store.ts";
import { recoverRegistry } from "../../../runtime/store/recovery.ts";
import { documentOf } from "../../../runtime/store/registry_snapshot.ts";
import type { Store } from "../../../runtime/store/store.ts";
import { StoreUnavailableError } from "../../../runtime/store/store.ts";
import { failures } from "../store/fact_samples.ts";
import { AgentDouble } from "./agent_double.ts";
import { FailingStore } from "./failing_store.ts";
import { withSmallDisk } from "./small_disk.ts";

const MANIFEST = {
  plugs: [],
  connectionIdleMs: 30_000,
  serviceIdleMs: 60_000,
  startTimeoutMs: 10_000,
  graceMs: 5_000,
};
const REGISTER: Message = {
  type: "agentRegisterRequest",
  messageID: 1,
  agentName: "one",
  agentNetwork: "127.0.0.1",
  agentPort: 7_000,
  repository: ["greeter"],
  manifests: { greeter: MANIFEST },
};
const GATEWAY: Message = {
  type: "serviceRegisterRequest",
  messageID: 2,
  typeOfService: "gateway",
  plugsConfiguration: { in: null, out: ["greeter"] },
};

function askFor(messageID: number, sourcePlug: number): Message {
  const destServiceName = "greeter";
  return { type: "connectionRequest", messageID, serviceID: 1, sourcePlug, destServiceName };
}

/** A manager with an agent and a gateway. */
async function startMesh(store: Store) {
  const warnings: string[] = [];
  const manager = new ManagerHost({ store, warn: (text) => warnings.push(text), recordRetryMs: 5 });
  const agent = new AgentDouble(manager);
  await agent.ask(REGISTER, "agentRegisterResponse");
  const { serviceID } = await agent.ask(GATEWAY, "serviceRegisterResponse");
  assertEquals(serviceID, 1);
  return { manager, agent, warnings };
}

/** Asks for a greeter, lets it start, and opens the connection to it. */
async function connect({ agent }: { agent: AgentDouble }): Promise<number> {
  const started = await agent.ask(askFor(3, 1), "startServiceRequest");
  const { messageID, serviceID, plugConfiguration } = started;
  const done = { type: "startServiceResponse", messageID, serviceID, status: 200 } as const;
  await agent.ask(done, "connectionResponse");
  const destPlug = plugConfiguration.in ?? 0;
  const sourcePlug = 1;
  agent.send({ type: "connectionConfirmation", messageID: 3, status: 200, sourcePlug, destPlug });
  return destPlug;
}

/** Everything that the history says is what the manager knows. */
function checkHistory(store: Store, manager: ManagerHost): void {
  assertEquals(documentOf(foldFacts(store.read())), documentOf(manager.registry));
}

Deno.test("ManagerHost: what can't be recorded has no consequences until it is", async () => {
  const store = new FailingStore();
  const { manager, agent, warnings } = await startMesh(store);
  const told: string[] = [];
  manager.subscribe((facts) => told.push(...facts.map(({ kind }) => kind)));
  store.failure = "the disk is full";
  agent.send(askFor(3, 1));
  // An agent that hears nothing would think that the manager is gone.
  await agent.wait("agentHealthRequest", 1);
  assertEquals(agent.all("startServiceRequest"), []);
  assertEquals(told, []);
  assertEquals(manager.problem, "Cannot record: the disk is full");

  const refused = await agent.ask(askFor(4, 2), "connectionResponse");
  assertEquals([refused.messageID, refused.status], [4, 503]);
  assertEquals(refused.reason, "Cannot record: the disk is full");
  const unregistered = await agent.ask({ ...GATEWAY, messageID: 5 }, "serviceRegisterResponse");
  assertEquals([unregistered.messageID, unregistered.status], [5, 503]);
  const command = await manager.command({ kind: "stopInstance", serviceID: 1, mode: "soft" });
  assertEquals(command, { status: 503, reason: "Cannot record: the disk is full" });

  store.failure = undefined;
  const { serviceID, messageID } = await agent.wait("startServiceRequest");
  assertEquals(told, ["instanceStarting"]);
  assertEquals(manager.problem, undefined);
  agent.send({ type: "startServiceResponse", messageID, serviceID, status: 200 });
  const answered = await agent.wait("connectionResponse", 1);
  assertEquals([answered.messageID, answered.status, answered.destServiceID], [3, 200, serviceID]);
  checkHistory(store, manager);
  assertEquals(warnings.length, 2);
  assertMatch(warnings[0] ?? "", /^Cannot record: the disk is full\. What runs goes on/);
  assertMatch(warnings[1] ?? "", /^It is recorded again/);
  manager.stop();
});

Deno.test("ManagerHost: what happens while nothing can be recorded is recorded later", async () => {
  const store = new FailingStore();
  const mesh = await startMesh(store);
  const { manager, agent } = mesh;
  const destPlug = await connect(mesh);
  const plugs = { serviceID: 1, sourcePlug: 1, destPlug };
  store.failure = "the disk fails";
  agent.send({ type: "processData", messageID: 6, ...plugs, count: 1, intervalMs: 1_000 });
  await agent.wait("agentHealthRequest");
  agent.send(
    { type: "processData", messageID: 7, ...plugs, count: 2, intervalMs: 1_000 },
    { type: "processData", messageID: 8, ...plugs, count: 4, intervalMs: 1_000 },
    { type: "sourceConnectionClose", ...plugs, status: 111 },
    { type: "serviceTerminationInfo", serviceID: 2, status: 500, exitCode: 9 },
  );
  await agent.wait("agentHealthRequest", agent.all("agentHealthRequest").length);
  assertEquals(manager.registry.instances.size, 2);
  const kinds: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  manager.subscribe((facts) => {
    for (const fact of facts) kinds.push("count" in fact ? `use ${fact.count}` : fact.kind);
    if (kinds.includes("instanceEnded")) resolve();
  });
  store.failure = undefined;
  await promise;
  assertEquals(kinds, ["use 1", "use 6", "connectionClosed", "instanceEnded"]);
  checkHistory(store, manager);
  manager.stop();
});

Deno.test("ManagerHost: an agent that comes anew meanwhile keeps what it has", async () => {
  const store = new FailingStore();
  const mesh = await startMesh(store);
  const { manager, agent } = mesh;
  const destPlug = await connect(mesh);
  store.failure = "the disk is full";
  const instances = [{
    serviceID: 1,
    typeOfService: "gateway",
    plugConfiguration: { in: null, out: ["greeter"] },
    launched: false,
    started: true,
  }, {
    serviceID: 2,
    typeOfService: "greeter",
    plugConfiguration: { in: destPlug, out: [] },
    launched: true,
    started: true,
  }];
  const connections = [{ serviceID: 1, sourcePlug: 1, destServiceID: 2, destPlug }];
  const report = { ...REGISTER, instances, connections };
  agent.send({ type: "processData", messageID: 6, serviceID: 1, sourcePlug: 1, destPlug });
  await agent.wait("agentHealthRequest");
  agent.abort();
  // Nobody answers it, so it gives up and comes again.
  for (const messageID of [9, 10]) {
    const again = new AgentDouble(manager);
    again.send({ ...report, messageID });
    again.abort();
    await again.ended();
  }
  const last = new AgentDouble(manager);
  last.send({ ...report, messageID: 11 });
  store.failure = undefined;
  assertEquals((await last.wait("agentRegisterResponse")).messageID, 11);
  // The order of messages of one link holds: an order to kill would come before this answer.
  await last.ask(askFor(12, 2), "connectionResponse");
  assertEquals(last.all("hardShutdownRequest"), []);
  assertEquals(manager.registry.instances.size, 2);
  assertEquals(manager.registry.connections.size, 2);
  const kinds = [...store.read()].map(({ kind }) => kind);
  assertEquals(kinds.filter((kind) => kind === "agentRegistered").length, 2);
  checkHistory(store, manager);
  manager.stop();
});

Deno.test("ManagerHost: it starts and recovers while the disk is full", async () => {
  const store = new FailingStore();
  const before = await startMesh(store);
  await connect(before);
  before.manager.stop();
  store.failure = "the disk is full";
  const manager = new ManagerHost({ store, warn: () => {}, recordRetryMs: 5 });
  const agent = new AgentDouble(manager);
  const refused = await agent.ask(askFor(4, 2), "connectionResponse");
  assertEquals([refused.status, manager.registry.instances.size], [503, 2]);
  agent.send(REGISTER);
  store.failure = undefined;
  await agent.wait("agentRegisterResponse");
  checkHistory(store, manager);
  manager.stop();
});

Deno.test("HeldEvents: more than fits ends the link that sent it, and forgets what it sent", () => {
  const aborted: string[] = [];
  const abort = (link: string) => void aborted.push(link);
  const held = new HeldEvents({ eventsMax: 3, send: () => {}, abort });
  const close: Message = {
    type: "sourceConnectionClose",
    serviceID: 1,
    sourcePlug: 1,
    destPlug: 20_000,
  };
  held.take({ kind: "message", link: "one", message: close }, "");
  for (let count = 0; count < 3; count += 1) {
    held.take({ kind: "message", link: "two", message: close }, "");
  }
  assertEquals([held.size, aborted], [3, ["two"]]);
  held.take({ kind: "linkClosed", link: "two", reason: "too much" }, "");
  held.take({ kind: "message", link: "three", message: REGISTER }, "");
  held.take({ kind: "linkClosed", link: "three", reason: "gone again" }, "");
  assertEquals(
    held.release().map(({ kind, link }) => `${kind} ${link}`),
    ["message one", "linkClosed two"],
  );
  assertEquals(held.size, 0);
});

Deno.test("SqliteStore: a full disk is said, harms nothing, and ends", async () => {
  await withSmallDisk(async ({ folder, fill, clear }) => {
    const data = `${folder}/data`;
    const store = openStore(data);
    store.append(failures(300));
    store.append(failures(50, { firstSeq: 301 }));
    await fill();
    let firstSeq = 351;
    const error = assertThrows(() => {
      for (; firstSeq < 100_000; firstSeq += 50) store.append(failures(50, { firstSeq }));
    }, StoreUnavailableError);
    assertMatch(error.message, /^Cannot write ".*history\.db": database or disk is full/);
    assertEquals(error.why, "the disk is full");
    assertEquals(store.lastSeq, firstSeq - 1);
    // Facts that find no room for their indexes are found without them.
    assertEquals(store.query({ limit: 100_000 }).map(({ seq }) => seq).length, store.lastSeq);
    assertEquals(store.query({ afterSeq: 298, limit: 4 }).map(({ seq }) => seq), [
      299,
      300,
      301,
      302,
    ]);
    assertEquals([...store.read()].length, store.lastSeq);
    await clear();
    store.append(failures(50, { firstSeq }));
    store.close();
    const after = openStore(data);
    assertEquals([...after.read()].map(({ seq }) => seq).at(-1), firstSeq + 49);
    assertEquals(after.query({ service: "greeter", limit: 100_000 }).length > 100, true);
    after.close();
  });
});

Deno.test("ManagerHost: the history on a disk that was full is complete", async () => {
  await withSmallDisk(async ({ folder, fill, clear }) => {
    const store = openStore(`${folder}/data`);
    const mesh = await startMesh(store);
    const { manager, agent } = mesh;
    await connect(mesh);
    await fill();
    let messageID = 10;
    for (; manager.problem === undefined; messageID += 1) {
      await agent.provoke({ ...GATEWAY, messageID });
    }
    const refused = await agent.ask({ ...GATEWAY, messageID }, "serviceRegisterResponse");
    assertEquals([refused.messageID, refused.status], [messageID, 503]);
    await clear();
    // The last one that was taken waited for room.
    const last = agent.all("serviceRegisterResponse").length;
    const taken = await agent.wait("serviceRegisterResponse", last);
    assertEquals([taken.messageID, taken.status], [messageID - 1, 200]);
    assertEquals(documentOf(recoverRegistry(store)), documentOf(manager.registry));
    manager.stop();
    store.close();
  });
});
