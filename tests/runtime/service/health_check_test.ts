import { assertEquals } from "@std/assert";
import { askProgram } from "../../../runtime/command/health.ts";
import type { FetchHandler } from "../../../runtime/service/handler.ts";
import { askHandler } from "../../../runtime/service/health_check.ts";

const QUESTION = { path: "/health?deep=1", timeoutMs: 200, service: "shop" };
const never = new Promise<Response>(() => {});

/** Keeps the event loop from doing anything else. */
function block(durationMs: number): void {
  const untilMs = performance.now() + durationMs;
  while (performance.now() < untilMs);
}

Deno.test("askHandler() asks by GET, and takes 2xx and 3xx for well", async () => {
  const asked: string[] = [];
  for (const status of [200, 204, 302]) {
    const handler: FetchHandler = ({ method, url, headers }) => {
      asked.push(`${method} ${url} ${headers.get("user-agent")}`);
      return new Response(status === 204 ? null : "well", { status });
    };
    assertEquals(await askHandler(handler, QUESTION), undefined);
  }
  assertEquals(asked[0], "GET http://shop.mesh/health?deep=1 smmp-health");
});

Deno.test("askHandler() tells what is wrong: a status, an error, no answer in time", async () => {
  const bad: FetchHandler = () => new Response("no database", { status: 500 });
  assertEquals(await askHandler(bad, QUESTION), {
    status: 503,
    reason: "GET /health?deep=1 was answered with 500",
  });
  const throwing: FetchHandler = () => {
    throw new Error("no database");
  };
  assertEquals(await askHandler(throwing, QUESTION), {
    status: 503,
    reason: "GET /health?deep=1 threw no database",
  });
  let signal: AbortSignal | undefined;
  const hanging: FetchHandler = (request) => {
    signal = request.signal;
    return never;
  };
  assertEquals(await askHandler(hanging, QUESTION), {
    status: 504,
    reason: "GET /health?deep=1 got no answer within 0.2 s",
  });
  assertEquals(signal?.aborted, true);
});

Deno.test("askHandler() takes an event loop that was blocked for no hanging handler", async () => {
  const handler: FetchHandler = () =>
    new Promise((resolve) => setTimeout(() => resolve(new Response("well")), 20));
  const answer = askHandler(handler, QUESTION);
  block(500);
  assertEquals(await answer, undefined);
});

Deno.test("askProgram() takes a program that answers others meanwhile for busy", async () => {
  const client = { answers: 0, connect: () => Promise.reject(new Error("refused")) };
  const program = { service: "shop", client, handler: () => never, ready: "/ready" };
  assertEquals((await askProgram(program, { timeoutMs: 100 }))?.status, 504);
  const question = askProgram(program, { path: "/health", timeoutMs: 100 });
  client.answers += 1;
  assertEquals(await question, undefined);
});

Deno.test("askProgram() without any path asks whether its port accepts", async () => {
  const client = { answers: 0, connect: () => Promise.reject(new Error("refused")) };
  const program = { service: "shop", client, handler: () => never, ready: undefined };
  const refused = await askProgram(program, { timeoutMs: 100 });
  assertEquals(refused, { status: 503, reason: "its port does not accept: refused" });
  const silent = { ...client, connect: () => new Promise<never>(() => {}) };
  const late = await askProgram({ ...program, client: silent }, { timeoutMs: 50 });
  assertEquals(late, { status: 504, reason: "its port does not accept within 0.05 s" });
});
