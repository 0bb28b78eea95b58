import { assert, assertEquals } from "@std/assert";
import {
  isIdempotent,
  RETRY_LIMITS,
  RetryBudgets,
  retryWaitMs,
} from "../../../runtime/source/retries.ts";
import { type Instance, SourceMesh } from "./source_mesh.ts";

Deno.test("isIdempotent() knows the methods that may be handled twice, as they are spelled", () => {
  const may = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"];
  assert(may.every(isIdempotent));
  assert(!["POST", "PATCH", "get", "SMMP-WEBSOCKET", "FOO"].some(isIdempotent));
});

Deno.test("RetryBudgets gives a least number at once, and so many more each second", () => {
  const budgets = new RetryBudgets();
  const taken = (nowMs: number) => {
    let count = 0;
    while (budgets.take("counter", nowMs)) count += 1;
    return count;
  };
  assertEquals(taken(0), RETRY_LIMITS.least);
  assertEquals(taken(0), 0);
  assertEquals(taken(1_000), RETRY_LIMITS.leastPerSecond);
  assertEquals(taken(1_000_000), RETRY_LIMITS.least);
  assert(budgets.take("storage", 0), "each service has its own");
});

Deno.test("RetryBudgets adds a share of the requests, up to a bound", () => {
  const budgets = new RetryBudgets();
  for (let at = 0; at < 500; at += 1) budgets.note("counter");
  let count = 0;
  while (budgets.take("counter", 0)) count += 1;
  assertEquals(count, RETRY_LIMITS.least + 500 / RETRY_LIMITS.requests);
  for (let at = 0; at < 1_000_000; at += 1) budgets.note("counter");
  for (count = 0; budgets.take("counter", 0);) count += 1;
  assertEquals(count, RETRY_LIMITS.most);
});

Deno.test("retryWaitMs() grows and is never longer than it says", () => {
  for (const attempt of [0, 1]) {
    const waits = Array.from({ length: 100 }, () => retryWaitMs(attempt));
    const mostMs = RETRY_LIMITS.waitMs * 4 ** attempt;
    assert(waits.every((waitMs) => waitMs >= 0 && waitMs < mostMs));
    assert(new Set(waits).size > 1);
  }
});

/** Two instances: the first one dies with the first request, after it has read its body. */
function oneThatDies(mesh: SourceMesh): { bodies: string[]; died: () => number } {
  const bodies: string[] = [];
  let deaths = 0;
  const first: Instance = mesh.start(async (request) => {
    await request.text();
    deaths += 1;
    await mesh.kill(first);
    return new Response("too late");
  });
  mesh.start(async (request) => {
    bodies.push(await request.text());
    return new Response(`${request.method} again`);
  });
  return { bodies, died: () => deaths };
}

for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]) {
  Deno.test(`SourceSessions.exchange() sends ${method} again when its session breaks`, async () => {
    await using mesh = new SourceMesh();
    const { bodies, died } = oneThatDies(mesh);
    const hasBody = method === "PUT" || method === "DELETE";
    const response = await mesh.fetch("/", { method, ...(hasBody ? { body: "whole" } : {}) });
    assertEquals(await response.text(), method === "HEAD" ? "" : `${method} again`);
    assertEquals([response.status, died(), ...bodies], [200, 1, hasBody ? "whole" : ""]);
  });
}

for (const method of ["POST", "PATCH"]) {
  Deno.test(`SourceSessions.exchange() never sends ${method} twice (502)`, async () => {
    await using mesh = new SourceMesh();
    const { bodies, died } = oneThatDies(mesh);
    const response = await mesh.fetch("/", { method, body: "once" });
    assertEquals([response.status, died(), bodies.length], [502, 1, 0]);
    await response.body?.cancel();
  });
}

Deno.test("SourceSessions.exchange() does not send a large body again (502)", async () => {
  await using mesh = new SourceMesh();
  const { bodies } = oneThatDies(mesh);
  const body = new Uint8Array(RETRY_LIMITS.bodyBytes + 1);
  const response = await mesh.fetch("/", { method: "PUT", body });
  assertEquals([response.status, bodies.length], [502, 0]);
  await response.body?.cancel();
});

Deno.test("SourceSessions.exchange() goes on with a body that is still arriving", async () => {
  await using mesh = new SourceMesh();
  const bodies: string[] = [];
  const { promise: died, resolve: die } = Promise.withResolvers<void>();
  const first: Instance = mesh.start(async (request) => {
    const reader = request.body?.getReader();
    await reader?.read();
    await mesh.kill(first);
    die();
    return new Response(null);
  });
  mesh.start(async (request) => {
    bodies.push(await request.text());
    return new Response("again");
  });
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async start(controller) {
      controller.enqueue(encoder.encode("first, "));
      await died;
      controller.enqueue(encoder.encode("second"));
      controller.close();
    },
  });
  const response = await mesh.fetch("/", { method: "PUT", body });
  assertEquals([await response.text(), ...bodies], ["again", "first, second"]);
});

Deno.test("SourceSessions.exchange() gives up after some attempts (502)", async () => {
  await using mesh = new SourceMesh();
  let handled = 0;
  const restart = () => {
    const instance: Instance = mesh.start(async () => {
      handled += 1;
      restart();
      await mesh.kill(instance);
      return new Response("too late");
    });
  };
  restart();
  const response = await mesh.fetch("/");
  assertEquals([response.status, handled], [502, 1 + RETRY_LIMITS.attempts]);
  const problem = await response.json();
  assertEquals(problem.service, "counter");
});

Deno.test("SourceSessions.exchange() breaks an answer that has begun, for good", async () => {
  await using mesh = new SourceMesh();
  let asked = 0;
  const first: Instance = mesh.start(() => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(9)),
    });
    return new Response(body);
  });
  mesh.start(() => {
    asked += 1;
    return new Response("other");
  });
  const response = await mesh.fetch("/");
  const reader = response.body?.getReader();
  assertEquals((await reader?.read())?.value?.length, 9);
  await mesh.kill(first);
  const rest = await reader?.read().then(() => "whole", () => "broken");
  assertEquals([rest, asked], ["broken", 0]);
});
