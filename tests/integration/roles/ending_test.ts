import { assert, assertEquals } from "@std/assert";
import { DEADLINE_MS, type MeshProcess, startMesh } from "../meshes/mesh_process.ts";
import { UNPREPARED, untilGone } from "../meshes/processes.ts";

/** What a request may come to that the end of the mesh cuts off. */
const STATUSES: readonly (number | string)[] = ["broken", 502, 503];

async function hasAdminFile({ data }: MeshProcess): Promise<boolean> {
  return await Deno.stat(`${data}/admin.json`).then(() => true, () => false);
}

/** The status of an answer, or `broken` when there is none. */
async function statusOf(mesh: MeshProcess, path: string): Promise<number | "broken"> {
  try {
    const response = await mesh.fetch(path);
    await response.body?.cancel();
    return response.status;
  } catch {
    return "broken";
  }
}

/** Waits until nobody listens at a URL. Nothing tells when a listener has closed. */
async function untilRefused(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const endMs = performance.now() + DEADLINE_MS;
  for (;;) {
    try {
      (await Deno.connect({ hostname, port: Number(port) })).close();
    } catch (error) {
      // Between the two it may still have been in the queue of the listener that closed.
      if (error instanceof Deno.errors.ConnectionRefused) return;
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
    assert(performance.now() < endMs, `${url} still accepts connections`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`mesh finishes what is in flight on ${signal}, then ends everything`, async () => {
    await using mesh = await startMesh({ services: { echo: {}, probe: {} }, env: UNPREPARED });
    await mesh.text("/probe/environment");
    const slow = await mesh.fetch("/echo/slow");
    assertEquals((await mesh.processes()).length, 3);
    assert(await hasAdminFile(mesh));
    mesh.signal(signal);
    await mesh.event("meshStopping");
    await untilRefused(mesh.gatewayUrl);
    assertEquals(await slow.text(), "0123456789");
    const { code } = await mesh.ended();
    assertEquals([code, mesh.stderr], [0, ""]);
    assertEquals(mesh.events.at(-1)?.kind, "meshStopped");
    assertEquals(mesh.all("warning"), []);
    assertEquals(await mesh.processes(), []);
    assertEquals(await hasAdminFile(mesh), false);
  });
}

Deno.test("mesh takes request bodies to their end on SIGINT, and nothing new", async () => {
  await using mesh = await startMesh();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const mirror = mesh.fetch("/echo/mirror", { method: "POST", body: readable });
  await writer.write(new TextEncoder().encode("before "));
  const response = await mirror;
  mesh.signal("SIGINT");
  await mesh.event("meshStopping");
  await untilStopping(mesh);
  await writer.write(new TextEncoder().encode("after"));
  await writer.close();
  assertEquals(await response.text(), "before after");
  assertEquals((await mesh.ended()).code, 0);
  assertEquals(mesh.all("warning"), []);
});

/** Waits until new requests are answered with 503. Nothing tells when that begins. */
async function untilStopping(mesh: MeshProcess): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const response = await mesh.fetch("/echo/");
    const text = await response.text();
    if (response.status === 503 && text.includes("stopping")) return;
    assert(performance.now() < endMs, `the gateway still answers ${response.status}`);
  }
}

/** Beyond this a second SIGINT is not the same press of keys any more. Milliseconds. */
const OTHER_PRESS_MS = 700;

Deno.test("mesh ends at once on a second SIGINT, and so do its services", async () => {
  await using mesh = await startMesh();
  const waiting = statusOf(mesh, "/echo/hold?id=a");
  await mesh.output("holding a");
  mesh.signal("SIGINT");
  await mesh.event("meshStopping");
  await new Promise((resolve) => setTimeout(resolve, OTHER_PRESS_MS));
  mesh.signal("SIGINT");
  const { code } = await mesh.ended();
  assertEquals([code, mesh.stderr], [130, ""]);
  assertEquals(await mesh.processes(), []);
  assertEquals(await hasAdminFile(mesh), false);
  assert(STATUSES.includes(await waiting));
});

Deno.test("mesh takes one Ctrl-C that comes twice, as under deno task, for one", async () => {
  await using mesh = await startMesh();
  const slow = await mesh.fetch("/echo/slow");
  mesh.signal("SIGINT");
  mesh.signal("SIGTERM");
  assertEquals(await slow.text(), "0123456789");
  assertEquals((await mesh.ended()).code, 0);
  assertEquals(mesh.all("meshStopping").length, 1);
});

Deno.test("mesh ends with nothing running and nothing started", async () => {
  await using mesh = await startMesh();
  await mesh.stop();
});

Deno.test("mesh gives up what is in flight for ever, and ends", async () => {
  await using mesh = await startMesh({ services: { echo: { grace: "300ms" } } });
  const waiting = statusOf(mesh, "/echo/hold?id=a");
  await mesh.output("holding a");
  await mesh.stop();
  const reason = "Cannot finish the requests: it takes too long, so the mesh ends without it";
  await mesh.event("warning", { reason });
  assert(STATUSES.includes(await waiting));
});

Deno.test("services end by themselves soon after the whole mesh was killed", async () => {
  await using mesh = await startMesh({ services: { echo: {}, probe: {} }, env: UNPREPARED });
  await mesh.text("/probe/environment");
  const waiting = statusOf(mesh, "/echo/hold?id=a");
  await mesh.output("holding a");
  const pids = await mesh.processes();
  assertEquals(pids.length, 3);
  mesh.signal("SIGKILL");
  await mesh.ended();
  assertEquals(await waiting, "broken");
  await untilGone(pids, DEADLINE_MS);
});
