import { assertEquals, assertNotEquals } from "@std/assert";
import { DistributedMesh } from "../meshes/distributed_mesh.ts";
import { startMesh } from "../meshes/mesh_process.ts";
import { askUntil, SPARE_SERVICE } from "../meshes/spare_service.ts";

const WARM = { greet: { entry: "./greet.ts", warm: 1 } };

Deno.test("warm: a spare answers that was loaded before, never with what was edited", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  try {
    const files = { "greet.ts": SPARE_SERVICE };
    await using mesh = await startMesh({ services: WARM, files, folder });
    const ask = (path: string) => mesh.text(`/greet${path}`);
    await askUntil(ask, ({ wasSpare = false }) => wasSpare);
    await askUntil(ask, ({ wasSpare = false }) => wasSpare);
    await ask("/exit");
    await Deno.writeTextFile(`${folder}/greet.ts`, SPARE_SERVICE.replace('"first"', '"second"'));
    await askUntil(ask, ({ mark }) => {
      assertNotEquals(mark, "first", "what was loaded before the edit");
      return mark === "second";
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const isSecure of [false, true]) {
  const how = isSecure ? "with certificates" : "in the clear on the loopback";
  Deno.test(`warm: what was a spare outlives its agent, ${how}`, async () => {
    await using mesh = await DistributedMesh.make({ isSecure });
    await Deno.mkdir(`${mesh.folder}/a1`);
    await Deno.writeTextFile(`${mesh.folder}/a1/greet.ts`, SPARE_SERVICE);
    await mesh.startManager();
    const { program: agent, listen } = await mesh.startAgent("a1", WARM);
    const gateway = await mesh.startGateway(listen);
    const ask = (path: string) => mesh.text(`/greet${path}`);
    const { pid } = await askUntil(ask, ({ wasSpare = false }) => wasSpare);
    const place = gateway.place;
    await agent.end("SIGKILL");
    await gateway.event("away", {}, place);
    assertEquals(JSON.parse(await ask("/")).pid, pid);
    await mesh.startAgent("a1", WARM, listen);
    await gateway.event("registered", {}, place);
    assertEquals(JSON.parse(await ask("/")).pid, pid);
    // The next one has spares of its own.
    await ask("/exit").catch(() => {});
    const next = await askUntil(ask, ({ wasSpare = false }) => wasSpare);
    assertNotEquals(next.pid, pid);
  });
}
