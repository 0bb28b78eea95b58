import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Gate, gatedService } from "../meshes/gate.ts";
import { type MeshProcess, startMesh } from "../meshes/mesh_process.ts";

const SHORT_IDLE = { connection: "2s", service: "1s" };

/** A mesh with one service, whose requests wait at the gate. */
function startGated(
  gate: Gate,
  scale: Readonly<Record<string, unknown>>,
  options: { readonly isGatedAtStart?: boolean } = {},
): Promise<MeshProcess> {
  return startMesh({
    services: { gated: { entry: "./gated.ts", ...scale } },
    files: { "gated.ts": gatedService(gate, options) },
  });
}

/** Sends requests, each to a path of its own, from `first` on; resolves with right answers only. */
function ask(mesh: MeshProcess, count: number, first = 0): Promise<void[]> {
  return Promise.all(Array.from({ length: count }, async (_, index) => {
    const path = `/${first + index}`;
    const response = await mesh.fetch(`/gated${path}`);
    const text = await response.text();
    assertEquals(response.status, 200, text);
    assertEquals(JSON.parse(text).path, path);
  }));
}

/** How many instances were ordered so far. */
function starts(mesh: MeshProcess): number {
  return mesh.all("instanceStarting", { service: "gated" }).length;
}

Deno.test("scale: 500 clients of a cold service are one start and 500 right answers", async () => {
  await using gate = new Gate();
  await using mesh = await startGated(gate, {}, { isGatedAtStart: true });
  const asked = ask(mesh, 500);
  const [start] = await gate.holds(1, "/start");
  start?.release();
  await gate.holds(500);
  assertEquals(gate.marks.length, 1);
  gate.open();
  await asked;
  assertEquals([starts(mesh), mesh.all("requestFailed").length], [1, 0]);
});

Deno.test("scale: a burst from zero starts what it needs, in two start times", async () => {
  await using gate = new Gate();
  const scale = { instances: { max: 20 }, concurrency: 10 };
  await using mesh = await startGated(gate, scale, { isGatedAtStart: true });
  const asked = ask(mesh, 100);
  const [first] = await gate.holds(1, "/start");
  // What was sent before is at the gateway when this is answered.
  assertStringIncludes(await mesh.text("/nothing"), "404");
  first?.release();
  for (const { release } of await gate.holds(9, "/start")) release();
  await gate.holds(100);
  assertEquals([gate.marks.length, starts(mesh)], [10, 10]);
  gate.open();
  await asked;
});

Deno.test("scale: never more than max, and then down to min, one at a time", async () => {
  await using gate = new Gate();
  const scale = { instances: { min: 1, max: 3 }, concurrency: 10, idle: SHORT_IDLE };
  await using mesh = await startGated(gate, scale);
  const asked = ask(mesh, 35);
  await gate.holds(30);
  assertEquals([gate.marks.length, starts(mesh)], [3, 3]);
  gate.open();
  await asked;
  await mesh.times(2, "instanceEnded", { service: "gated", exitCode: 0 });
  const ends = mesh.events.filter(({ kind, service }) =>
    service === "gated" && (kind === "instanceClosing" || kind === "instanceEnded")
  ).map(({ kind }) => kind);
  assertEquals(ends, ["instanceClosing", "instanceEnded", "instanceClosing", "instanceEnded"]);
  const { total } = await (await mesh.admin("/v1/instances?service=gated")).json();
  assertEquals([total, starts(mesh)], [1, 3]);
});

Deno.test("scale: a step up starts what is missing, one down closes what is unused", async () => {
  await using gate = new Gate();
  const scale = { instances: { min: 0, max: 9 }, concurrency: 10, idle: SHORT_IDLE };
  await using mesh = await startGated(gate, scale);
  const base = ask(mesh, 10);
  await gate.holds(10);
  const step = ask(mesh, 20, 10);
  await gate.holds(30);
  const [first, ...others] = gate.marks;
  assertEquals([others.length, starts(mesh)], [2, 3]);
  for (const { mark, release } of [...gate.held]) if (mark !== first) release();
  await step;
  await mesh.times(2, "instanceEnded", { service: "gated", exitCode: 0 });
  // What is in use all the time is not closed.
  assertEquals(gate.marks, [first]);
  gate.open();
  await base;
  assertEquals(starts(mesh), 3);
});

Deno.test("scale: who waits for a slow start goes where there is room sooner", async () => {
  await using gate = new Gate();
  const scale = { instances: { min: 0, max: 2 }, concurrency: 5 };
  await using mesh = await startGated(gate, scale, { isGatedAtStart: true });
  const asked = ask(mesh, 5);
  const [start] = await gate.holds(1, "/start");
  start?.release();
  await gate.holds(5);
  const more = ask(mesh, 3, 5);
  await gate.holds(1, "/start");
  const served = [...gate.held].filter(({ path }) => path !== "/start");
  assertEquals(served.length, 5);
  for (const { release } of served) release();
  await asked;
  // The second one has not started yet.
  const rest = (await gate.holds(4)).filter(({ path }) => path !== "/start");
  assertEquals([...new Set(rest.map(({ mark }) => mark))], [served[0]?.mark]);
  for (const { release } of rest) release();
  await more;
  assert(gate.held.some(({ path }) => path === "/start"));
  assertEquals(starts(mesh), 2);
});
