import { assertEquals } from "@std/assert";
import { MANIFEST_DEFAULTS, type ServiceManifest } from "../../../protocol/manifest.ts";
import { sent, theSent } from "../effects.ts";
import { ManagerBench } from "./manager_bench.ts";

function benchOf(greeter: Partial<ServiceManifest>): { bench: ManagerBench; gateway: number } {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter, counter: {} });
  return { bench, gateway: bench.addGateway("one") };
}

/** A source asks for one more connection beside those to these instances. */
function askBeside(
  bench: ManagerBench,
  asked: { serviceID: number; sourcePlug: number; avoid?: readonly number[]; waiting?: number },
) {
  const messageID = bench.newMessageID();
  const destServiceName = "greeter";
  return bench.take("one", { type: "connectionRequest", messageID, destServiceName, ...asked });
}

function starting(effects: ReturnType<ManagerBench["take"]>): number[] {
  return sent(effects, "startServiceRequest").map(({ serviceID }) => serviceID);
}

Deno.test("askForAnother() starts one more while there are fewer than may be, and no more", () => {
  const { bench, gateway } = benchOf({ instances: { min: 0, max: 2 }, concurrency: 10 });
  const ends = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const first = bench.connect("one", ends).instance.serviceID;
  const effects = askBeside(bench, { serviceID: gateway, sourcePlug: 2, avoid: [first] });
  const [second = 0] = starting(effects);
  const answer = theSent(bench.confirmStart("one", second), "connectionResponse");
  assertEquals([answer.status, answer.destServiceID, answer.concurrency], [200, second, 10]);
  const avoid = [first, second];
  const full = askBeside(bench, { serviceID: gateway, sourcePlug: 3, avoid });
  assertEquals(starting(full), []);
  assertEquals(theSent(full, "connectionResponse").status, 503);
});

Deno.test("askForAnother() has many sources wait for the one that starts", () => {
  const { bench, gateway } = benchOf({ instances: { min: 0, max: 9 }, concurrency: 10 });
  const other = bench.addGateway("one");
  const ends = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const first = bench.connect("one", ends).instance.serviceID;
  const avoid = [first];
  const [second = 0] = starting(askBeside(bench, { serviceID: gateway, sourcePlug: 2, avoid }));
  assertEquals(starting(askBeside(bench, { serviceID: other, sourcePlug: 1, avoid })), []);
  const answers = sent(bench.confirmStart("one", second), "connectionResponse");
  assertEquals(answers.map(({ destServiceID }) => destServiceID), [second, second]);
});

Deno.test("askForAnother() answers those who wait when the start of it fails", () => {
  const { bench, gateway } = benchOf({ instances: { min: 0, max: 2 } });
  const ends = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const first = bench.connect("one", ends).instance.serviceID;
  const asked = { serviceID: gateway, sourcePlug: 2, avoid: [first] };
  const [second = 0] = starting(askBeside(bench, asked));
  const failed = bench.confirmStart("one", second, { status: 500, reason: "no table" });
  assertEquals(theSent(failed, "connectionResponse").status, 503);
});

Deno.test("keepMinimum() starts what shall run, and again what ended, and never reaps it", () => {
  const bench = new ManagerBench();
  const first = bench.addAgent("one", { greeter: { instances: { min: 2, max: 3 } } });
  const [one = 0, two = 0, ...more] = starting(first);
  assertEquals(more, []);
  for (const serviceID of [one, two]) bench.confirmStart("one", serviceID);
  assertEquals(sent(bench.wait(300_000), "softShutdownRequest"), []);
  const info = { type: "serviceTerminationInfo", serviceID: one, status: 500 } as const;
  const after = [...bench.take("one", { ...info, reason: "crashed" }), ...bench.wait(2_000)];
  assertEquals(starting(after).length, 1);
});

Deno.test("countLive() counts nobody who only bears the name of a service", () => {
  const { bench, gateway } = benchOf({ instances: { min: 0, max: 1 }, concurrency: 10 });
  const type = "serviceRegisterRequest";
  const plugsConfiguration = { in: null, out: "*" } as const;
  const register = (messageID: number) =>
    bench.take("one", { type, messageID, typeOfService: "greeter", plugsConfiguration });
  for (let count = 0; count < 3; count += 1) register(bench.newMessageID());
  const ends = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const first = bench.connect("one", ends).instance.serviceID;
  const manifest = { ...MANIFEST_DEFAULTS, instances: { min: 2, max: 3 }, concurrency: 10 };
  const manifests = { greeter: manifest, counter: MANIFEST_DEFAULTS };
  const info = { messageID: bench.newMessageID(), repository: ["greeter", "counter"], manifests };
  const more = bench.take("one", { type: "repositoryInfo", ...info });
  const [second = 0] = starting(more);
  bench.confirmStart("one", second);
  const asked = { serviceID: gateway, sourcePlug: 2, avoid: [first, second] };
  assertEquals(starting(askBeside(bench, asked)).length, 1);
});

