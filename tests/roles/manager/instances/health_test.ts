import { assert, assertEquals, assertMatch } from "@std/assert";
import type { HealthCheck, ServiceManifest } from "../../../../protocol/manifest.ts";
import type { FactKind } from "../../../../roles/manager/memory/facts.ts";
import type { ManagerEffect } from "../../../../roles/manager/state.ts";
import { ofKind, sent, theOne, theSent } from "../../effects.ts";
import { ManagerBench } from "../manager_bench.ts";

const HEALTH: HealthCheck = { intervalMs: 10_000, timeoutMs: 5_000, failures: 2 };
const LONG = { serviceIdleMs: 1e9, connectionIdleMs: 1e9 };

/** A gateway that is connected to a greeter. */
function healthBench(manifest: Partial<ServiceManifest> = { health: HEALTH }) {
  const bench = new ManagerBench();
  bench.addAgent("one", { greeter: { ...LONG, ...manifest } });
  const gateway = bench.addGateway("one");
  let sourcePlug = 0;
  const connect = () => {
    sourcePlug += 1;
    return bench.connect("one", { serviceID: gateway, sourcePlug, dest: "greeter" });
  };
  const { instance: { serviceID } } = connect();
  return { bench, gateway, connect, serviceID };
}

type HealthBench = ReturnType<typeof healthBench>;

/** Waits until the instance is asked, which must be soon; gives the number of the question. */
function untilAsked({ bench, serviceID }: Pick<HealthBench, "bench" | "serviceID">): number {
  for (let waitedMs = 0; waitedMs <= 10_000; waitedMs += 100) {
    const asked = sent(bench.wait(100), "serviceHealthRequest");
    for (const message of asked) if (message.serviceID === serviceID) return message.messageID;
  }
  throw new Error("it was not asked");
}

function answer(
  { bench, serviceID }: Pick<HealthBench, "bench" | "serviceID">,
  messageID: number,
  outcome: { status: number; reason?: string } = { status: 200 },
): ManagerEffect[] {
  return bench.take("one", { type: "serviceHealthResponse", messageID, serviceID, ...outcome });
}

/** The instances of greeter that were found to be sick. */
function verdicts({ history }: ManagerBench): string[] {
  return history.flatMap((fact) =>
    fact.kind === "instanceLeaving" && fact.cause === "unhealthy" ? [fact.reason] : []
  );
}

function kindsOf(effects: readonly ManagerEffect[]): FactKind[] {
  return ofKind(effects, "record").map(({ fact }) => fact.kind);
}

Deno.test("serviceHealthRequest: each instance is asked in its interval, the gateway never", () => {
  const mesh = healthBench({ health: { ...HEALTH, path: "/health" } });
  const { bench, gateway, serviceID } = mesh;
  let first = 0;
  for (let round = 0; round < 3; round += 1) {
    const messageID = untilAsked(mesh);
    assert(messageID > first);
    first = messageID;
    answer(mesh, messageID);
  }
  const effects = bench.wait(10_000);
  const [question] = sent(effects, "serviceHealthRequest");
  assertEquals(question && [question.serviceID, question.path, question.timeoutMs], [
    serviceID,
    "/health",
    5_000,
  ]);
  assert(!sent(effects, "serviceHealthRequest").some((one) => one.serviceID === gateway));
  assertEquals(bench.state.healths.size, 1);
});

Deno.test("serviceHealthRequest: after silence a successor starts, the old one is killed", () => {
  const mesh = healthBench();
  const { bench, gateway, serviceID } = mesh;
  untilAsked(mesh);
  bench.wait(10_800);
  assertEquals(verdicts(bench), []);
  bench.wait(200);
  assertEquals(verdicts(bench), ["it hangs: asked how it is, it has said nothing for 11 s"]);
  // It has crashed, so there is a moment before the next start; nobody is sent to it meanwhile.
  const asked = bench.ask("one", { serviceID: gateway, sourcePlug: 9, dest: "greeter" });
  assertEquals(sent(asked.effects, "connectionResponse"), []);
  const { serviceID: next } = theSent(bench.wait(200), "startServiceRequest");
  assert(next !== serviceID);
  const effects = bench.confirmStart("one", next);
  assertEquals(theSent(effects, "connectionResponse").destServiceID, next);
  assertEquals(theSent(effects, "connectionCloseRequest").serviceID, gateway);
  // Nothing that is in flight there will end, so nobody waits for it longer than its grace.
  theSent(bench.wait(5_000), "hardShutdownRequest");
  const killed = { type: "hardShutdownResponse", messageID: 1, serviceID, status: 200 } as const;
  const end = bench.take("one", killed);
  assertEquals(kindsOf(end).includes("serviceRecovered"), false);
  assertEquals([...bench.state.healths.keys()], [next]);
});

