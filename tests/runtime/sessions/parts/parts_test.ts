import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { partsOf, responseOf } from "../../../../runtime/sessions/parts/parts.ts";
import { SESSION_LIMITS, SessionBrokenError } from "../../../../runtime/sessions/session.ts";
import { request, startSession } from "../session_pair.ts";

const JSON_TYPE = { "content-type": "application/json" };

Deno.test("exchange() gives a small response that is text", async () => {
  await using running = await startSession(() => Response.json({ a: "\u00e9\u{1f600}" }));
  const response = await running.session.exchange(partsOf(request("/")));
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(await response.json(), { a: "\u00e9\u{1f600}" });
});

Deno.test("exchange() gives the response that it was told to make", async () => {
  await using running = await startSession(({ url }) => {
    return new Response(url.endsWith("/none") ? null : "text", { headers: { "x-a": "1" } });
  });
  for (const path of ["/", "/none"]) {
    const response = await running.session.exchange({
      ...partsOf(request(path)),
      respond: ({ headers, ...parts }) => {
        const kept = headers.filter(([name]) => name === "x-a");
        return responseOf({ ...parts, headers: [...kept, ["x-b", "2"]] });
      },
    });
    assertEquals(response.headers.get("x-a"), "1");
    assertEquals(response.headers.get("x-b"), "2");
    await response.body?.cancel();
  }
});

Deno.test("exchange() gives the very same bytes, whatever their type says", async () => {
  const { dataBytes } = SESSION_LIMITS;
  const bodies = [
    [0xff, 0xfe, 0x00],
    [0xef, 0xbb, 0xbf, 0x7b, 0x7d],
    [0xc3],
    [0xed, 0xa0, 0x80],
    [0, 1, 2],
    Array.from({ length: 4_097 }, (_, index) => index % 256),
    Array.from({ length: dataBytes }, (_, index) => index % 251),
    Array.from({ length: dataBytes + 1 }, (_, index) => index % 251),
  ].map((bytes) => Uint8Array.from(bytes));
  await using running = await startSession(({ url }) => {
    const { pathname, searchParams } = new URL(url);
    const headers = searchParams.has("json") ? JSON_TYPE : undefined;
    return new Response(bodies[Number(pathname.slice(1))], headers ? { headers } : {});
  });
  for (const [index, body] of bodies.entries()) {
    for (const query of ["", "?json"]) {
      const path = `/${index}${query}`;
      const response = await running.session.exchange(partsOf(request(path)));
      assertEquals(new Uint8Array(await response.arrayBuffer()), body, path);
    }
  }
  assertEquals([running.session.inFlight, running.server.inFlight], [0, 0]);
});

Deno.test("exchange() gives a response that is not there at once as a stream", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using running = await startSession(() => {
    return new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode("first "));
          await promise;
          controller.enqueue(new TextEncoder().encode("second"));
          controller.close();
        },
      }),
    );
  });
  const { body } = await running.session.exchange(partsOf(request("/")));
  assertInstanceOf(body, ReadableStream);
  resolve();
  assertEquals(await new Response(body).text(), "first second");
});

Deno.test("exchange() tells once when an exchange has ended, however it ended", async () => {
  const ended: string[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await using running = await startSession(async ({ url, signal }) => {
    if (url.endsWith("/whole")) return new Response("whole");
    if (url.endsWith("/empty")) return new Response(null, { status: 204 });
    if (url.endsWith("/stream")) return new Response(new ReadableStream());
    await released;
    return new Response(String(signal.aborted));
  });
  const { session } = running;
  const send = (path: string, signal?: AbortSignal) => {
    const parts = { method: "GET", url: `http://a.mesh${path}`, headers: [], body: null };
    return session.exchange({ ...parts, signal }, () => ended.push(path));
  };
  await send("/whole");
  await send("/empty");
  assertEquals(ended, ["/whole", "/empty"]);
  const { body } = await send("/stream");
  assertEquals(ended.length, 2);
  assertInstanceOf(body, ReadableStream);
  await body.cancel();
  assertEquals(ended, ["/whole", "/empty", "/stream"]);
  const controller = new AbortController();
  const waiting = send("/waits", controller.signal);
  controller.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await assertRejects(() => send("/late", controller.signal), Error, "enough");
  assertEquals(ended.slice(3), ["/waits", "/late"]);
  const broken = send("/broken");
  release();
  session.abort("the end");
  await assertRejects(() => broken, SessionBrokenError);
  assertEquals(ended.slice(5), ["/broken"]);
});

Deno.test("responseOf() keeps status and headers, repeated ones too", async () => {
  const headers: [string, string][] = [["set-cookie", "a=1"], ["set-cookie", "b=2"]];
  const response = responseOf({ status: 404, headers, body: "none" });
  assertEquals(response.headers.getSetCookie(), ["a=1", "b=2"]);
  assertEquals([response.status, await response.text()], [404, "none"]);
  const plain = responseOf({ status: 201, headers: [["content-type", "a/b"]], body: "x" });
  assertEquals([plain.status, plain.headers.get("content-type")], [201, "a/b"]);
});
