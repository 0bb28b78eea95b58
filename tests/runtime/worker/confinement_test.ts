import { assertEquals } from "@std/assert";
import { SERVICE_DEFAULTS, type ServiceConfig } from "../../../runtime/config/mesh_config.ts";
import { hostFolder, unconfinedBecause } from "../../../runtime/worker/confinement.ts";

function service(
  permissions: Partial<ServiceConfig["permissions"]>,
  closed: NonNullable<ServiceConfig["closed"]>,
): ServiceConfig {
  return {
    ...SERVICE_DEFAULTS,
    name: "tiny",
    plugs: [],
    entry: "/mesh/tiny.ts",
    permissions: { ...SERVICE_DEFAULTS.permissions, ...permissions },
    closed,
  };
}

Deno.test("unconfinedBecause() finds what a worker can't be kept from", () => {
  const secret = { paths: ["/mesh/data"], net: [] };
  assertEquals(unconfinedBecause(service({}, secret)), undefined);
  assertEquals(unconfinedBecause(service({ read: ["/mesh/dat", "/other"] }, secret)), undefined);
  for (const place of ["/mesh/data", "/mesh", "/"]) {
    const reason =
      `it may use a folder that has /mesh/data in it, which a worker can't be kept from`;
    assertEquals(unconfinedBecause(service({ read: [place] }, secret)), reason);
    assertEquals(unconfinedBecause(service({ write: [place] }, secret)), reason);
  }
  const ports = unconfinedBecause(service({}, { paths: [], net: ["127.0.0.1:1"] }));
  assertEquals(ports?.includes("ports of the mesh"), true);
  const proved = { paths: [], net: ["127.0.0.1:1"], isProved: true };
  assertEquals(unconfinedBecause(service({}, proved)), undefined);
});

Deno.test("hostFolder() is where the deno.json of a service is, else its own", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  try {
    await Deno.mkdir(`${folder}/a/b`, { recursive: true });
    assertEquals(hostFolder(`${folder}/a/b/one.ts`), `${folder}/a/b`);
    assertEquals(hostFolder(`${folder}/a/b/mod.ts`), `${folder}/a`);
    for (const [file, place] of [["package.json", folder], ["a/deno.jsonc", `${folder}/a`]]) {
      await Deno.writeTextFile(`${folder}/${file}`, "{}");
      assertEquals(hostFolder(`${folder}/a/b/one.ts`), place);
      assertEquals(hostFolder(`${folder}/a/b/mod.ts`), place);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
