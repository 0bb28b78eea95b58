import { assert } from "@std/assert";
import fc from "fast-check";
import { ConfigError } from "../../../runtime/config/config_error.ts";
import { loadMesh } from "../../../runtime/config/load_mesh.ts";
import { withFolder } from "./folder.ts";

const keys = fc.constantFrom(
  "$schema",
  "name",
  "services",
  "routes",
  "entry",
  "plugs",
  "idle",
  "permissions",
  "read",
  "net",
  "env",
  "greeter",
  "counter",
  "/greeter",
  "service",
  "keepPrefix",
  "grace",
  "constructor",
  "toString",
);
const leaves = fc.oneof(
  fc.constantFrom<unknown>("*", "30s", "greeter", "counter", "greeter.ts", "/", "", null, true, 7),
  fc.string({ unit: "binary" }),
);
const { nearlyMesh } = fc.letrec((tie) => ({
  nearlyMesh: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    leaves,
    fc.array(tie("nearlyMesh"), { maxLength: 3 }),
    fc.dictionary(fc.oneof({ weight: 9, arbitrary: keys }, fc.string()), tie("nearlyMesh"), {
      maxKeys: 5,
    }),
  ),
}));

Deno.test("loadMesh() makes a mesh or a ConfigError of any text and any JSON", async () => {
  const anything = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    nearlyMesh.map((value) => JSON.stringify(value)),
    fc.record({ services: nearlyMesh, routes: nearlyMesh }).map((value) => JSON.stringify(value)),
  );
  await withFolder({ "greeter.ts": "", "counter.ts": "" }, async (folder) => {
    const loads = fc.asyncProperty(anything, async (text) => {
      await Deno.writeTextFile(`${folder}/mesh.json`, text);
      try {
        const mesh = await loadMesh(folder);
        assert(mesh.services.size > 0 && mesh.folder === folder);
      } catch (error) {
        assert(error instanceof ConfigError, String(error));
        assert(error.problems.length > 0);
      }
    });
    await fc.assert(loads, { numRuns: 500 });
  });
});