Deno.test("serviceHealthResponse: one that is late says that it lives", () => {
  const mesh = healthBench();
  for (let round = 0; round < 10; round += 1) {
    const messageID = untilAsked(mesh);
    mesh.bench.wait(10_700);
    answer(mesh, messageID);
  }
  assertEquals(verdicts(mesh.bench), []);
});

Deno.test("serviceHealthResponse: bad answers in a row count, a good one begins anew", () => {
  const mesh = healthBench({ health: { ...HEALTH, path: "/health" } });
  const bad = { status: 503, reason: "GET /health was answered with 500" };
  answer(mesh, untilAsked(mesh), bad);
  answer(mesh, untilAsked(mesh));
  answer(mesh, untilAsked(mesh), bad);
  assertEquals(verdicts(mesh.bench), []);
  answer(mesh, untilAsked(mesh), bad);
  assertEquals(verdicts(mesh.bench), ["it is not well: GET /health was answered with 500"]);
  // It still answers, so it is used until there is another one.
  const { gateway: asker } = mesh;
  const { effects } = mesh.bench.ask("one", { serviceID: asker, sourcePlug: 9, dest: "greeter" });
  assertEquals(theSent(effects, "connectionResponse").destServiceID, mesh.serviceID);
});

Deno.test("serviceHealthResponse: a bad answer after silence is about the same question", () => {
  const mesh = healthBench({ health: { ...HEALTH, path: "/", failures: 3 } });
  const messageID = untilAsked(mesh);
  mesh.bench.wait(10_900);
  answer(mesh, messageID, { status: 504, reason: "GET / got no answer within 5 s" });
  assertEquals(mesh.bench.state.healths.get(mesh.serviceID)?.failures, 1);
});

Deno.test("serviceHealthResponse: what nobody asked, or twice, is refused (404)", () => {
  const mesh = healthBench();
  const messageID = untilAsked(mesh);
  assertEquals(theOne(answer(mesh, messageID + 1), "refuse").status, 404);
  assertEquals(ofKind(answer(mesh, messageID), "refuse"), []);
  assertEquals(theOne(answer(mesh, messageID), "refuse").status, 404);
  mesh.bench.addAgent("two", { greeter: LONG }, { network: "10.0.0.2" });
  const asked = untilAsked(mesh);
  const forged = { messageID: asked, serviceID: mesh.serviceID, status: 500 };
  const refused = mesh.bench.take("two", { type: "serviceHealthResponse", ...forged });
  assertEquals(theOne(refused, "refuse").status, 404);
});

Deno.test("serviceHealthResponse: 404 of its agent says nothing of the instance", () => {
  const mesh = healthBench();
  for (let round = 0; round < 10; round += 1) {
    answer(mesh, untilAsked(mesh), { status: 404, reason: "no link" });
  }
  assertEquals(verdicts(mesh.bench), []);
});

Deno.test("serviceHealthRequest: without a promise silence counts once it has answered", () => {
  const bench = new ManagerBench({ health: HEALTH });
  bench.addAgent("one", { greeter: LONG });
  const gateway = bench.addGateway("one");
  const { instance: { serviceID } } = bench.connect("one", {
    serviceID: gateway,
    sourcePlug: 1,
    dest: "greeter",
  });
  const messageID = untilAsked({ bench, serviceID });
  bench.wait(600_000);
  assertEquals(verdicts(bench), []);
  answer({ bench, serviceID }, messageID);
  bench.wait(30_000);
  assertEquals(verdicts(bench).length, 1);
});

Deno.test("serviceHealthRequest: an agent that is away or silent hides its instances", () => {
  const mesh = healthBench();
  const { bench, serviceID } = mesh;
  untilAsked(mesh);
  bench.step({ kind: "linkClosed", link: "one", reason: "it broke" });
  bench.wait(20_000);
  const instances = [{
    serviceID,
    typeOfService: "greeter",
    plugConfiguration: bench.instance(serviceID).plugs,
    launched: true,
    started: true,
  }];
  bench.addAgent("one", { greeter: { ...LONG, health: HEALTH } }, { report: { instances } });
  // What was asked by the link before is not answered, and is not counted.
  const messageID = untilAsked(mesh);
  answer(mesh, messageID);
  untilAsked(mesh);
  bench.state.unanswered.set("one", 2);
  bench.wait(60_000);
  assertEquals(verdicts(bench), []);
  bench.state.unanswered.set("one", 0);
  bench.wait(11_000);
  assertEquals(verdicts(bench).length, 1);
});

Deno.test("serviceHealthRequest: a manager that stood still itself waits once more", () => {
  const mesh = healthBench();
  const { bench } = mesh;
  const messageID = untilAsked(mesh);
  bench.nowMs += 60_000;
  bench.step({ kind: "tick" });
  bench.nowMs += 4_000;
  assertEquals(verdicts(bench), []);
  assertEquals(ofKind(answer(mesh, messageID), "refuse"), []);
});

