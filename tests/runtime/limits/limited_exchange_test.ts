import { assert, assertEquals, assertRejects } from "@std/assert";
import type { RouteLimits } from "../../../protocol/route_limits.ts";
import { DeadlineTimer } from "../../../runtime/limits/deadline_timer.ts";
import { DeadlineError } from "../../../runtime/limits/exchange_watch.ts";
import { limitedExchange } from "../../../runtime/limits/limited_exchange.ts";
import type { RequestParts } from "../../../runtime/sessions/session.ts";
import { type Instance, SourceMesh } from "../source/source_mesh.ts";

/** Longer than any test takes. */
const NEVER_MS = 600_000;

function get(parts: Partial<RequestParts> = {}): RequestParts {
  return { method: "GET", url: "http://counter.mesh/", headers: [], body: null, ...parts };
}

/** Sends requests to a service within limits. */
function limited(mesh: SourceMesh, limits: RouteLimits) {
  const exchange = limitedExchange((service, request, terms) =>
    mesh.sessions.exchange(service, request, terms)
  );
  return (parts: Partial<RequestParts> = {}) => exchange("counter", get(parts), limits);
}

/** A body of pieces that come one after the other, a moment apart. */
function slowBody(pieces: number, pauseMs: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = pieces;
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      controller.enqueue(new Uint8Array(10));
      left -= 1;
      if (left === 0) controller.close();
    },
  }, { highWaterMark: 0 });
}

async function problem(response: Response): Promise<[status: number, detail: string]> {
  const { detail } = await response.json();
  return [response.status, detail];
}

const CASES: readonly [string, RouteLimits][] = [
  ["firstByte", { firstByteMs: 30, totalMs: NEVER_MS }],
  ["idle", { idleMs: 40, totalMs: NEVER_MS }],
  ["total", { totalMs: 50, firstByteMs: NEVER_MS }],
];

for (const [name, limits] of CASES) {
  Deno.test(`limitedExchange() answers 504 when ${name} passes, and cancels the work`, async () => {
    await using mesh = new SourceMesh();
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    mesh.start((request) => {
      request.signal.addEventListener("abort", () => resolve());
      return new Promise<never>(() => {});
    });
    const [status, detail] = await problem(await limited(mesh, limits)());
    assertEquals(status, 504);
    assert(detail.includes(`(deadline ${name})`), detail);
    await aborted;
  });
}

Deno.test("limitedExchange() answers 504 when no connection is there in time", async () => {
  await using mesh = new SourceMesh({ source: { retryMs: NEVER_MS } });
  const nobody = mesh.start(() => new Response());
  nobody.server.abort("nobody listens");
  const [status] = await problem(await limited(mesh, { connectMs: 50 })());
  assertEquals(status, 504);
  const [total, detail] = await problem(await limited(mesh, { totalMs: 50 })());
  assertEquals(total, 504);
  assert(detail.includes("(deadline total)"), detail);
});

for (const [name, limits] of [["idle", { idleMs: 50 }], ["total", { totalMs: 50 }]] as const) {
  Deno.test(`limitedExchange() breaks an answer that has begun when ${name} passes`, async () => {
    await using mesh = new SourceMesh();
    mesh.start(() => {
      const start = (controller: ReadableStreamDefaultController<Uint8Array>) =>
        controller.enqueue(new Uint8Array(10));
      return new Response(new ReadableStream({ start }));
    });
    const response = await limited(mesh, limits)();
    assertEquals(response.status, 200);
    const error = await assertRejects(() => response.bytes(), DeadlineError);
    assertEquals(error.deadline, name);
  });
}

Deno.test("limitedExchange() lets bytes in either direction keep an exchange alive", async () => {
  await using mesh = new SourceMesh();
  mesh.start(async (request) => {
    const received = (await request.bytes()).length;
    const body = slowBody(12, 20);
    return new Response(body, { headers: { received: String(received) } });
  });
  const send = limited(mesh, { idleMs: 200, totalMs: NEVER_MS });
  const response = await send({ method: "POST", body: slowBody(12, 20) });
  assertEquals([response.headers.get("received"), (await response.bytes()).length], ["120", 120]);
});

Deno.test("limitedExchange() leaves what is in time alone, and no timer behind", async () => {
  await using mesh = new SourceMesh();
  mesh.start(() => new Response("fine"));
  const send = limited(mesh, { firstByteMs: NEVER_MS, idleMs: NEVER_MS, totalMs: NEVER_MS });
  assertEquals(await (await send()).text(), "fine");
  const controller = new AbortController();
  const cancelled = send({ signal: controller.signal });
  controller.abort(new Error("gone"));
  await assertRejects(() => cancelled, Error, "gone");
});

Deno.test("DeadlineTimer calls what is due, in order, and nothing that was cleared", async () => {
  const timer = new DeadlineTimer();
  const called: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const expiring = (name: string, then = () => {}) => ({
    due: () => {
      called.push(name);
      then();
    },
  });
  const nowMs = performance.now();
  const [late, soon, cleared] = [expiring("late", resolve), expiring("soon"), expiring("cleared")];
  timer.set(late, nowMs + 30);
  timer.set(cleared, nowMs + 10);
  timer.set(soon, nowMs + 600_000);
  timer.set(soon, nowMs + 5);
  timer.clear(cleared);
  await promise;
  assertEquals([called, timer.size], [["soon", "late"], 0]);
});

Deno.test("limitedExchange() sends nothing twice where a route says so (502)", async () => {
  await using mesh = new SourceMesh();
  let count = 0;
  const first: Instance = mesh.start(async () => {
    count += 1;
    await mesh.kill(first);
    return new Response("too late");
  });
  mesh.start(() => {
    count += 1;
    return new Response("again");
  });
  const [status] = await problem(await limited(mesh, { retry: false })());
  assertEquals([status, count], [502, 1]);
});
