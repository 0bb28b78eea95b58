import { assert, assertEquals } from "@std/assert";
import type { FactBody } from "../../../roles/manager/memory/facts.ts";
import { createAdminApp } from "../../../runtime/admin/admin_app.ts";
import { EVENT_STREAMS_MAX } from "../../../runtime/admin/admin_operations.ts";
import { EVENT_QUEUE_MAX } from "../../../runtime/admin/event_stream.ts";
import { ask, createFakeBackend, TOKEN } from "./fake_backend.ts";

const LOST: FactBody = { kind: "agentLost", agent: "ghost", reason: "two\nlines" };

function setUp(options: { signal?: AbortSignal; heartbeatMs?: number } = {}) {
  const backend = createFakeBackend();
  return { backend, app: createAdminApp(backend, { token: TOKEN, ...options }) };
}

/** Reads a stream until it has given a text, and gives everything up to then. */
async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  end: (text: string) => boolean,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  while (!end(text)) {
    const { done, value } = await reader.read();
    if (done) return `${text}(end)`;
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  assert(response.body !== null);
  return response.body.getReader();
}

function idsOf(text: string): number[] {
  return [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
}

Deno.test("GET /v1/events sends what happens from now on, one line for each", async () => {
  const { app, backend } = setUp();
  const reader = readerOf(await ask(app, "/v1/events"));
  assertEquals(await readUntil(reader, (text) => text.includes("\n\n")), "retry: 1000\n\n");
  const next = readUntil(reader, (text) => idsOf(text).length === 2 && text.endsWith("\n\n"));
  await Promise.resolve();
  backend.record(LOST, LOST);
  const text = await next;
  assertEquals(idsOf(text), [20, 21]);
  const data = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "");
  assertEquals(data.seq, 20);
  assertEquals(data.text, "agent ghost is lost: two\nlines");
  assertEquals(data.fact.kind, "agentLost");
  assertEquals(backend.listenerCount, 1);
  await reader.cancel();
  assertEquals(backend.listenerCount, 0);
});

Deno.test("GET /v1/events goes on after Last-Event-ID, and joins past and present", async () => {
  const { app, backend } = setUp();
  backend.record(...Array.from({ length: 500 }, () => LOST));
  const headers = { "last-event-id": "4" };
  const reader = readerOf(await ask(app, "/v1/events", { headers }));
  const first = await readUntil(reader, (text) => idsOf(text).length > 0);
  backend.record(LOST);
  const rest = readUntil(reader, (text) => idsOf(text).at(-1) === 520);
  const seen = [...idsOf(first), ...idsOf(await rest)];
  assertEquals(seen, Array.from({ length: 516 }, (_, index) => index + 5));
  await reader.cancel();
});

Deno.test("GET /v1/events takes after like Last-Event-ID, and refuses nonsense", async () => {
  const { app } = setUp();
  const reader = readerOf(await ask(app, "/v1/events?after=18"));
  const text = await readUntil(reader, (text) => idsOf(text).length === 1);
  assertEquals(idsOf(text), [19]);
  await reader.cancel();
  const headers = { "last-event-id": "yesterday" };
  assertEquals((await ask(app, "/v1/events", { headers })).status, 400);
  assertEquals((await ask(app, "/v1/events?after=-1")).status, 400);
});

Deno.test("GET /v1/events shows the present to a client that knows a longer history", async () => {
  const { app, backend } = setUp();
  const headers = { "last-event-id": "4000" };
  const reader = readerOf(await ask(app, "/v1/events", { headers }));
  await readUntil(reader, (text) => text.includes("\n\n"));
  backend.record(LOST);
  assertEquals(idsOf(await readUntil(reader, (text) => idsOf(text).length === 1)), [20]);
  await reader.cancel();
});

Deno.test("GET /v1/events sends a comment when nothing happens", async () => {
  const { app } = setUp({ heartbeatMs: 5 });
  const reader = readerOf(await ask(app, "/v1/events"));
  const text = await readUntil(reader, (text) => text.split(": still here\n\n").length === 3);
  assertEquals(text, "retry: 1000\n\n: still here\n\n: still here\n\n");
  await reader.cancel();
});

Deno.test("GET /v1/events cuts a client that does not read, and keeps nothing for it", async () => {
  const { app, backend } = setUp();
  const reader = readerOf(await ask(app, "/v1/events"));
  const waiting = readUntil(reader, (text) => idsOf(text).length > 0);
  await new Promise((resolve) => setTimeout(resolve));
  backend.record(LOST);
  assertEquals(idsOf(await waiting), [20]);
  backend.record(...Array.from({ length: EVENT_QUEUE_MAX }, () => LOST));
  assertEquals(backend.listenerCount, 1);
  backend.record(LOST);
  assertEquals(backend.listenerCount, 0);
  assertEquals(await readUntil(reader, () => false), "(end)");
});

Deno.test("GET /v1/events ends when the signal aborts, whether somebody reads or not", async () => {
  const abort = new AbortController();
  const { app, backend } = setUp({ signal: abort.signal });
  const reading = readerOf(await ask(app, "/v1/events"));
  const ended = readUntil(reading, () => false);
  const idle = readerOf(await ask(app, "/v1/events"));
  abort.abort();
  assertEquals(await ended, "retry: 1000\n\n(end)");
  assertEquals(await readUntil(idle, () => false), "(end)");
  assertEquals(backend.listenerCount, 0);
  const late = readerOf(await ask(app, "/v1/events"));
  assertEquals(await readUntil(late, () => false), "(end)");
});

Deno.test("GET /v1/events has a bound on its clients, and each that goes makes room", async () => {
  const { app } = setUp();
  const open = [];
  for (let count = 0; count < EVENT_STREAMS_MAX; count += 1) {
    open.push(readerOf(await ask(app, "/v1/events")));
  }
  assertEquals((await ask(app, "/v1/events", { method: "HEAD" })).status, 429);
  assertEquals((await ask(app, "/v1/events")).status, 429);
  await open.pop()?.cancel();
  assertEquals((await ask(app, "/v1/events", { method: "HEAD" })).status, 200);
  open.push(readerOf(await ask(app, "/v1/events")));
  for (const reader of open) await reader.cancel();
});

Deno.test("GET /v1/events lets a client go that breaks its connection", async () => {
  const { app, backend } = setUp({ heartbeatMs: 20 });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, app.fetch);
  const abort = new AbortController();
  const url = `http://127.0.0.1:${server.addr.port}/v1/events?after=18`;
  const reader = readerOf(await fetch(url, { signal: abort.signal }));
  await readUntil(reader, (text) => text.includes("still here"));
  assertEquals(backend.listenerCount, 1);
  abort.abort();
  await reader.closed.catch(() => {});
  await server.shutdown();
  assertEquals(backend.listenerCount, 0);
});