Deno.test("isShrinking() has surplus instances close one at a time, down to the minimum", () => {
  const { bench, gateway } = benchOf({
    instances: { min: 1, max: 3 },
    concurrency: 1,
    connectionIdleMs: 2_000,
    serviceIdleMs: 2_000,
  });
  const [first = 0] = [...bench.state.registry.instances.values()]
    .filter(({ service }) => service === "greeter").map(({ serviceID }) => serviceID);
  bench.confirmStart("one", first);
  const avoid: number[] = [first];
  for (const sourcePlug of [2, 3]) {
    const asked = { serviceID: gateway, sourcePlug, avoid: [...avoid] };
    const [another = 0] = starting(askBeside(bench, asked));
    const { messageID, destPlug = 0 } = theSent(
      bench.confirmStart("one", another),
      "connectionResponse",
    );
    const confirmed = { messageID, status: 503, sourcePlug, destPlug, serviceID: gateway };
    bench.take("one", { type: "connectionConfirmation", ...confirmed });
    avoid.push(another);
  }
  const [closing, ...others] = sent(bench.wait(2_500), "softShutdownRequest");
  assertEquals(others, []);
  const ended = { type: "serviceTerminationInfo", status: 200, exitCode: 0 } as const;
  bench.take("one", { ...ended, serviceID: closing?.serviceID ?? 0 });
  const [next] = sent(bench.wait(2_500), "softShutdownRequest");
  bench.take("one", { ...ended, serviceID: next?.serviceID ?? 0 });
  assertEquals(sent(bench.wait(60_000), "softShutdownRequest"), []);
  const live = bench.state.registry.services.get("greeter")?.instances.size;
  assertEquals(live, 1);
});

Deno.test("startAhead() starts along eager edges, each service once", () => {
  const bench = new ManagerBench();
  bench.addAgent("one", {
    a: { plugs: ["b"], eager: ["b"] },
    b: { plugs: ["c"], eager: ["c"] },
    c: { plugs: ["a"], eager: ["a"] },
  });
  const serviceID = bench.addGateway("one");
  const { effects } = bench.ask("one", { serviceID, sourcePlug: 1, dest: "a" });
  const names = sent(effects, "startServiceRequest").map(({ serviceName }) => serviceName);
  assertEquals(names, ["a", "b", "c"]);
});

Deno.test("keepMinimum() starts ten at a time, and the others when those run at last", () => {
  const bench = new ManagerBench();
  const names = Array.from("abcdefghijkl");
  const own = { instances: { min: 1, max: 1 } };
  const first = starting(bench.addAgent("one", Object.fromEntries(names.map((one) => [one, own]))));
  assertEquals(first.length, 10);
  assertEquals(starting(bench.wait(3_000)), []);
  for (const serviceID of first) bench.confirmStart("one", serviceID);
  assertEquals(starting(bench.wait(1_000)).length, 2);
});

Deno.test("makeRoom() ends none of those that shall run", () => {
  const bench = new ManagerBench();
  const services = { greeter: { instances: { min: 1, max: 1 } }, counter: {} };
  const [first = 0] = starting(bench.addAgent("one", services, { report: { capacity: 1 } }));
  bench.confirmStart("one", first);
  const serviceID = bench.addGateway("one");
  const { effects } = bench.ask("one", { serviceID, sourcePlug: 1, dest: "counter" });
  assertEquals(sent(effects, "softShutdownRequest"), []);
});

Deno.test("restartService starts the next one of those that shall run before one ends", () => {
  const bench = new ManagerBench();
  const services = { greeter: { instances: { min: 1, max: 1 } } };
  const [first = 0] = starting(bench.addAgent("one", services));
  bench.confirmStart("one", first);
  const effects = bench.command({ kind: "restartService", service: "greeter" });
  const [next = 0] = starting(effects);
  assertEquals(sent(effects, "softShutdownRequest"), []);
  const ended = sent(bench.confirmStart("one", next), "softShutdownRequest");
  assertEquals(ended.map(({ serviceID }) => serviceID), [first]);
});

