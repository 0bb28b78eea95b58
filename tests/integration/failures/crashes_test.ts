import { assert, assertEquals } from "@std/assert";
import { startMesh } from "../meshes/mesh_process.ts";

/** How many requests are sent, one each 5 ms. */
const REQUESTS = 600;

Deno.test("mesh fails no GET of 200 a second whose instances are killed", async () => {
  await using mesh = await startMesh();
  let pid = await mesh.pidOf("echo");
  const answers: Promise<number>[] = [];
  for (let sent = 1; sent <= REQUESTS; sent += 1) {
    answers.push(
      mesh.fetch(`/echo/who?id=${sent}`).then(async (response) => {
        await response.body?.cancel();
        return response.status;
      }),
    );
    if (sent === 150 || sent === 350) {
      Deno.kill(pid, "SIGKILL");
      pid = await mesh.pidOf("echo");
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assertEquals([...new Set(await Promise.all(answers))], [200]);
  assertEquals(mesh.all("instanceEnded", { service: "echo" }).length, 2);
});

Deno.test("mesh answers at once for a service in a crash loop, until it is reset", async () => {
  await using mesh = await startMesh({ services: { exits: {} } });
  let detail = "";
  for (let times = 1; times <= 30 && !detail.includes("is tried again"); times += 1) {
    const response = await mesh.fetch("/exits/");
    assertEquals(response.status, 503);
    detail = (await response.json()).detail;
    // The first one who asks sees what is wrong, and so does everybody after.
    assert(detail.includes("last words: no database"), detail);
  }
  assert(detail.includes("times in a row, and is tried again"), detail);
  await mesh.event("serviceCrashLooping", { service: "exits" });
  const outcome = await mesh.admin("/v1/services/exits/reset", {});
  assertEquals(outcome.status, 200);
  await outcome.body?.cancel();
  await mesh.event("serviceRecovered", { service: "exits" });
});
