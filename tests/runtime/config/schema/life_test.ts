import { assertEquals, assertRejects } from "@std/assert";
import { HEALTH_DEFAULTS } from "../../../../protocol/manifest.ts";
import { ConfigError } from "../../../../runtime/config/config_error.ts";
import { loadMesh } from "../../../../runtime/config/load_mesh.ts";
import { manifestOf } from "../../../../runtime/config/mesh_config.ts";
import { withFolder } from "../folder.ts";

function mesh(services: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return { "a.ts": "", "b.ts": "", "mesh.json": JSON.stringify({ services, routes: {} }) };
}

Deno.test("loadMesh() reads the life of a service, manifestOf() announces its part", async () => {
  const a = {
    plugs: ["b"],
    instances: { min: 2 },
    warm: 1,
    eager: ["b"],
    memory: "256MiB",
    health: { path: "/health", interval: "20s" },
    secrets: { KEY: "./secrets/key" },
  };
  const b = { instances: { max: 3 }, runtime: "worker" };
  await withFolder(mesh({ a, b }), async (folder) => {
    const { services } = await loadMesh(folder);
    const first = services.get("a");
    assertEquals(first?.warm, 1);
    assertEquals(first?.runtime, undefined);
    assertEquals(services.get("b")?.runtime, "worker");
    assertEquals(first?.secrets, { KEY: `${folder}/secrets/key` });
    const [announced, other] = [...services.values()].map(manifestOf);
    assertEquals(announced?.instances, { min: 2, max: 2 });
    assertEquals(other?.instances, { min: 0, max: 3 });
    assertEquals(announced?.eager, ["b"]);
    assertEquals(announced?.memoryBytes, 256 * 1_024 * 1_024);
    const health = { path: "/health", intervalMs: 20_000, timeoutMs: 5_000, failures: 2 };
    assertEquals(announced?.health, health);
    assertEquals(other?.health, HEALTH_DEFAULTS);
  });
});

Deno.test("manifestOf() promises answers about health, but not of smmp programs", async () => {
  const command = ["python3", "app.py"];
  const services = {
    http: { command },
    own: { command, protocol: "smmp" },
    told: { command, protocol: "smmp", health: {} },
  };
  await withFolder(mesh(services), async (folder) => {
    const { services } = await loadMesh(folder);
    const announced = [...services.values()].map((service) => manifestOf(service).health);
    assertEquals(announced, [HEALTH_DEFAULTS, undefined, HEALTH_DEFAULTS]);
  });
});

Deno.test("loadMesh() reads a program, whose working folder is that of mesh.json", async () => {
  const services = {
    web: { command: ["python3", "app.py"], ready: "/ready" },
    own: { command: ["./bin/own"], protocol: "tcp" },
  };
  await withFolder(mesh(services), async (folder) => {
    const { services } = await loadMesh(folder);
    const program = { command: ["python3", "app.py"], protocol: "http", ready: "/ready" } as const;
    assertEquals(services.get("web")?.program, { ...program, command: [...program.command] });
    assertEquals(services.get("web")?.entry, `${folder}/mesh.json`);
    assertEquals(services.get("own")?.program?.command, [`${folder}/bin/own`]);
  });
});

Deno.test("loadMesh() says what does not go together in the life of a service", async () => {
  const services = {
    a: { eager: ["b"], ready: "/x", env: { KEY: "1" }, secrets: { KEY: "k", "1": "k" } },
    b: { command: [""], entry: "b.ts", warm: 1, runtime: "worker", protocol: "tcp", ready: "/" },
    c: { command: ["c"], protocol: "tcp", health: { path: "/" } },
    d: {
      ...{ entry: "b.ts", runtime: "worker", memory: "64MiB" },
      permissions: { read: ["./x"], run: ["ls"], ffi: ["./y"], import: ["example.com"] },
    },
  };
  await withFolder(mesh(services), async (folder) => {
    const error = await assertRejects(() => loadMesh(folder), ConfigError);
    assertEquals(error.problems.map(({ path }) => path).sort(), [
      "services.a.eager",
      "services.a.ready",
      "services.a.secrets.KEY",
      'services.a.secrets["1"]',
      "services.b.command",
      "services.b.entry",
      "services.b.ready",
      "services.b.runtime",
      "services.b.warm",
      "services.c.health.path",
      "services.d.memory",
      "services.d.permissions.ffi",
      "services.d.permissions.import",
      "services.d.permissions.run",
    ]);
  });
});

Deno.test("loadMesh() refuses a life that no service can have", async () => {
  const services = {
    a: { instances: { min: 3, max: 2 }, memory: "1MB", health: { failures: 0, intervall: "1s" } },
    b: { cold: "never", warm: -1, command: [], instances: { max: 0 } },
  };
  await withFolder(mesh(services), async (folder) => {
    const error = await assertRejects(() => loadMesh(folder), ConfigError);
    const paths = new Set(error.problems.map(({ path }) => path));
    for (const path of ["a.instances", "a.memory", "a.health.failures", "a.health.intervall"]) {
      assertEquals(paths.has(`services.${path}`), true, path);
    }
    for (const path of ["b.cold", "b.warm", "b.command", "b.instances.max"]) {
      assertEquals(paths.has(`services.${path}`), true, path);
    }
  });
});
