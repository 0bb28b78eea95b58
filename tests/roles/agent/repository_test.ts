import { assertEquals, assertNotEquals } from "@std/assert";
import { MANIFEST_DEFAULTS } from "../../../protocol/manifest.ts";
import { REFILL_MS } from "../../../roles/agent/spares.ts";
import { AgentBench } from "./agent_bench.ts";
import { theOne, theSent } from "../effects.ts";

const GREETER = { ...MANIFEST_DEFAULTS, plugs: ["counter"] };

Deno.test("agent: a repository that changed is announced, and started from", () => {
  const bench = new AgentBench();
  const manifests = { greeter: GREETER, fresh: MANIFEST_DEFAULTS };
  const effects = bench.step({ kind: "repositoryChanged", manifests, edited: [] });
  const info = theSent(effects, "repositoryInfo", "manager");
  assertEquals([info.repository, info.manifests], [["greeter", "fresh"], manifests]);
  assertEquals(theOne(bench.launch(7, "fresh"), "launch").service, "fresh");
  assertEquals(theSent(bench.launch(8, "counter"), "startServiceResponse").status, 404);
});

Deno.test("agent: a service that was edited is told while an instance runs what is gone", () => {
  const bench = new AgentBench();
  bench.run(7);
  const change = { kind: "repositoryChanged", manifests: { greeter: GREETER } } as const;
  assertEquals(theSent(bench.step({ ...change, edited: [] }), "repositoryInfo").edited, []);
  const edited = bench.step({ ...change, edited: ["greeter", "unused"] });
  assertEquals(theSent(edited, "repositoryInfo").edited, ["greeter"]);
  const again = theSent(bench.linkManager("manager-b"), "agentRegisterRequest");
  assertEquals(again.repository, ["greeter"]);
});

Deno.test("agent: what was told as edited is not told again with what changes later", () => {
  const bench = new AgentBench();
  bench.run(7);
  const manifests = { greeter: GREETER, counter: MANIFEST_DEFAULTS };
  const change = (edited: string[]) => {
    const effects = bench.step({ kind: "repositoryChanged", manifests, edited });
    return theSent(effects, "repositoryInfo");
  };
  assertEquals(change(["greeter"]).edited, ["greeter"]);
  bench.launch(8, "counter");
  bench.confirm(8);
  // The old greeter is still there; the new one, if it is, is none of those that were edited.
  assertEquals(change(["counter"]).edited, ["counter"]);
  const moved = bench.step({ kind: "instancesMoving", serviceIDs: [8], spareIDs: [] });
  const { edited, moving } = theSent(moved, "repositoryInfo");
  assertEquals([edited, moving], [[], [8]]);
});

Deno.test("agent: where just spares move there is nothing to tell", () => {
  const bench = new AgentBench();
  assertEquals(bench.step({ kind: "instancesMoving", serviceIDs: [], spareIDs: [9] }), []);
});

Deno.test("agent: a manager that was away hears after the registration what was edited", () => {
  const bench = new AgentBench();
  bench.run(7);
  bench.step({ kind: "linkClosed", link: "manager", reason: "it broke" });
  const change = { kind: "repositoryChanged", manifests: { greeter: GREETER } } as const;
  assertEquals(bench.step({ ...change, edited: ["greeter"] }), []);
  const effects = bench.linkManager("manager-b");
  assertEquals(theSent(effects, "repositoryInfo", "manager-b").edited, ["greeter"]);
  bench.launch(8);
  bench.exit(7);
  assertEquals(bench.linkManager("manager-c").length, 2);
});

Deno.test("agent: a recorded instance whose service was edited meanwhile is told as edited", () => {
  const bench = new AgentBench({ isLinked: false });
  const instance = { serviceID: 7, service: "greeter", plugs: { in: 20_007, out: [] } } as const;
  const instances = [{ ...instance, token: "secret-7", outdated: true }];
  bench.step({ kind: "instancesRecorded", instances });
  bench.step({ kind: "managerLinked", link: "manager" });
  const { effects } = bench.confirm(7, { status: 200, connections: [] });
  assertEquals(theSent(effects, "repositoryInfo").edited, ["greeter"]);
});

Deno.test("agent: what shares a process that is to end is told as moving, spares are ended", () => {
  const bench = new AgentBench();
  bench.run(7);
  const manifests = { greeter: GREETER };
  bench.step({ kind: "repositoryChanged", manifests, edited: [], warm: { greeter: 1 } });
  const { spareID } = theOne(bench.wait(REFILL_MS), "launchSpare");
  bench.step({ kind: "spareStarted", spareID, token: "s" });
  const serviceIDs = [7, 8];
  const effects = bench.step({ kind: "instancesMoving", serviceIDs, spareIDs: [spareID, 99] });
  const { edited, moving } = theSent(effects, "repositoryInfo");
  assertEquals([edited, moving], [[], [7]]);
  assertEquals(theOne(effects, "killSpare").spareID, spareID);
  assertNotEquals(theOne(bench.wait(REFILL_MS), "launchSpare").spareID, spareID);
});

Deno.test("agent: a manager that was away hears after the registration what moves", () => {
  const bench = new AgentBench();
  bench.run(7);
  bench.step({ kind: "linkClosed", link: "manager", reason: "it broke" });
  assertEquals(bench.step({ kind: "instancesMoving", serviceIDs: [7], spareIDs: [] }), []);
  assertEquals(theSent(bench.linkManager("manager-b"), "repositoryInfo").moving, [7]);
  bench.launch(8);
  bench.exit(7);
  assertEquals(bench.linkManager("manager-c").length, 2);
});
