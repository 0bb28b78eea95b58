import { assert, assertEquals } from "@std/assert";
import { spawnMesh, startMesh } from "../meshes/mesh_process.ts";

/** By connections of its own, so that they come to different gateways. */
async function askAnew(url: string): Promise<string> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  return await (await fetch(url, { client })).text();
}

Deno.test("gateways share a port, are an instance each, and finish what they have", async () => {
  await using mesh = await startMesh({ gateway: { workers: 3 } });
  const gateways = await mesh.times(3, "instanceRegistered", { service: "gateway" });
  assertEquals(new Set(gateways.map(({ serviceID }) => serviceID)).size, 3);
  const texts = await Promise.all(
    Array.from({ length: 40 }, (_, id) => askAnew(`${mesh.gatewayUrl}/echo/who?id=${id}`)),
  );
  assertEquals(texts, Array.from({ length: 40 }, (_, id) => `${id}`));
  // One start for all of them, and a connection from more than one of them.
  assertEquals((await mesh.times(1, "instanceStarted", { service: "echo" })).length, 1);
  await mesh.times(2, "connectionOpened");
  const slow = await mesh.fetch("/echo/slow");
  const stopped = mesh.stop();
  assertEquals(await slow.text(), "0123456789");
  await stopped;
  assertEquals(mesh.all("warning"), []);
});

Deno.test("gateways that share a port do not share that of another program", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  await using mesh = await spawnMesh({ ports: [port, 0], gateway: { workers: 2 } });
  assertEquals((await mesh.ended()).code, 1);
  assert(mesh.stderr.includes(`127.0.0.1:${port}`) && mesh.stderr.includes("--port"), mesh.stderr);
});
