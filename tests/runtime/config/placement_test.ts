import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../../runtime/config/config_error.ts";
import { loadMesh } from "../../../runtime/config/load_mesh.ts";
import { manifestOf, withoutLabels } from "../../../runtime/config/mesh_config.ts";
import { withFolder } from "./folder.ts";

function mesh(services: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const document = { services, routes: { "/": "a" } };
  return { "a.ts": "", "b.ts": "", "mesh.json": JSON.stringify(document) };
}

Deno.test("loadMesh() reads where a service may run, and manifestOf() announces it", async () => {
  const services = { a: { placement: "pack", labels: { disk: "fast", zone: "north" } }, b: {} };
  await withFolder(mesh(services), async (folder) => {
    const config = await loadMesh(folder);
    const [first, second] = [...config.services.values()].map(manifestOf);
    assertEquals([first?.placement, first?.labels], ["pack", services.a.labels]);
    assertEquals([second?.placement, second?.labels], [undefined, undefined]);
    const [anywhere] = [...withoutLabels(config.services).values()].map(manifestOf);
    assertEquals([anywhere?.placement, anywhere?.labels], ["pack", undefined]);
  });
});

Deno.test("loadMesh() says what is wrong with a placement or a label", async () => {
  const wrong = [
    [{ placement: "random" }, 'expected "spread" or "pack"'],
    [{ labels: { disk: "" } }, "expected at least 1 characters"],
    [{ labels: { disk: 7 } }, "expected a text"],
    [{ labels: ["disk"] }, "expected an object"],
    [
      { labels: Object.fromEntries([...Array(65).keys()].map((at) => [`l${at}`, "x"])) },
      "expected at most 64 labels",
    ],
  ] as const;
  for (const [service, expected] of wrong) {
    await withFolder(mesh({ a: service }), async (folder) => {
      const { problems } = await assertRejects(() => loadMesh(folder), ConfigError);
      assertEquals(problems.map(({ message }) => message.startsWith(expected)), [true], expected);
    });
  }
});
