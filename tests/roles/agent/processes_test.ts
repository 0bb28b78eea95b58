import { assertEquals, assertStringIncludes } from "@std/assert";
import { AgentBench } from "./agent_bench.ts";
import { ofKind, sent, theOne, theSent } from "../effects.ts";

Deno.test("agent: a startServiceRequest launches one process on the assigned plug (flow 4)", () => {
  const bench = new AgentBench();
  const launch = theOne(bench.launch(7), "launch");
  assertEquals([launch.serviceID, launch.service, launch.plugs.in], [7, "greeter", 20_007]);
  assertEquals(ofKind(bench.launch(7), "launch"), []);
});

Deno.test("agent: a process with the right token is the instance (flow 4)", () => {
  const bench = new AgentBench();
  bench.launch(7);
  const { effects } = bench.confirm(7);
  assertEquals(theSent(effects, "startServiceResponse", "manager"), {
    type: "startServiceResponse",
    messageID: 507,
    status: 200,
    serviceID: 7,
  });
});

Deno.test("agent: of a start it tells what the process says of it, and the rest", () => {
  const bench = new AgentBench();
  bench.launch(7);
  bench.wait(40);
  const { effects } = bench.confirm(7, { status: 200, loadMs: 15 });
  const { loadMs, spawnMs } = theSent(effects, "startServiceResponse", "manager");
  assertEquals([loadMs, spawnMs], [15, 25]);
});

Deno.test("agent: a wrong token, none, or another's is refused, and the link closed (401)", () => {
  const bench = new AgentBench();
  bench.launch(7);
  bench.launch(8);
  for (const token of ["secret-8", "", "secret-", "secret-77", undefined]) {
    bench.step({ kind: "serviceLinked", link: "thief", trusted: false });
    const response = { messageID: 1, status: 200, serviceID: 7 };
    const message = token === undefined ? response : { ...response, token };
    const effects = bench.take("thief", { type: "startServiceResponse", ...message });
    assertEquals(theOne(effects, "refuse").status, 401);
    assertEquals(theOne(effects, "closeLink").link, "thief");
    assertEquals(sent(effects, "startServiceResponse"), []);
  }
  theSent(bench.confirm(7).effects, "startServiceResponse", "manager");
});

Deno.test("agent: of too many links that do not say who they are the oldest is closed", () => {
  const bench = new AgentBench({ newcomersMax: 2 });
  bench.launch(7);
  const { link } = bench.confirm(7);
  bench.step({ kind: "serviceLinked", link: "gateway", trusted: true });
  for (const stranger of ["first", "second"]) {
    assertEquals(bench.step({ kind: "serviceLinked", link: stranger, trusted: false }), []);
  }
  const effects = bench.step({ kind: "serviceLinked", link: "third", trusted: false });
  assertEquals(theOne(effects, "closeLink").link, "first");
  bench.step({ kind: "linkClosed", link: "second", reason: "gone" });
  assertEquals(bench.step({ kind: "serviceLinked", link: "fourth", trusted: false }), []);
  assertEquals([...bench.state.newcomers], ["third", "fourth"]);
  assertEquals(bench.state.instances.get(7)?.link, link);
});

Deno.test("agent: a token is used once", () => {
  const bench = new AgentBench();
  bench.run(7);
  bench.step({ kind: "serviceLinked", link: "thief", trusted: false });
  const response = { messageID: 1, status: 200, serviceID: 7, token: "secret-7" };
  const effects = bench.take("thief", { type: "startServiceResponse", ...response });
  assertEquals(theOne(effects, "refuse").status, 401);
});

Deno.test("agent: an unknown service is answered 404, too many instances 503 (flow 4)", () => {
  const bench = new AgentBench({ instancesMax: 1 });
  const none = theSent(bench.launch(6, "constructor"), "startServiceResponse");
  assertEquals([none.status, none.serviceID], [404, 6]);
  bench.launch(7);
  assertEquals(theSent(bench.launch(8), "startServiceResponse").status, 503);
});

