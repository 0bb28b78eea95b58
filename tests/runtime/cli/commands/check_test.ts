import { assert, assertEquals } from "@std/assert";
import { runCommandLine } from "../../../../runtime/cli/main.ts";
import { withFolder } from "../../config/folder.ts";
import { captureIO } from "../captured_io.ts";

const FILES = {
  "greeter.ts": "",
  "counter.ts": "",
  "lost.ts": "",
  "mesh.json": JSON.stringify({
    name: "hello",
    services: {
      greeter: { plugs: ["counter"], permissions: { read: ["data"], net: ["example.com"] } },
      counter: { idle: { service: "2m" } },
      lost: { plugs: "*" },
    },
    routes: { "/greeter": "greeter", "a.example.com/": "greeter" },
  }),
};

Deno.test("check prints services, edges and routes, and what looks forgotten", async () => {
  await withFolder(FILES, async (folder) => {
    const io = captureIO();
    assertEquals(await runCommandLine(["check", folder], io), 0);
    assertEquals(io.err, "");
    assertEquals(io.out.replaceAll(folder, "DIR").split("\n"), [
      'The mesh "hello" can be used: DIR/mesh.json',
      "",
      "Services (3)",
      "SERVICE  ENTRY       CONNECTION IDLE  SERVICE IDLE  PERMISSIONS",
      "greeter  greeter.ts  30s              1m            read data net example.com",
      "counter  counter.ts  30s              2m            -",
      "lost     lost.ts     30s              1m            -",
      "",
      "Edges (2)",
      "greeter -> counter",
      "lost -> every service",
      "",
      "Routes (2)",
      "/greeter/* -> greeter",
      "a.example.com/* -> greeter",
      "",
      "note: nothing reaches lost: no route or port leads to it, and it is in no plugs",
      "",
    ]);
  });
});

Deno.test("check --json prints one document", async () => {
  await withFolder(FILES, async (folder) => {
    const io = captureIO();
    assertEquals(await runCommandLine(["check", "--json", folder], io), 0);
    const document = JSON.parse(io.out);
    assertEquals(document.ok, true);
    assertEquals(document.mesh.services.counter.idle.serviceMs, 120_000);
    assertEquals(document.edges[0], { source: "greeter", dest: "counter" });
    assertEquals(document.unreachable, ["lost"]);
  });
});

Deno.test("check fails with every problem of a mesh", async () => {
  await withFolder(
    { "mesh.json": '{"services": {"a": {}}, "routes": {"/": "b"}}' },
    async (dir) => {
      const io = captureIO();
      assertEquals(await runCommandLine(["check", dir], io), 1);
      assertEquals(io.out, "");
      assert(io.err.startsWith(`Cannot use the mesh "${dir}/mesh.json": 2 problems\n`), io.err);
      const json = captureIO();
      assertEquals(await runCommandLine(["check", dir, "--json"], json), 1);
      const { ok, problems } = JSON.parse(json.out);
      assertEquals(ok, false);
      assertEquals(problems[1].path, 'routes["/"]');
      assertEquals(problems[1].position, { line: 1, column: 36 });
    },
  );
});
