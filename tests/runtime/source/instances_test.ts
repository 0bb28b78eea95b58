import { assert, assertEquals } from "@std/assert";
import { limitedExchange } from "../../../runtime/limits/limited_exchange.ts";
import type { SessionHandler } from "../../../runtime/sessions/session.ts";
import { type Instance, SourceMesh } from "./source_mesh.ts";

/** A handler that answers when it is told to, and counts the requests that came. */
function gate(): { handler: SessionHandler; count(): number; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  return {
    handler: async () => {
      count += 1;
      await promise;
      return new Response("through");
    },
    count: () => count,
    open: resolve,
  };
}

Deno.test("SourceSessions uses another instance when the first has all that it takes", async () => {
  await using mesh = new SourceMesh({ concurrency: 2 });
  const gates = [gate(), gate()];
  for (const { handler } of gates) mesh.start(handler);
  const answers = Array.from({ length: 5 }, () => mesh.fetch("/"));
  await mesh.until(() => gates.every(({ count }) => count() === 2));
  for (const { open } of gates) open();
  const texts = await Promise.all(answers.map(async (one) => (await one).text()));
  assertEquals(texts, Array(5).fill("through"));
  assertEquals(gates.reduce((sum, { count }) => sum + count(), 0), 5);
  const asked = mesh.told("connectionRequest").map(({ avoid }) => avoid);
  assertEquals(asked.slice(0, 2), [undefined, [100]]);
});

Deno.test("SourceSessions leaves an instance that drains, whose answers still come", async () => {
  await using mesh = new SourceMesh();
  const { handler, count, open } = gate();
  const first = mesh.start(handler);
  const held = mesh.fetch("/");
  await mesh.until(() => count() === 1);
  mesh.forget(first);
  mesh.start(() => new Response("new"));
  const drained = first.server.drain();
  await mesh.until(() => [...mesh.state.source.connections.values()][0]?.state === "closing");
  assertEquals(await (await mesh.fetch("/")).text(), "new");
  assertEquals(count(), 1);
  open();
  assertEquals(await (await held).text(), "through");
  await drained;
});

Deno.test("SourceSessions tells of an instance that is silent, and uses another", async () => {
  await using mesh = new SourceMesh({ source: { failuresMax: 3 } });
  const exchange = limitedExchange((service, request, terms) =>
    mesh.sessions.exchange(service, request, terms)
  );
  const get = () => {
    const parts = { method: "GET", url: "http://counter.mesh/", headers: [], body: null };
    return exchange("counter", parts, { firstByteMs: 40 });
  };
  mesh.start(() => new Promise<never>(() => {}));
  mesh.start(() => new Response("well"));
  const first = await Promise.all([get(), get(), get()]);
  assertEquals(first.map(({ status }) => status), [504, 504, 504]);
  for (const answer of first) await answer.body?.cancel();
  await mesh.until(() => mesh.told("sourceConnectionClose").length === 1);
  const [told] = mesh.told("sourceConnectionClose");
  assertEquals(told?.status, 122);
  assert(told?.reason?.includes("no answer in time"), told?.reason);
  assertEquals(await (await get()).text(), "well");
});

Deno.test("SourceSessions trusts an instance again as soon as it begins to answer", async () => {
  await using mesh = new SourceMesh({ source: { failuresMax: 1, sickMs: 1 } });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const dying: Instance = mesh.start(() => new Response("once"));
  await (await mesh.fetch("/")).text();
  // Its sessions break, and then it is there again.
  const { serviceID } = dying;
  await mesh.kill(dying);
  await mesh.until(() => mesh.state.source.health.size === 1);
  mesh.start((request) => {
    if (!request.url.endsWith("/long")) return new Response("short");
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async start(controller) {
        controller.enqueue(new Uint8Array(1));
        await ended;
        controller.close();
      },
    });
    return new Response(body);
  }, serviceID);
  await mesh.until(() => (mesh.state.source.health.get(serviceID)?.sickUntilMs ?? 0) < Date.now());
  const long = mesh.fetch("/long");
  const short = mesh.fetch("/short");
  assertEquals(await (await short).text(), "short");
  end();
  assertEquals((await (await long).bytes()).length, 1);
});

Deno.test("SourceSessions says 503 with retry-after when too many wait", async () => {
  await using mesh = new SourceMesh({ concurrency: 1, source: { waitingMax: 1 } });
  const { handler, count, open } = gate();
  mesh.start(handler);
  const held = [mesh.fetch("/")];
  await mesh.until(() => count() === 1);
  held.push(mesh.fetch("/"));
  const refused = await mesh.fetch("/");
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
  await refused.body?.cancel();
  open();
  for (const answer of held) assertEquals(await (await answer).text(), "through");
});