Deno.test("sourceConnectionClose: a source that gave an instance up has it asked", () => {
  const mesh = healthBench();
  const { bench, gateway, serviceID, connect } = mesh;
  answer(mesh, untilAsked(mesh));
  bench.wait(2_000);
  const { sourcePlug, destPlug } = bench.connectionOf(gateway, 1);
  const ends = { serviceID: gateway, sourcePlug, destPlug };
  const broken = {
    type: "sourceConnectionClose",
    ...ends,
    status: 122,
    reason: "3 in a row",
  } as const;
  const asked = theSent(bench.take("one", broken), "serviceHealthRequest");
  assertEquals(asked.serviceID, serviceID);
  // While a question is open there is no second one; neither is there for a close as any other.
  for (const status of [122, 111]) {
    const { sourcePlug, destPlug } = connect().connection;
    const close = { serviceID: gateway, sourcePlug, destPlug, status };
    const effects = bench.take("one", { type: "sourceConnectionClose", ...close });
    assertEquals(sent(effects, "serviceHealthRequest"), []);
    bench.wait(2_000);
    if (status === 122) answer(mesh, asked.messageID);
  }
});

Deno.test("connectionRequest: an instance that a source avoids is asked at once", () => {
  const mesh = healthBench();
  const { bench, gateway, serviceID } = mesh;
  answer(mesh, untilAsked(mesh));
  bench.wait(2_000);
  const avoiding = (sourcePlug: number, avoid: number[]) => {
    const ask = { messageID: bench.newMessageID(), serviceID: gateway, sourcePlug, avoid };
    const message = { type: "connectionRequest", ...ask, destServiceName: "greeter" } as const;
    return sent(bench.take("one", message), "serviceHealthRequest");
  };
  assertEquals(avoiding(8, [gateway, 999]), []);
  const [question] = avoiding(9, [serviceID]);
  assertEquals(question?.serviceID, serviceID);
  assertEquals(avoiding(9, [serviceID]), []);
});

Deno.test("serviceHealthRequest: always stuck is a crash loop in the end, never a hot one", () => {
  const quick = { intervalMs: 100, timeoutMs: 100, failures: 1 };
  const mesh = healthBench({ health: quick, graceMs: 500 });
  const { bench, gateway } = mesh;
  const startsAtMs: number[] = [];
  const obey = (effects: readonly ManagerEffect[]) => {
    for (const { serviceID } of sent(effects, "startServiceRequest")) {
      startsAtMs.push(bench.nowMs);
      obey(bench.confirmStart("one", serviceID));
    }
    for (const { messageID, serviceID } of sent(effects, "hardShutdownRequest")) {
      obey(bench.take("one", { type: "hardShutdownResponse", messageID, serviceID, status: 200 }));
    }
  };
  for (let seconds = 0; seconds < 120; seconds += 1) {
    obey(
      bench.ask("one", { serviceID: gateway, sourcePlug: 100 + seconds, dest: "greeter" }).effects,
    );
    for (let part = 0; part < 10; part += 1) obey(bench.wait(100));
  }
  assert(bench.history.some(({ kind }) => kind === "serviceCrashLooping"));
  // It recovers by itself as soon as it is well, so it goes on being tried.
  assert(startsAtMs.length > 6 && startsAtMs.length < 15, `starts: ${startsAtMs}`);
});

Deno.test("serviceHealthResponse: with nobody to take its place the one that answers stays", () => {
  const mesh = healthBench({ health: { ...HEALTH, path: "/", failures: 1 } });
  const { bench, serviceID } = mesh;
  const bad = { status: 503, reason: "GET / was answered with 500" };
  answer(mesh, untilAsked(mesh), bad);
  const { serviceID: next } = theSent(bench.wait(200), "startServiceRequest");
  bench.confirmStart("one", next, { status: 500, reason: "no database" });
  assertEquals(bench.instance(serviceID).leaving, "none");
  const fact = bench.history.findLast(({ kind }) => kind === "instanceLeaving");
  assert(fact?.kind === "instanceLeaving");
  assertMatch(fact.reason, /^Cannot replace it: no database/);
});

Deno.test("serviceHealthRequest: what was found is known after a restart of the manager", () => {
  const { bench, serviceID } = healthBench();
  untilAsked({ bench, serviceID });
  bench.wait(11_000);
  assertEquals(bench.state.registry.crashes.get("greeter")?.inRow, 1);
  bench.restart();
  assertEquals(bench.instance(serviceID).leaving, "unhealthy");
  assert(bench.state.replacements.get("greeter")?.has(serviceID));
});
