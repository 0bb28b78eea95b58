import { assertEquals, assertStringIncludes } from "@std/assert";
import { MANIFEST_DEFAULTS } from "../../../protocol/manifest.ts";
import type { AgentEffect } from "../../../roles/agent/events.ts";
import { REFILL_MS } from "../../../roles/agent/spares.ts";
import { AgentBench } from "./agent_bench.ts";
import { ofKind, sent, theSent } from "../effects.ts";

const MANIFESTS = { greeter: MANIFEST_DEFAULTS, counter: MANIFEST_DEFAULTS };

/** Lets the spare that is due be created, and be ready by a link of its own. */
function makeSpare(agent: AgentBench): { spareID: number; effects: AgentEffect[] } {
  const [launch] = ofKind(agent.wait(REFILL_MS), "launchSpare");
  if (launch === undefined) throw new Error("no spare was started");
  return { spareID: launch.spareID, effects: makeReady(agent, launch.spareID) };
}

function makeReady(agent: AgentBench, spareID: number): AgentEffect[] {
  const link = `spare-${spareID}`;
  const token = `spare-secret-${spareID}`;
  agent.step({ kind: "spareStarted", spareID, token });
  agent.step({ kind: "serviceLinked", link, trusted: false });
  return agent.step({ kind: "spareReady", link, spareID, token });
}

const EXIT = { exitCode: 1, signal: undefined, lastLines: ["why it ended"] };

Deno.test("agent: spares are started one after another, when the agent has registered", () => {
  const agent = new AgentBench({ warm: { greeter: 2, counter: 1 } });
  const first = makeSpare(agent);
  assertEquals(ofKind(first.effects, "launchSpare"), []);
  const second = makeSpare(agent);
  const third = makeSpare(agent);
  assertEquals([...agent.state.spares.all.values()].map(({ service }) => service), [
    "greeter",
    "greeter",
    "counter",
  ]);
  assertEquals(agent.wait(60_000), [], "that is all of them, and nothing is to be done");
  assertEquals([first.spareID, second.spareID, third.spareID], [1, 2, 3]);
  assertEquals(agent.state.instances.size, 0, "none of them is an instance");
});

Deno.test("agent: a spare becomes the instance that is started, by its own link", () => {
  const agent = new AgentBench({ warm: { greeter: 1 } });
  const { spareID } = makeSpare(agent);
  const [launch] = ofKind(agent.launch(7), "launch");
  assertEquals(launch?.spare?.spareID, spareID);
  assertEquals(agent.state.spares.all.size, 0);
  const effects = agent.take(`spare-${spareID}`, {
    type: "startServiceResponse",
    messageID: 507,
    status: 200,
    serviceID: 7,
    token: "secret-7",
  });
  assertEquals(theSent(effects, "startServiceResponse", "manager").status, 200);
  assertEquals(agent.state.instances.get(7)?.phase, "running");
  assertEquals(ofKind(agent.wait(REFILL_MS), "launchSpare").length, 1, "and is replaced");
});

Deno.test("agent: what is missing waits while instances start, but not for ever", () => {
  const agent = new AgentBench({ warm: { greeter: 1 } });
  agent.launch(7, "counter");
  assertEquals(ofKind(agent.wait(5 * REFILL_MS), "launchSpare"), []);
  const endless = new AgentBench({ warm: { greeter: 1 } });
  for (let serviceID = 1; serviceID <= 12; serviceID += 1) {
    endless.launch(serviceID, "counter");
    if (ofKind(endless.wait(REFILL_MS), "launchSpare").length === 1) return;
  }
  throw new Error("no spare was started in all that time");
});

Deno.test("agent: a spare that is not ready yet is of no use", () => {
  const agent = new AgentBench({ warm: { greeter: 1 } });
  assertEquals(ofKind(agent.wait(REFILL_MS), "launchSpare").length, 1);
  const [launch] = ofKind(agent.launch(7), "launch");
  assertEquals(launch?.spare, undefined);
});

Deno.test("agent: a spare that ends instead of becoming an instance is told to nobody", () => {
  const agent = new AgentBench({ warm: { greeter: 1 } });
  const { spareID } = makeSpare(agent);
  agent.launch(7);
  const link = `spare-${spareID}`;
  agent.step({ kind: "linkClosed", link, reason: "closed by the other end" });
  const effects = agent.step({ kind: "processExited", serviceID: 7, ...EXIT });
  const [again] = ofKind(effects, "launch");
  assertEquals([again?.serviceID, again?.spare, again?.messageID], [7, undefined, 507]);
  assertEquals(sent(effects, "startServiceResponse"), []);
  const failed = agent.step({ kind: "processExited", serviceID: 7, ...EXIT });
  const { status, reason } = theSent(failed, "startServiceResponse", "manager");
  assertEquals(status, 500);
  assertStringIncludes(reason ?? "", "before it was ready", "a process of its own is told of");
});

