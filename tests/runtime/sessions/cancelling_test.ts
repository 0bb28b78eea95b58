import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { RequestBodyError } from "../../../runtime/sessions/bodies/request_body_error.ts";
import {
  SESSION_LIMITS,
  SessionBrokenError,
  SessionRefusedError,
} from "../../../runtime/sessions/session.ts";
import { request, startSession } from "./session_pair.ts";

/** A promise and what settles it. */
const deferred = <T>() => Promise.withResolvers<T>();

Deno.test("fetch() with an aborted signal sends nothing", async () => {
  await using running = await startSession(() => new Response());
  const reason = new Error("changed my mind");
  const signal = AbortSignal.abort(reason);
  const error = await assertRejects(() => running.session.fetch(request("/", { signal })));
  assertEquals(error, reason);
  assertEquals(running.session.inFlight, 0);
});

Deno.test("request.signal cancels a handler that has not answered", async () => {
  const started = deferred<void>();
  const aborted = deferred<unknown>();
  await using running = await startSession((request) => {
    request.signal.addEventListener("abort", () => aborted.resolve(request.signal.reason));
    started.resolve();
    return new Promise<never>(() => {});
  });
  const controller = new AbortController();
  const { signal } = controller;
  const answer = running.session.fetch(request("/", { signal }));
  await started.promise;
  const reason = new Error("no longer wanted");
  controller.abort(reason);
  assertEquals(await assertRejects(() => answer), reason);
  assertInstanceOf(await aborted.promise, DOMException);
  assertEquals([running.session.inFlight, running.server.inFlight], [0, 0]);
  assertEquals(running.failures, []);
});

Deno.test("request.signal breaks the body of a response that is being read", async () => {
  const aborted = deferred<void>();
  await using running = await startSession((request) => {
    request.signal.addEventListener("abort", () => aborted.resolve());
    const endless = new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1_000)) });
    return new Response(endless);
  });
  const controller = new AbortController();
  const response = await running.session.fetch(request("/", { signal: controller.signal }));
  const reader = response.body?.getReader();
  await reader?.read();
  const reason = new Error("enough");
  controller.abort(reason);
  assertEquals(await assertRejects(async () => await reader?.read()), reason);
  await aborted.promise;
  assertEquals(running.session.inFlight, 0);
});

Deno.test("a cancelled body of a response cancels its source and aborts the handler", async () => {
  const aborted = deferred<void>();
  const cancelled = deferred<void>();
  await using running = await startSession((request) => {
    request.signal.addEventListener("abort", () => aborted.resolve());
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
      cancel: () => cancelled.resolve(),
    });
    return new Response(endless);
  });
  const response = await running.session.fetch(request("/"));
  await response.body?.cancel();
  await aborted.promise;
  await cancelled.promise;
  assertEquals([running.session.inFlight, running.server.inFlight], [0, 0]);
  assertEquals(running.server.bufferedBytes, 0);
});

Deno.test("a handler that answers without reading stops the upload", async () => {
  const stopped = deferred<void>();
  await using running = await startSession(() => new Response("enough"));
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
    cancel: () => stopped.resolve(),
  });
  const response = await running.session.fetch(request("/", { method: "POST", body }));
  assertEquals(await response.text(), "enough");
  await stopped.promise;
  assertEquals([running.session.inFlight, running.server.inFlight], [0, 0]);
});

Deno.test("a handler that cancels the body of its request can still answer", async () => {
  const stopped = deferred<void>();
  await using running = await startSession(async (request) => {
    await request.body?.cancel();
    await stopped.promise;
    return new Response("still here");
  });
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
    cancel: () => stopped.resolve(),
  });
  const response = await running.session.fetch(request("/", { method: "POST", body }));
  assertEquals(await response.text(), "still here");
});

Deno.test("a response whose source fails breaks the reader, not the session", async () => {
  const broken = new Error("disk full");
  await using running = await startSession((request) => {
    if (request.url.endsWith("/fine")) return new Response("fine");
    let pieces = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (pieces++ === 3) controller.error(broken);
        else controller.enqueue(new Uint8Array(10));
      },
    });
    return new Response(body);
  });
  const response = await running.session.fetch(request("/"));
  assertEquals(response.status, 200);
  await assertRejects(() => response.bytes(), SessionBrokenError);
  assertEquals(running.failures, [broken]);
  assertEquals(await (await running.session.fetch(request("/fine"))).text(), "fine");
});

Deno.test("a request whose source fails rejects, and breaks the handler", async () => {
  const seen = deferred<unknown>();
  await using running = await startSession(async (request) => {
    try {
      return new Response(await request.text());
    } catch (error) {
      seen.resolve(error);
      throw error;
    }
  });
  const broken = new Error("file vanished");
  let pieces = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (pieces++ === 3) controller.error(broken);
      else controller.enqueue(new Uint8Array(10));
    },
  });
  const answer = running.session.fetch(request("/", { method: "POST", body }));
  const error = await assertRejects(() => answer, RequestBodyError, "file vanished");
  assertEquals(error.cause, broken);
  assertInstanceOf(await seen.promise, DOMException);
  assertEquals(running.failures, []);
});

Deno.test("a handler that ignores its cancelled signal keeps its place", async () => {
  const release = deferred<void>();
  await using running = await startSession(async () => {
    await release.promise;
    return new Response("late");
  });
  const { session } = running;
  const controller = new AbortController();
  const { signal } = controller;
  const cancelled = Array.from({ length: SESSION_LIMITS.exchanges }, async () => {
    await assertRejects(() => session.fetch(request("/", { signal })));
  });
  controller.abort();
  await Promise.all(cancelled);
  const error = await assertRejects(() => session.fetch(request("/")), SessionRefusedError);
  assertEquals(error.reason, `${SESSION_LIMITS.exchanges} requests are being handled`);
  release.resolve();
});
