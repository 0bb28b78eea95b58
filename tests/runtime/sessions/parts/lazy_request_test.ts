import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  type ArrivedBody,
  type ArrivedRequest,
  postponeLazyRequests,
  requestOf,
} from "../../../../runtime/sessions/parts/lazy_request.ts";

const URL_TEXT = "http://a.mesh/b?c=d";

function arrived(parts: Partial<ArrivedRequest> = {}): ArrivedRequest {
  const headers: [string, string][] = [["x-a", "1"], ["x-a", "2"], ["cookie", "c=d"]];
  const { signal } = new AbortController();
  return { method: "GET", url: URL_TEXT, headers, body: null, signal, ...parts };
}

function bodyOf(text: string): ArrivedBody {
  const response = new Response(text);
  return {
    get stream() {
      return response.body ?? new ReadableStream();
    },
    whole: () => response.bytes(),
  };
}

Deno.test("requestOf() makes what is a Request in all that can be seen", async () => {
  const request = requestOf(arrived({ method: "POST", body: bodyOf("text") }));
  assertInstanceOf(request, Request);
  assertEquals(Object.prototype.toString.call(request), "[object Request]");
  assertEquals([request.method, request.url, request.bodyUsed], ["POST", URL_TEXT, false]);
  assertEquals([...request.headers], [["cookie", "c=d"], ["x-a", "1, 2"]]);
  assertEquals(request.headers, request.headers);
  assertEquals(await request.text(), "text");
  assertEquals(request.bodyUsed, true);
  const real = new Request(URL_TEXT);
  const lazy = requestOf(arrived());
  for (const name of ["redirect", "credentials", "mode", "cache", "integrity", "body"] as const) {
    assertEquals(lazy[name], real[name], name);
  }
  assertEquals("arrayBuffer" in lazy, true);
});

Deno.test("requestOf() makes what the platform takes for a request", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const request = requestOf(arrived({ method: "POST", body: bodyOf("text"), signal }));
  const clone = request.clone();
  const copy = new Request(request);
  assertEquals([copy.method, copy.url, copy.headers.get("x-a")], ["POST", URL_TEXT, "1, 2"]);
  assertEquals([await copy.text(), await clone.text()], ["text", "text"]);
  assertEquals(request.bodyUsed, true);
  const derived = new Request("http://b.mesh/", requestOf(arrived({ signal })));
  assertEquals([derived.url, derived.headers.get("cookie")], ["http://b.mesh/", "c=d"]);
  controller.abort(new Error("enough"));
  for (const one of [request, copy, derived]) assertEquals(one.signal.aborted, true);
});

Deno.test("requestOf() keeps what a handler changes in the headers", () => {
  const request = requestOf(arrived());
  request.headers.set("x-b", "3");
  assertEquals(new Request(request).headers.get("x-b"), "3");
  assertEquals(request.headers.get("x-b"), "3");
});

Deno.test("requestOf() works behind a proxy of the request, as handlers make them", () => {
  const request = requestOf(arrived());
  const proxy = new Proxy(request, {});
  assertEquals([proxy.method, proxy.url, proxy.headers.get("x-a")], ["GET", URL_TEXT, "1, 2"]);
  assertEquals(proxy.signal.aborted, false);
});

Deno.test("requestOf() normalizes a URL, and refuses what is no request", () => {
  assertEquals(requestOf(arrived({ url: "http://A.mesh/b/../c d" })).url, "http://a.mesh/c%20d");
  const wrong: Partial<ArrivedRequest>[] = [
    { method: "CONNECT" },
    { method: "a b" },
    { url: "ftp://a.mesh/" },
    { url: "/relative" },
    { headers: [["a b", "c"]] },
    { headers: [["a", "b\n"], ["c", "\u0100"]] },
    { method: "GET", body: bodyOf("text") },
  ];
  for (const parts of wrong) assertThrows(() => requestOf(arrived(parts)), TypeError);
  assert(requestOf(arrived({ method: "DELETE", body: bodyOf("text") })).body !== null);
});

Deno.test("requestOf() gives a whole body once, however it is asked for", async () => {
  const made = () => requestOf(arrived({ method: "POST", body: bodyOf('\ufeff{"a":1}') }));
  const bytes = new TextEncoder().encode('\ufeff{"a":1}');
  assertEquals(await made().text(), '{"a":1}');
  assertEquals(await made().json(), { a: 1 });
  assertEquals(await made().bytes(), bytes);
  assertEquals(new Uint8Array(await made().arrayBuffer()), bytes);
  assertEquals(await (await made().blob()).text(), '{"a":1}');
  await assertRejects(() => requestOf(arrived({ method: "POST" })).json(), SyntaxError);
  const used = made();
  await used.text();
  assertEquals(used.bodyUsed, true);
  for (const take of [() => used.text(), () => used.json(), () => used.bytes()]) {
    await assertRejects(take, TypeError);
  }
  assertThrows(() => used.clone(), TypeError);
  assertThrows(() => new Request(used), TypeError);
  assertEquals(used.body?.locked, true);
});

Deno.test("requestOf() takes a body whole of a request that is real by now", async () => {
  const request = requestOf(arrived({ method: "POST", body: bodyOf("text") }));
  assertEquals([request.signal.aborted, request.bodyUsed], [false, false]);
  assertEquals(await request.text(), "text");
  assertEquals(request.bodyUsed, true);
});

Deno.test("postponeLazyRequests() makes real requests until they are tried", async () => {
  const slotsOf = () => Object.getOwnPropertySymbols(requestOf(arrived())).map(String);
  const before = slotsOf();
  const tryThem = postponeLazyRequests();
  const real = Object.getOwnPropertySymbols(new Request(URL_TEXT)).map(String);
  assertEquals(slotsOf(), real);
  const request = requestOf(arrived({ method: "POST", body: bodyOf("text") }));
  assertEquals(await request.text(), "text");
  tryThem();
  assertEquals(slotsOf(), before);
});