Deno.test("agent: a spare that becomes no instance in time makes room for a process", () => {
  const agent = new AgentBench({ warm: { greeter: 1 } });
  makeSpare(agent);
  agent.launch(7);
  assertEquals(ofKind(agent.wait(5_000), "kill").map(({ serviceID }) => serviceID), [7]);
  const effects = agent.step({ kind: "processExited", serviceID: 7, ...EXIT });
  assertEquals(ofKind(effects, "launch").length, 1);
});

Deno.test("agent: spares that end by themselves come later and later, and are told once", () => {
  const agent = new AgentBench({ warm: { greeter: 1 } });
  const waits: number[] = [];
  let told = 0;
  for (let round = 0; round < 9; round += 1) {
    const fromMs = agent.nowMs;
    while (ofKind(agent.wait(500), "launchSpare").length === 0);
    waits.push(agent.nowMs - fromMs);
    const effects = agent.step({ kind: "spareExited", spareID: round + 1, ...EXIT });
    for (const { service, reason } of ofKind(effects, "spareLost")) {
      told += 1;
      assertEquals(service, "greeter");
      assertEquals(reason, "it exited with code 1 before it was ready\nwhy it ended");
    }
  }
  assertEquals(told, 1);
  const seconds = waits.map((waitMs) => Math.round(waitMs / 1_000));
  assertEquals(seconds, [1, 1, 2, 4, 8, 16, 32, 60, 60]);
});

Deno.test("agent: a spare that is not ready in time is killed, and that is told", () => {
  const agent = new AgentBench({ warm: { greeter: 1 } });
  assertEquals(ofKind(agent.wait(REFILL_MS), "launchSpare").length, 1);
  const { startTimeoutMs } = MANIFEST_DEFAULTS;
  assertEquals(ofKind(agent.wait(startTimeoutMs), "killSpare").length, 1);
  const exit = { exitCode: 137, signal: "SIGKILL", lastLines: [] };
  const effects = agent.step({ kind: "spareExited", spareID: 1, ...exit });
  const [{ reason = "" } = {}] = ofKind(effects, "spareLost");
  assertEquals(reason, "it was not ready within its start timeout");
});

Deno.test("agent: an edit replaces spares, and what is wanted no more ends", () => {
  const agent = new AgentBench({ warm: { greeter: 1, counter: 2 } });
  for (let count = 0; count < 3; count += 1) makeSpare(agent);
  const warm = { greeter: 1, counter: 1 };
  const change = { kind: "repositoryChanged", manifests: MANIFESTS, warm } as const;
  const effects = agent.step({ ...change, edited: ["greeter"] });
  assertEquals(ofKind(effects, "killSpare").map(({ spareID }) => spareID), [1, 3]);
  const { service } = agent.state.spares.all.get(makeSpare(agent).spareID) ?? {};
  assertEquals(service, "greeter");
  const none = agent.step({ kind: "repositoryChanged", manifests: {}, edited: [] });
  assertEquals(ofKind(none, "killSpare").length, 2);
  assertEquals(agent.wait(60_000), []);
});

Deno.test("agent: who does not show the token of a spare is none, nor who shows it twice", () => {
  const agent = new AgentBench({ warm: { greeter: 1 } });
  assertEquals(ofKind(agent.wait(REFILL_MS), "launchSpare").length, 1);
  agent.step({ kind: "spareStarted", spareID: 1, token: "spare-secret-1" });
  const tell = (link: string, token: string) => {
    agent.step({ kind: "serviceLinked", link, trusted: false });
    return ofKind(agent.step({ kind: "spareReady", link, spareID: 1, token }), "closeLink");
  };
  assertEquals(tell("guess", "another secret").length, 1);
  assertEquals(tell("spare", "spare-secret-1").length, 0);
  assertEquals(tell("copy", "spare-secret-1").length, 1);
  assertEquals(agent.state.newcomers.has("spare"), false);
});

Deno.test("agent: a spare without a link becomes no instance, and is killed if it stays", () => {
  const agent = new AgentBench({ warm: { greeter: 1 } });
  const { spareID } = makeSpare(agent);
  agent.step({ kind: "linkClosed", link: `spare-${spareID}`, reason: "closed" });
  assertEquals(ofKind(agent.launch(7), "launch")[0]?.spare, undefined);
  assertEquals(ofKind(agent.wait(5_000), "killSpare").length, 1);
});
