import { assertEquals, assertStringIncludes } from "@std/assert";
import { startMesh } from "../meshes/mesh_process.ts";

const SHORT = { connection: "2s", service: "1s" };

Deno.test("busy() keeps an instance without connections until its work is done", async () => {
  await using mesh = await startMesh({ services: { lives: { idle: SHORT } } });
  assertEquals(await mesh.text("/lives/work"), "done");
  const used = await mesh.event("instanceUsed", { service: "lives", reason: "an export" });
  assertEquals(used.service, "lives");
  await mesh.event("instanceClosing", { service: "lives" });
  assertEquals(mesh.all("output", { text: "exported" }).length, 1);
  await mesh.event("instanceEnded", { service: "lives", exitCode: 0 });
  await mesh.output(/asked to end: /);
});

Deno.test("onDrain() refuses an end once, which the operator hears, and then it ends", async () => {
  await using mesh = await startMesh({ services: { lives: {} } });
  await mesh.text("/lives/refuse");
  await mesh.text("/lives/refuse");
  const { serviceID } = await mesh.event("instanceStarted", { service: "lives" });
  const stop = await mesh.admin(`/v1/instances/${serviceID}/stop`, { mode: "soft" });
  assertEquals(stop.status, 409);
  assertStringIncludes(await stop.text(), "it exports");
  await mesh.event("instanceEnded", { service: "lives", exitCode: 0 });
});

Deno.test("what a service may not is in the history once, with what would permit it", async () => {
  await using mesh = await startMesh({ services: { lives: {} } });
  for (let time = 0; time < 2; time += 1) {
    const response = await mesh.fetch("/lives/read");
    assertEquals(response.status, 500);
    await response.body?.cancel();
  }
  const refused = await mesh.event("instanceRefused", { service: "lives" });
  assertEquals([refused.permission, refused.target], ["read", "/etc/hostname"]);
  await mesh.text("/lives/else");
  assertEquals(mesh.all("instanceRefused").length, 1);
});