Deno.test("drainAgent starts none for an instance that is one too many", () => {
  const bench = new ManagerBench();
  const greeter = { ...MANIFEST_DEFAULTS, instances: { min: 0, max: 2 }, concurrency: 10 };
  for (const agent of ["one", "two"]) bench.addAgent(agent, { greeter });
  const gateway = bench.addGateway("one");
  const ends = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const { serviceID: first, agent } = bench.connect("one", ends).instance;
  const asked = { serviceID: gateway, sourcePlug: 2, avoid: [first] };
  const [second = 0] = starting(askBeside(bench, asked));
  bench.confirmStart(bench.instance(second).agent, second);
  const manifests = { greeter: { ...greeter, instances: { min: 0, max: 1 } } };
  for (const link of ["one", "two"]) {
    const messageID = bench.newMessageID();
    bench.take(link, { type: "repositoryInfo", messageID, repository: ["greeter"], manifests });
  }
  const effects = bench.command({ kind: "drainAgent", agent });
  assertEquals(starting(effects), []);
  assertEquals(sent(effects, "connectionCloseRequest").map(({ sourcePlug }) => sourcePlug), [1]);
});

Deno.test("startFurther() starts as many at once as take all requests that wait", () => {
  const { bench, gateway } = benchOf({ instances: { min: 0, max: 10 }, concurrency: 100 });
  const cold = askBeside(bench, { serviceID: gateway, sourcePlug: 1, waiting: 500 });
  assertEquals(starting(cold).length, 5);
  const more = askBeside(bench, { serviceID: gateway, sourcePlug: 2, waiting: 700 });
  assertEquals(starting(more).length, 5, "not beyond max");
});

Deno.test("startFurther() starts one where one may run, however many wait", () => {
  for (const own of [{}, { concurrency: 10 }]) {
    const { bench, gateway } = benchOf(own);
    const effects = askBeside(bench, { serviceID: gateway, sourcePlug: 1, waiting: 500 });
    assertEquals(starting(effects).length, 1);
  }
});

Deno.test("startFurther() adds up what waits at several sources", () => {
  const { bench, gateway } = benchOf({ instances: { min: 0, max: 10 }, concurrency: 10 });
  const other = bench.addGateway("one");
  const ask = (serviceID: number, waiting: number) =>
    starting(askBeside(bench, { serviceID, sourcePlug: 1, waiting })).length;
  assertEquals([ask(gateway, 8), ask(other, 13)], [1, 2]);
});

Deno.test("startFurther() counts what starts already", () => {
  const { bench, gateway } = benchOf({ instances: { min: 3, max: 10 }, concurrency: 10 });
  const ask = (waiting: number) =>
    starting(askBeside(bench, { serviceID: gateway, sourcePlug: waiting, waiting })).length;
  assertEquals([ask(30), ask(10)], [0, 1]);
});

Deno.test("connectionRequest that waited and is repeated has one answer", () => {
  const { bench, gateway } = benchOf({ instances: { min: 0, max: 2 }, concurrency: 10 });
  const ends = { serviceID: gateway, sourcePlug: 1, dest: "greeter" };
  const first = bench.connect("one", ends).instance.serviceID;
  const asked = { serviceID: gateway, sourcePlug: 2, avoid: [first] };
  const [second = 0] = starting(askBeside(bench, asked));
  const repeated = askBeside(bench, { serviceID: gateway, sourcePlug: 2 });
  assertEquals(theSent(repeated, "connectionResponse").destServiceID, first);
  assertEquals(sent(bench.confirmStart("one", second), "connectionResponse"), []);
});

Deno.test("keepMinimum() starts elsewhere what an agent had that stays away", () => {
  const bench = new ManagerBench();
  const greeter = { instances: { min: 1, max: 1 } };
  const [first = 0] = starting(bench.addAgent("one", { greeter }));
  bench.confirmStart("one", first);
  bench.addAgent("two", { greeter });
  const { recoveryGraceMs } = bench.state.options;
  bench.step({ kind: "linkClosed", link: "one", reason: "the host is off" });
  assertEquals(starting(bench.wait(recoveryGraceMs - 1)), []);
  const [order, ...others] = sent(bench.wait(2_000), "startServiceRequest");
  assertEquals([order?.serviceName, others.length], ["greeter", 0]);
  assertEquals(bench.instance(order?.serviceID ?? 0).agent, "two");
});
