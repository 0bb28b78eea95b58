import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  SESSION_LIMITS,
  SessionBrokenError,
  SessionRefusedError,
} from "../../../runtime/sessions/session.ts";
import { bytesOf, request, startSession } from "./session_pair.ts";

/** A promise and what settles it. */
const deferred = <T>() => Promise.withResolvers<T>();

Deno.test("fetch() gives each of 200 parallel requests its own answer", async () => {
  await using running = await startSession(async (request) => {
    const body = await request.text();
    // Answers leave in another order than the requests came.
    if (body.length % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    return new Response(`${new URL(request.url).pathname} ${body}`);
  });
  const answers = await Promise.all(Array.from({ length: 200 }, async (_, n) => {
    const body = "x".repeat(n);
    const response = await running.session.fetch(request(`/${n}`, { method: "POST", body }));
    return response.text();
  }));
  assertEquals(answers, Array.from({ length: 200 }, (_, n) => `/${n} ${"x".repeat(n)}`));
  assertEquals(running.session.inFlight, 0);
  assertEquals(running.session.bufferedBytes, 0);
  assertEquals(running.failures, []);
});

Deno.test("fetch() carries method, URL, headers and the hello to the handler", async () => {
  await using running = await startSession((request, hello) => {
    return Response.json({
      method: request.method,
      url: request.url,
      header: request.headers.get("x-name"),
      body: request.body === null,
      hello,
    });
  });
  const url = "http://elsewhere:81/a%20b/?q=1&q=%00";
  const headers = { "x-name": "Zo\u00eb" };
  const response = await running.session.fetch(new Request(url, { method: "DELETE", headers }));
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(await response.json(), {
    method: "DELETE",
    url,
    header: "Zo\u00eb",
    body: true,
    hello: running.session.hello,
  });
});

Deno.test("fetch() keeps every one of several set-cookie headers", async () => {
  await using running = await startSession(() => {
    const headers = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2; Path=/"]]);
    return new Response("", { headers });
  });
  const response = await running.session.fetch(request("/"));
  assertEquals(response.headers.getSetCookie(), ["a=1", "b=2; Path=/"]);
  await response.body?.cancel();
});

Deno.test("fetch() delivers HEAD, 204, 205, 304 and errors as they are", async () => {
  await using running = await startSession((request) => {
    const status = Number(new URL(request.url).pathname.slice(1));
    const body = [204, 205, 304].includes(status) ? null : "text";
    return new Response(body, { status, headers: { etag: `"${status}"` } });
  });
  for (const status of [204, 205, 304]) {
    const response = await running.session.fetch(request(`/${status}`));
    assertEquals([response.status, response.body], [status, null]);
    assertEquals(response.headers.get("etag"), `"${status}"`);
  }
  const head = await running.session.fetch(request("/200", { method: "HEAD" }));
  assertEquals([head.status, head.body], [200, null]);
  const missing = await running.session.fetch(request("/404"));
  assertEquals([missing.status, await missing.text()], [404, "text"]);
  assertEquals(running.session.inFlight, 0);
});

Deno.test("fetch() streams in both directions at once", async () => {
  await using running = await startSession((request) => new Response(request.body));
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const response = await running.session.fetch(request("/", { method: "POST", body: readable }));
  const writer = writable.getWriter();
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (const word of ["one", "two", "three"]) {
    // The next word is written only when the one before it has come back.
    const [, { value } = {}] = await Promise.all([
      writer.write(bytesOf(word)),
      reader?.read(),
    ]);
    assertEquals(value, word);
    assertEquals([running.session.inFlight, running.server.inFlight], [1, 1]);
  }
  await writer.close();
  assertEquals((await reader?.read())?.done, true);
  assertEquals([running.session.inFlight, running.server.inFlight], [0, 0]);
});

Deno.test("fetch() answers 500 without the stack when the handler throws", async () => {
  const broken = new Error("the secret of line 12");
  await using running = await startSession((request) => {
    if (request.url.endsWith("/throws")) throw broken;
    return Promise.reject(broken);
  });
  for (const path of ["/throws", "/rejects"]) {
    const response = await running.session.fetch(request(path));
    assertEquals(response.status, 500);
    assertEquals(await response.text(), "The service failed to answer this request.");
  }
  assertEquals(running.failures, [broken, broken]);
});

Deno.test("fetch() answers 500 when the handler returns what cannot be sent", async () => {
  const used = new Response("used");
  await used.text();
  const answers = [used, Response.error(), new Response(null, { headers: tooManyHeaders() })];
  await using running = await startSession(() => answers.shift() ?? new Response());
  for (let left = answers.length; left > 0; left--) {
    const response = await running.session.fetch(request("/"));
    assertEquals(response.status, 500);
    await response.body?.cancel();
  }
  assertEquals(running.failures.length, 3);
});

Deno.test("fetch() answers 431 to headers over the limits, and the session goes on", async () => {
  await using running = await startSession(() => new Response("fine"));
  const large = { "x-large": "x".repeat(SESSION_LIMITS.headBytes) };
  for (const headers of [large, tooManyHeaders()]) {
    const response = await running.session.fetch(request("/", { headers }));
    assertEquals(response.status, 431);
    await response.body?.cancel();
  }
  assertEquals(await (await running.session.fetch(request("/"))).text(), "fine");
});

Deno.test("fetch() answers 501 to a WebSocket", async () => {
  await using running = await startSession(() => new Response("fine"));
  const headers = { connection: "Upgrade", upgrade: "websocket" };
  const response = await running.session.fetch(request("/", { headers }));
  assertEquals(response.status, 501);
  await response.body?.cancel();
});

Deno.test("fetch() refuses a request whose body has been used", async () => {
  await using running = await startSession(() => new Response());
  const used = request("/", { method: "POST", body: "text" });
  await used.text();
  await assertRejects(() => running.session.fetch(used), TypeError);
});

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

Deno.test("a request whose source fails rejects with its error and breaks the handler", async () => {
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
  assertEquals(await assertRejects(() => answer), broken);
  assertInstanceOf(await seen.promise, DOMException);
  assertEquals(running.failures, []);
});

Deno.test("fetch() refuses one exchange more than the limit, safe to send elsewhere", async () => {
  const release = deferred<void>();
  await using running = await startSession(async () => {
    await release.promise;
    return new Response();
  });
  const { session } = running;
  const answers = Array.from({ length: SESSION_LIMITS.exchanges }, () => {
    return session.fetch(request("/"));
  });
  assertEquals(session.inFlight, SESSION_LIMITS.exchanges);
  await assertRejects(() => session.fetch(request("/")), SessionRefusedError, "in flight");
  release.resolve();
  const responses = await Promise.all(answers);
  assert(responses.every(({ status }) => status === 200));
  assertEquals(session.inFlight, 0);
});

Deno.test("fetch() refuses what would wait behind too many large heads", async () => {
  await using running = await startSession(() => new Response("fine"));
  const headers = { "x-large": "x".repeat(SESSION_LIMITS.headBytes - 1_000) };
  const heads = SESSION_LIMITS.queuedBytes / SESSION_LIMITS.headBytes;
  const answers = await Promise.allSettled(Array.from({ length: heads }, async () => {
    return await (await running.session.fetch(request("/", { headers }))).text();
  }));
  const refused = answers.filter((answer) => answer.status === "rejected");
  assert(refused.length > 0 && refused.length < heads);
  for (const { reason } of refused) assertInstanceOf(reason, SessionRefusedError);
  assertEquals(await (await running.session.fetch(request("/", { headers }))).text(), "fine");
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

function tooManyHeaders(): [string, string][] {
  return Array.from({ length: SESSION_LIMITS.headers + 1 }, (_, n) => [`x-${n}`, "1"]);
}