Deno.test("agent: a process that can't be created is a failed start, with why (flow 4)", () => {
  const bench = new AgentBench();
  bench.launch(7);
  const reason = "there is no file greeter.ts";
  const effects = bench.step({ kind: "processFailed", serviceID: 7, reason });
  const answer = theSent(effects, "startServiceResponse");
  assertEquals([answer.status, answer.reason], [500, reason]);
  assertEquals(bench.state.instances.size, 0);
});

Deno.test("agent: an exit before ready is a failed start, with the last lines (flow 4)", () => {
  const bench = new AgentBench();
  bench.launch(7);
  const effects = bench.exit(7, { exitCode: 1, lastLines: ["error: no table", "  at db.ts:3"] });
  const { status, reason } = theSent(effects, "startServiceResponse");
  assertEquals(status, 500);
  assertEquals(reason, "exited with code 1 before it was ready\nerror: no table\n  at db.ts:3");
  assertEquals(sent(effects, "serviceTerminationInfo"), []);
});

Deno.test("agent: a process that is not ready in time is killed, then answered for (504)", () => {
  const bench = new AgentBench();
  bench.launch(7);
  const due = bench.wait(8_000);
  assertEquals(theOne(due, "kill").serviceID, 7);
  assertEquals(sent(due, "startServiceResponse"), []);
  const exit = { exitCode: 137, signal: "SIGKILL", lastLines: ["waiting"] };
  const { status, reason } = theSent(bench.exit(7, exit), "startServiceResponse");
  assertEquals(status, 504);
  assertStringIncludes(reason ?? "", "start timeout");
  assertStringIncludes(reason ?? "", "waiting");
});

Deno.test("agent: a process that confirms while it is being killed is too late", () => {
  const bench = new AgentBench();
  bench.launch(7);
  bench.wait(8_000);
  const { effects } = bench.confirm(7);
  assertEquals(theOne(effects, "refuse").status, 401);
  assertEquals(sent(effects, "startServiceResponse"), []);
  assertEquals(theSent(bench.exit(7), "startServiceResponse").status, 504);
});

Deno.test("agent: a service that can't listen says so once, its exit adds nothing (409)", () => {
  const bench = new AgentBench();
  bench.launch(7);
  const { effects } = bench.confirm(7, { status: 409, reason: "the address is in use" });
  const answer = theSent(effects, "startServiceResponse");
  assertEquals([answer.status, answer.reason], [409, "the address is in use"]);
  const exit = bench.exit(7, { exitCode: 1 });
  assertEquals([sent(exit, "startServiceResponse"), sent(exit, "serviceTerminationInfo")], [
    [],
    [],
  ]);
});

Deno.test("agent: a process whose start has failed and that does not exit is killed", () => {
  const bench = new AgentBench();
  bench.launch(7);
  bench.confirm(7, { status: 409, reason: "the address is in use" });
  assertEquals(theOne(bench.wait(5_000), "kill").serviceID, 7);
});

Deno.test("agent: an exit is told the moment it happens, with code, signal and last lines", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const effects = bench.exit(7, { exitCode: 139, signal: "SIGSEGV", lastLines: ["oh"] });
  const info = theSent(effects, "serviceTerminationInfo", "manager");
  assertEquals([info.status, info.exitCode, info.signal], [500, 139, "SIGSEGV"]);
  assertEquals(info.reason, "was ended by SIGSEGV\noh");
  assertEquals(theOne(effects, "closeLink").link, link);
  assertEquals(bench.exit(7), []);
});

Deno.test("agent: an exit with code 0 is no failure, and exit codes have bounds", () => {
  const bench = new AgentBench();
  bench.run(7);
  const info = theSent(bench.exit(7, { lastLines: ["bye"] }), "serviceTerminationInfo");
  assertEquals([info.status, info.exitCode, info.reason], [200, 0, "exited with code 0"]);
  bench.run(8);
  const large = bench.exit(8, { exitCode: 3_221_225_477 });
  assertEquals(theSent(large, "serviceTerminationInfo").exitCode, 255);
});

