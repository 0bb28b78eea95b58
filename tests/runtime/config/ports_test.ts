import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../../runtime/config/config_error.ts";
import { loadMesh } from "../../../runtime/config/load_mesh.ts";
import { withFolder } from "./folder.ts";

const CACHE = { command: ["redis-server"], protocol: "tcp" };

function mesh(document: unknown): Readonly<Record<string, string>> {
  return { "web.ts": "", "mesh.json": JSON.stringify(document) };
}

Deno.test("loadMesh() reads ports, which need no routes beside them", async () => {
  const ports = { "6379": "cache", "6380": { service: "cache", connections: 9 } };
  await withFolder(mesh({ services: { cache: CACHE }, ports }), async (folder) => {
    const { ports, routes } = await loadMesh(folder);
    assertEquals(ports, [
      { port: 6_379, service: "cache" },
      { port: 6_380, service: "cache", connectionsMax: 9 },
    ]);
    assertEquals(routes, []);
  });
});

Deno.test("loadMesh() says what is wrong with ports", async () => {
  const document = {
    services: { cache: CACHE, web: {} },
    routes: { "/": "cache" },
    ports: {
      "0": "cache",
      "70000": "cache",
      "1": "cash",
      "2": "web",
      "3": { service: "cache", x: 1 },
      "4": { service: "cache", connections: 0 },
    },
  };
  await withFolder(mesh(document), async (folder) => {
    const { problems } = await assertRejects(() => loadMesh(folder), ConfigError);
    assertEquals(problems.map(({ path, message }) => `${path}: ${message}`).sort(), [
      'ports["0"]: expected a port, 1 to 65535',
      'ports["1"]: expected a service, found "cash": did you mean "cache"?',
      'ports["2"]: expected a service with "protocol": "tcp", found "web", which speaks http',
      'ports["3"].x: unknown key "x": known are service, connections',
      'ports["4"].connections: expected at least 1, found the number 0',
      'ports["70000"]: expected a port, 1 to 65535',
      'routes["/"]: "cache" speaks tcp, not http: give it a port in "ports"',
    ]);
  });
});

Deno.test("loadMesh() of a part takes ports that lead to services of other hosts", async () => {
  await withFolder(mesh({ services: {}, ports: { "6379": "cache" } }), async (folder) => {
    const { ports } = await loadMesh(folder, { isPart: true });
    assertEquals(ports, [{ port: 6_379, service: "cache" }]);
  });
});
