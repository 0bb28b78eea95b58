import { assertEquals } from "@std/assert";
import { startMesh } from "../meshes/mesh_process.ts";

const RUNNER = new URL("./services/runner.py", import.meta.url).pathname;
const ECHO = new URL("../services/echo.ts", import.meta.url).pathname;

Deno.test("clients of a program find other services by its proxy, or by hand", async () => {
  await using mesh = await startMesh({
    services: {
      app: {
        entry: undefined,
        command: ["python3", RUNNER],
        plugs: ["echo"],
        env: { DENO: Deno.execPath() },
      },
      echo: { entry: ECHO },
    },
  });
  const found = await (await mesh.fetch("/app/")).json();
  assertEquals(found, { curl: "a", tunnel: "a", urllib: "a", deno: "a", hand: "a" });
});
