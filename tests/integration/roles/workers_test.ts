import { assert, assertEquals } from "@std/assert";
import { CUT_SIGNAL } from "../meshes/cut_signal.ts";
import { DEADLINE_MS, type MeshProcess, startMesh } from "../meshes/mesh_process.ts";
import { MORTAL_SIGNALS } from "../meshes/mortal_signals.ts";
import { untilGone } from "../meshes/processes.ts";

type Role = keyof typeof MORTAL_SIGNALS;

const CUT_MAIN = new URL("../meshes/cut_mesh.ts", import.meta.url).pathname;

const MAIN = new URL("../meshes/mortal_mesh.ts", import.meta.url).pathname;

/** Kills the worker of a role; returns the place of its end among the events. */
async function killWorker(mesh: MeshProcess, role: Role): Promise<number> {
  const place = mesh.events.length;
  mesh.signal(MORTAL_SIGNALS[role]);
  await mesh.event("warning", { reason: `the ${role} worker ended (killed by a test)` }, place);
  return place;
}

Deno.test("mesh goes on while its manager is away, and gets it back knowing all", async () => {
  await using mesh = await startMesh({ main: MAIN, services: { echo: {}, probe: {} } });
  const pid = await mesh.pidOf("echo");
  const stream = await mesh.fetch("/echo/stream?id=a");
  const { serviceID } = await mesh.event("instanceStarted", { service: "echo" });
  const place = await killWorker(mesh, "manager");
  // This one needs the manager and waits for it; the next ones do not.
  const cold = mesh.text("/probe/environment");
  assertEquals(await mesh.text("/echo/who?id=a"), "a");
  await mesh.text("/echo/push?id=a&text=still");
  await mesh.event("agentRegistered", {}, place);
  assertEquals(JSON.parse(await cold), { error: "NotCapable" });
  await mesh.text("/echo/end?id=a");
  assertEquals(await stream.text(), "still");
  assertEquals(await mesh.pidOf("echo"), pid);
  assertEquals(mesh.all("instanceEnded", { serviceID: Number(serviceID) }), []);
  assertEquals((await mesh.times(1, "instanceStarted", { service: "echo" })).length, 1);
  const { items } = await (await mesh.admin("/v1/instances?service=echo")).json();
  assertEquals(items.map(({ id }: { id: number }) => id), [serviceID]);
  const history = await (await mesh.admin("/v1/history")).json();
  const seqs = history.items.map(({ seq }: { seq: number }) => seq);
  assertEquals(seqs, Array.from(seqs, (_, index) => index + 1));
  await mesh.stop();
});

Deno.test("mesh starts services anew after its agent died, and the old ones end", async () => {
  await using mesh = await startMesh({ main: MAIN });
  const pid = await mesh.pidOf("echo");
  const place = await killWorker(mesh, "agent");
  await mesh.event("instanceEnded", { service: "echo" }, place);
  await untilGone([pid], DEADLINE_MS);
  assert(await mesh.pidOf("echo") !== pid);
  await mesh.stop();
});

Deno.test("mesh listens again at the same address after its gateway died", async () => {
  await using mesh = await startMesh({ main: MAIN });
  const pid = await mesh.pidOf("echo");
  const place = await killWorker(mesh, "gateway");
  await mesh.event("instanceRegistered", { service: "gateway" }, place);
  assertEquals(await mesh.pidOf("echo"), pid);
  await mesh.event("instanceEnded", { service: "gateway" }, place);
  await mesh.stop();
});

Deno.test("mesh outlives the death of all its workers, again and again", async () => {
  await using mesh = await startMesh({ main: MAIN });
  const pairs: Role[][] = [["manager", "agent"], ["agent", "gateway"], ["gateway", "manager"]];
  for (const roles of pairs) {
    const place = mesh.events.length;
    for (const role of roles) mesh.signal(MORTAL_SIGNALS[role]);
    await mesh.event("agentRegistered", {}, place);
    await mesh.event("instanceRegistered", { service: "gateway" }, place);
    assertEquals(await mesh.text("/echo/who?id=a"), "a");
  }
});

Deno.test("mesh links its roles anew when their links ended and they did not", async () => {
  await using mesh = await startMesh({ main: CUT_MAIN, services: { echo: {}, probe: {} } });
  const pid = await mesh.pidOf("echo");
  const place = mesh.events.length;
  mesh.signal(CUT_SIGNAL);
  await mesh.event("agentDisconnected", {}, place);
  await mesh.event("agentRegistered", {}, place);
  assertEquals(JSON.parse(await mesh.text("/probe/environment")), { error: "NotCapable" });
  assertEquals(await mesh.pidOf("echo"), pid);
  assertEquals(mesh.all("instanceRegistered", { service: "gateway" }).length, 1);
  await mesh.stop();
});