Deno.test("agent: what a service said of its own end is told with its exit", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  const said = { serviceID: 7, status: 503, reason: "the disk is full" };
  assertEquals(bench.take(link, { type: "serviceTerminationInfo", ...said }), []);
  const info = theSent(bench.exit(7, { exitCode: 1 }), "serviceTerminationInfo");
  assertEquals(info.status, 503);
  assertStringIncludes(info.reason ?? "", "the disk is full; exited with code 1");
});

Deno.test("agent: a hardShutdownRequest is answered when the process is gone (flow 9)", () => {
  const bench = new AgentBench();
  bench.run(7);
  const request = { type: "hardShutdownRequest", messageID: 41, serviceID: 7 } as const;
  const ordered = bench.take("manager", request);
  assertEquals(theOne(ordered, "kill").serviceID, 7);
  assertEquals(sent(ordered, "hardShutdownResponse"), []);
  bench.take("manager", { ...request, messageID: 42 });
  const effects = bench.exit(7, { exitCode: 137, signal: "SIGKILL" });
  const answers = sent(effects, "hardShutdownResponse");
  assertEquals(answers.map(({ messageID, status }) => [messageID, status]), [[41, 200], [42, 200]]);
  assertEquals(sent(effects, "serviceTerminationInfo"), []);
});

Deno.test("agent: a kill of what it does not have is answered 404 (flow 9)", () => {
  const bench = new AgentBench();
  const request = { type: "hardShutdownRequest", messageID: 41, serviceID: 7 } as const;
  const answer = theSent(bench.take("manager", request), "hardShutdownResponse");
  assertEquals([answer.messageID, answer.status], [41, 404]);
});

Deno.test("agent: a killed process group that stays is killed again, and this is told", () => {
  const bench = new AgentBench();
  bench.run(7);
  bench.take("manager", { type: "hardShutdownRequest", messageID: 41, serviceID: 7 });
  const effects = bench.wait(5_000);
  assertEquals(theSent(effects, "hardShutdownResponse").status, 504);
  assertEquals(theOne(effects, "kill").serviceID, 7);
});

Deno.test("agent: a kill while the process is being created is answered when it is gone", () => {
  const bench = new AgentBench();
  bench.launch(7);
  bench.take("manager", { type: "hardShutdownRequest", messageID: 41, serviceID: 7 });
  assertEquals(theSent(bench.exit(7), "hardShutdownResponse").messageID, 41);
  assertEquals(bench.wait(100_000), []);
});

Deno.test("agent: a service that lost its link and does not end is killed", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  bench.step({ kind: "linkClosed", link, reason: "it broke" });
  assertEquals(bench.wait(4_999), []);
  assertEquals(theOne(bench.wait(1), "kill").serviceID, 7);
  const info = theSent(
    bench.exit(7, { exitCode: 137, signal: "SIGKILL" }),
    "serviceTerminationInfo",
  );
  assertStringIncludes(info.reason ?? "", "did not end by itself");
});

Deno.test("agent: a link that does not say who it is in time is closed", () => {
  const bench = new AgentBench();
  bench.step({ kind: "serviceLinked", link: "silent", trusted: false });
  const data = { messageID: 1, serviceID: 7, sourcePlug: 1, destPlug: 20_000 };
  assertEquals(
    theOne(bench.take("silent", { type: "processData", ...data }), "refuse").status,
    401,
  );
  assertEquals(theOne(bench.wait(10_000), "closeLink").link, "silent");
});

Deno.test("agent: one that ends without its manager has its own instances end softly", () => {
  const bench = new AgentBench();
  const link = bench.run(7);
  bench.addGateway(9);
  bench.launch(8);
  bench.step({ kind: "linkClosed", link: "manager", reason: "it is gone" });
  const effects = bench.step({ kind: "leavingAlone", graceMs: 10_000 });
  assertEquals(ofKind(effects, "send").length, 1);
  // What has not started yet is of no use to anybody.
  assertEquals(theOne(effects, "kill").serviceID, 8);
  const asked = theSent(effects, "softShutdownRequest", link);
  assertEquals([asked.serviceID, asked.graceMs, asked.isFinal], [7, 10_000, true]);
  const { messageID } = asked;
  const answer = { type: "softShutdownResponse", messageID, serviceID: 7, status: 200 } as const;
  assertEquals(bench.take(link, answer), []);
});
