import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../../../runtime/config/config_error.ts";
import { loadMesh } from "../../../../runtime/config/load_mesh.ts";
import { manifestOf } from "../../../../runtime/config/mesh_config.ts";
import { withFolder } from "../folder.ts";

function mesh(document: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return { "a.ts": "", "b.ts": "", "mesh.json": JSON.stringify(document) };
}

Deno.test("loadMesh() gives a route its own limits, and those of its service", async () => {
  const limits = { connect: "10s", firstByte: "5s", idle: "1m", total: "2m", body: "1MiB" };
  const services = {
    a: { limits: { ...limits, waiting: 7 }, sticky: { cookie: "sid" }, concurrency: 20 },
    b: {},
  };
  const routes = {
    "/a": "a",
    "/own": { service: "a", limits: { total: "1s" }, sticky: { header: "x-user" } },
    "/b": "b",
  };
  await withFolder(mesh({ services, routes }), async (folder) => {
    const config = await loadMesh(folder);
    const [first, own, none] = config.routes;
    const all = {
      connectMs: 10_000,
      firstByteMs: 5_000,
      idleMs: 60_000,
      totalMs: 120_000,
      bodyBytesMax: 1_048_576,
      waitingMax: 7,
    };
    assertEquals(first?.limits, { ...all, sticky: { cookie: "sid" } });
    assertEquals(own?.limits, { ...all, totalMs: 1_000, sticky: { header: "x-user" } });
    assertEquals(none, { path: "/b", service: "b", keepPrefix: false });
    const manifests = [...config.services.values()].map(manifestOf);
    assertEquals(manifests.map(({ concurrency }) => concurrency), [20, undefined]);
  });
});

Deno.test("loadMesh() reads the settings of the gateway", async () => {
  const gateway = { workers: 2, trustForwarded: ["10.0.0.0/8", "::1"], waiting: 100 };
  await withFolder(mesh({ services: { a: {} }, routes: {}, gateway }), async (folder) => {
    assertEquals((await loadMesh(folder)).gateway, gateway);
  });
});

Deno.test("loadMesh() says what is wrong with limits, and where", async () => {
  const services = {
    a: {
      limits: { total: "5", body: "much", firstBite: "1s" },
      sticky: {},
      concurrency: 0,
    },
    b: { sticky: { cookie: "a", header: "b" } },
  };
  const gateway = { trustForwarded: ["10.0.0.0/99"], workers: 0 };
  await withFolder(mesh({ services, routes: {}, gateway }), async (folder) => {
    const error = await assertRejects(() => loadMesh(folder), ConfigError);
    const paths = error.problems.map(({ path }) => path).sort();
    assertEquals(paths, [
      "gateway.trustForwarded[0]",
      "gateway.workers",
      "services.a.concurrency",
      "services.a.limits.body",
      "services.a.limits.firstBite",
      "services.a.limits.total",
      "services.a.sticky",
      "services.b.sticky",
    ]);
  });
});
