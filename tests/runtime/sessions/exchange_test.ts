import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { SESSION_LIMITS, SessionRefusedError } from "../../../runtime/sessions/session.ts";
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

function tooManyHeaders(): [string, string][] {
  return Array.from({ length: SESSION_LIMITS.headers + 1 }, (_, n) => [`x-${n}`, "1"]);
}
