import { assert, assertEquals, assertMatch } from "@std/assert";
import type { InstanceView, StartView } from "../../../runtime/admin/views/view.ts";
import { runCommand } from "../meshes/command.ts";
import { DEADLINE_MS, type MeshProcess, startMesh } from "../meshes/mesh_process.ts";

/** A service that says that it is loaded, and answers when it is asked to. */
const SERVICE = `
  console.log("loaded");
  const released = Promise.withResolvers();
  export default {
    async fetch(request: Request): Promise<Response> {
      const { pathname } = new URL(request.url);
      if (pathname === "/exit") Deno.exit(3);
      if (pathname === "/slow") await released.promise;
      if (pathname === "/release") released.resolve();
      return new Response("ok");
    },
  };
`;

/** What the admin API lists at a path. */
async function listed<Item>(mesh: MeshProcess, path: string): Promise<readonly Item[]> {
  const response = await mesh.admin(path);
  const { items }: { items: readonly Item[] } = await response.json();
  return items;
}

/** Looks until something is so: nothing tells when it is. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!await isSo()) {
    assert(performance.now() < endMs, "it never is so");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

Deno.test("ps and starts tell what is in flight, what crashed, and where time went", async () => {
  await using mesh = await startMesh({
    services: { slow: { entry: "./slow.ts" }, broken: { entry: "./broken.ts" } },
    files: { "slow.ts": SERVICE, "broken.ts": "Deno.exit(3);" },
  });
  const slow = mesh.text("/slow/slow");
  await until(async () => {
    const [instance] = await listed<InstanceView>(mesh, "/v1/instances?service=slow");
    return instance?.inFlight === 1 && instance.stays === "1 connection";
  });
  for (let time = 0; time < 5; time += 1) {
    await (await mesh.fetch("/broken/")).body?.cancel();
  }
  await mesh.event("serviceCrashLooping", { service: "broken" });
  const { stdout } = await runCommand("ps", "--data", mesh.data);
  assertMatch(stdout, /^ *- +broken +crash loop .* 5 +- +\d+s ago +tried (in|if)/m);
  assertEquals(await mesh.text("/slow/release"), await slow);
  await until(async () => {
    const [instance] = await listed<InstanceView>(mesh, "/v1/instances?service=slow");
    return instance?.inFlight === 0;
  });
  await until(async () => {
    const [start] = await listed<StartView>(mesh, "/v1/starts?service=slow");
    return start?.firstMs !== null;
  });
  const [start] = await listed<StartView>(mesh, "/v1/starts?service=slow");
  const { startMs = 0, placeMs = 0, spawnMs = 0, loadMs = 0, firstMs } = start ?? {};
  // Each clock rounds for itself.
  const sumMs = (placeMs ?? 0) + (spawnMs ?? 0) + (loadMs ?? 0);
  assert(Math.abs((startMs ?? 0) - sumMs) <= 2, JSON.stringify(start));
  assert((spawnMs ?? 0) > 0 && (loadMs ?? 0) > 0 && (firstMs ?? 0) > 0, JSON.stringify(start));
});

Deno.test("logs of an instance have what it wrote while it was a spare", async () => {
  await using mesh = await startMesh({
    services: { greet: { entry: "./greet.ts", warm: 1 } },
    files: { "greet.ts": SERVICE },
  });
  await until(async () => {
    await mesh.text("/greet/");
    await mesh.event("instanceStarted", { service: "greet" });
    const serviceID = Number(
      mesh.all("instanceStarted", { service: "greet" }).at(-1)?.serviceID,
    );
    const response = await mesh.admin(`/v1/logs?instance=${serviceID}`);
    assertMatch(await response.text(), /"text":"loaded"/);
    const wasSpare = mesh.all("output", { serviceID, text: "loaded" }).length === 0;
    if (!wasSpare) await (await mesh.fetch("/greet/exit")).body?.cancel();
    return wasSpare;
  });
});
