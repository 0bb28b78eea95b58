import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startMesh } from "../meshes/mesh_process.ts";
import { scriptOf } from "./tcp_mesh.ts";

const RAW = { command: scriptOf("raw"), protocol: "tcp", entry: undefined };

Deno.test("plug().connect() reaches a program that speaks tcp, under its edges", async () => {
  await using mesh = await startMesh({
    services: { raw: RAW, dialler: { plugs: ["raw"] }, echo: {} },
    routes: { "/dialler": "dialler", "/echo": "echo" },
  });
  const ask = (service: string, body: string) =>
    mesh.fetch(`/dialler/${service}`, { method: "POST", body });
  const text = "x".repeat(1_000_000);
  assertEquals(await (await ask("raw", `echo\n`)).text(), "hello\nbye\n");
  const large = await (await ask("raw", `echo\n${text}`)).text();
  assert(large === `hello\n${text}bye\n`);
  const refused = await ask("echo", "echo\n");
  assertEquals(refused.status, 502);
  assertStringIncludes(await refused.text(), "echo");
});

Deno.test("a program reaches one that speaks tcp by CONNECT to its proxy", async () => {
  const python = ["python3", new URL("../programs/services/tunnel.py", import.meta.url).pathname];
  await using mesh = await startMesh({
    services: {
      raw: RAW,
      app: { command: python, plugs: ["raw"], entry: undefined },
      lone: { command: python, entry: undefined },
    },
    routes: { "/app": "app", "/lone": "lone" },
  });
  assertEquals(await mesh.text("/app/raw.mesh:7"), "hello\nbye\n");
  assertStringIncludes(await mesh.text("/lone/raw.mesh:7"), "502 ");
});
