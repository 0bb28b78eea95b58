import { assert, assertEquals, assertMatch } from "@std/assert";
import { DEADLINE_MS, type MeshProcess, startMesh } from "../meshes/mesh_process.ts";

/** A service that tells who called it. Its file is beside mesh.json, the cache is not. */
const TRACE = `
  export default {
    fetch(request: Request): Response {
      if (new URL(request.url).pathname === "/exit") Deno.exit(0);
      return new Response(new Error("here").stack);
    },
  };
`;

/** A cache of its own for what agents prepare, and the usual one for what Deno has loaded. */
async function cacheIn(folder: string): Promise<Record<string, string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir }: { denoDir: string } = JSON.parse(new TextDecoder().decode(stdout));
  return { XDG_CACHE_HOME: `${folder}/cache`, DENO_DIR: denoDir };
}

/** The stack of a service of which each instance ends after one answer, until it is as wanted. */
async function traceUntil(mesh: MeshProcess, wanted: RegExp): Promise<string> {
  const endMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const trace = await mesh.text("/trace");
    if (wanted.test(trace)) return trace;
    assert(performance.now() < endMs, `never ${wanted} in ${trace}`);
    await (await mesh.fetch("/trace/exit")).body?.cancel();
  }
}

Deno.test("an agent starts services with one file as soon as it has made it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  try {
    const started = {
      services: { trace: { entry: "./trace.ts" } },
      files: { "trace.ts": TRACE },
      folder,
      env: await cacheIn(folder),
    };
    await using mesh = await startMesh(started);
    const trace = await traceUntil(mesh, /\/cache\/smmp\/begin-[0-9a-f]{32}\.mjs:\d+:\d+/);
    assertMatch(trace, /trace\.ts:5:/, "its own lines are those of its file");
    assertMatch(trace, /ResponseExchange/, "ours have their names");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an agent that ends while it makes one file leaves nothing that makes it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  try {
    await using mesh = await startMesh({ env: await cacheIn(folder) });
    // The bundler is a process of its own, and starts another one.
    const endMs = performance.now() + DEADLINE_MS;
    for (let count = 1; count < 3; count = (await mesh.processes()).length) {
      assert(performance.now() < endMs, "never a bundler");
    }
    await mesh.stop();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an agent that may prepare nothing starts services from the modules", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  try {
    await using mesh = await startMesh({ env: { SMMP_PREPARE: "off", ...await cacheIn(folder) } });
    assertEquals((await mesh.fetch("/echo/pid")).status, 200);
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
