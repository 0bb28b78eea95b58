import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { dirname } from "node:path";
import { type MeshProcess, PROJECT, startMesh } from "../integration/meshes/mesh_process.ts";
import { askUntil, SPARE_SERVICE } from "../integration/meshes/spare_service.ts";
import { compileOnce, COMPILER, withBundles } from "./compiled.ts";

const SERVICES = new URL("./services/", import.meta.url).pathname;
const PROBE = `${PROJECT}tests/integration/services/probe.ts`;

/** A test that needs the binary; where none can be compiled, compiled.ts says so. */
function binaryTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: COMPILER === undefined, fn });
}

/** Runs the binary with some bundles, and no deno on its PATH. */
async function startAlone(path: string, env: Record<string, string> = {}): Promise<MeshProcess> {
  const { binary, emptyPath } = await compileOnce();
  return await startMesh({ path, binary, env: { PATH: emptyPath, ...env } });
}

async function runBinary(...args: readonly string[]): Promise<{ code: number; text: string }> {
  const { binary, emptyPath } = await compileOnce();
  const env = { PATH: emptyPath, NO_COLOR: "1" };
  const { code, stdout, stderr } = await new Deno.Command(binary, { args: [...args], env })
    .output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

binaryTest("the binary needs nothing but bundles, and replaces what is killed", async () => {
  await withBundles({ path: `${PROJECT}examples/hello` }, async (bundles) => {
    await using mesh = await startAlone(bundles);
    assertEquals(await mesh.text("/greeter/hello/Ada"), "Hello, Ada! This is visit 1.\n");
    assertEquals(await mesh.text("/greeter/hello/Ada"), "Hello, Ada! This is visit 2.\n");
    for (const pid of await greeters(mesh)) Deno.kill(pid, "SIGKILL");
    await mesh.event("instanceEnded", { service: "greeter" });
    assertEquals(await mesh.text("/greeter/hello/Ada"), "Hello, Ada! This is visit 3.\n");
    await mesh.stop();
  });
});

/** The processes that run greeter. */
async function greeters(mesh: MeshProcess): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await mesh.processes()) {
    const line = await Deno.readTextFile(`/proc/${pid}/cmdline`);
    if (line.includes("serve-instance") && line.includes("greeter.js")) found.push(pid);
  }
  assertEquals(found.length, 1);
  return found;
}

async function attempt(mesh: MeshProcess, what: readonly [string, string]): Promise<unknown> {
  const query = new URLSearchParams({ what: what[1] });
  return await (await mesh.fetch(`/probe/${what[0]}?${query}`)).json();
}

binaryTest("a service that the binary runs has the permissions that it declares", async () => {
  const given = await Deno.makeTempFile({ prefix: "smmp-test-" });
  const permissions = { read: [given], write: [given], env: ["GIVEN"], sys: ["hostname"] };
  const probe = { entry: PROBE, permissions, env: { SET: "by the mesh" } };
  await withBundles({ services: { probe } }, async (bundles) => {
    await using mesh = await startAlone(bundles, { GIVEN: "by its user", SECRET: "of its user" });
    const refused = [
      ["read", `${bundles}/mesh.json`],
      ["read", `${mesh.data}/admin.json`],
      ["read", "/proc/self/environ"],
      ["write", `${bundles}/probe.js`],
      ["run", "/usr/bin/env"],
      ["run", (await compileOnce()).binary],
      ["env", "SECRET"],
      ["environment", ""],
      ["net", "192.0.2.1:80"],
      ["net", "0.0.0.0:80"],
    ] as const;
    for (const one of refused) {
      assertEquals(await attempt(mesh, one), { error: "NotCapable" }, one.join(" "));
    }
    assertEquals(await attempt(mesh, ["write", given]), { value: null });
    assertEquals(await attempt(mesh, ["read", given]), { value: "written".length });
    assertEquals(await attempt(mesh, ["env", "GIVEN"]), { value: "by its user" });
    assertEquals(await attempt(mesh, ["env", "SET"]), { value: "by the mesh" });
    assertEquals(await attempt(mesh, ["env", "SMMP_START"]), { value: null });
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepted = listener.accept();
    assertEquals(await attempt(mesh, ["net", `127.0.0.1:${listener.addr.port}`]), { value: null });
    (await accepted).close();
    // What its sandbox lacks is said at the start.
    await mesh.event("warning", { reason: "can import any .js and .json file" });
  });
  await Deno.remove(given);
});

binaryTest("a service with a link to what belongs to the mesh needs a deno", async () => {
  const probe = { entry: PROBE, permissions: { read: ["./granted"] } };
  await withBundles({ services: { probe } }, async (bundles) => {
    await using mesh = await startAlone(bundles);
    await Deno.symlink(mesh.data, `${bundles}/granted`);
    const refused = await mesh.fetch("/probe/read?what=x");
    const { detail } = await refused.json();
    assertEquals([refused.status, detail.includes("only a deno on the PATH")], [503, true], detail);
  });
});

binaryTest("a service that the binary runs ends as it would under deno run", async () => {
  const ends = { entry: `${SERVICES}ends.ts`, startTimeout: "30s" };
  await withBundles({ services: { ends } }, async (bundles) => {
    await using mesh = await startAlone(bundles);
    const ended = async (way: string, exitCode: number) => {
      await mesh.text(`/ends${way}`, { method: "POST" });
      await mesh.event("instanceEnded", { service: "ends", exitCode });
    };
    await ended("/exit", 7);
    await ended("/process-exit", 8);
    await ended("/throw", 1);
    await mesh.output("Error: thrown on purpose");
    await ended("/reject", 1);
    await mesh.output("Error: rejected on purpose");
    // Five crashes within a minute would be a crash loop.
    await (await mesh.admin("/v1/services/ends/reset", {})).body?.cancel();
    const before = await mesh.pidOf("ends");
    assertEquals(await mesh.text("/ends/signal"), "it goes on");
    await mesh.output("listening for SIGTERM");
    Deno.kill(before, "SIGTERM");
    await mesh.event("instanceEnded", { exitCode: 9 });
    const after = await mesh.pidOf("ends");
    assertNotEquals(after, before);
    Deno.kill(after, "SIGTERM");
    await mesh.event("instanceEnded", { service: "ends", reason: "SIGTERM" });
  });
});

binaryTest(
  "a service that the binary runs takes WebSockets, and opens them to others",
  async () => {
    const entry = `${PROJECT}tests/integration/services/sockets.ts`;
    const services = { sockets: { entry, plugs: ["other"] }, other: { entry } };
    await withBundles({ services }, async (bundles) => {
      await using mesh = await startAlone(bundles);
      const url = mesh.gatewayUrl.replace("http", "ws");
      const answer = (path: string) => {
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        const socket = new WebSocket(`${url}${path}`);
        socket.onopen = () => path.includes("join") || socket.send("hello");
        socket.onerror = () => reject(new Error(`Cannot open "${path}"`));
        socket.onmessage = ({ data }) => {
          // A way to another service is there once it says so.
          if (data !== "hello") return socket.send("hello");
          resolve(data);
          socket.close();
        };
        return promise;
      };
      assertEquals(await answer("/sockets/"), "hello");
      assertEquals(await answer("/sockets/?join=ws://other.mesh/"), "hello");
      await mesh.stop();
    });
  },
);

binaryTest(
  "the binary says what it lacks for TypeScript, and takes the deno it finds",
  async () => {
    const { binary, emptyPath } = await compileOnce();
    const services = { probe: {} };
    {
      await using mesh = await startMesh({ services, binary, env: { PATH: emptyPath } });
      await mesh.event("warning", {
        reason: 'Cannot start "probe": probe.ts needs deno on the PATH',
      });
      const { status, detail } = await (await mesh.fetch("/probe/env?what=PATH")).json();
      assertEquals(status, 503);
      assertMatch(detail, /probe\.ts needs deno on the PATH, or run "smmp bundle"/);
    }
    const PATH = `${emptyPath}:${dirname(Deno.execPath())}`;
    await using mesh = await startMesh({ services, binary, env: { PATH } });
    assertEquals(await attempt(mesh, ["read", `${mesh.data}/admin.json`]), { error: "NotCapable" });
    assertEquals(await attempt(mesh, ["import", `${mesh.data}/../mesh.json`]), {
      error: "TypeError",
    });
    assertEquals(mesh.all("warning"), []);
  },
);

binaryTest("the binary has workers by the deno that it finds, else processes", async () => {
  const { binary, emptyPath } = await compileOnce();
  const text = "export default { fetch: () => new Response(String(Deno.pid)) };";
  const worker = { runtime: "worker", startTimeout: "60s" };
  const services = {
    one: { entry: "./one.js", ...worker },
    other: { entry: "./other.js", ...worker },
  };
  const files = { "one.js": text, "other.js": text };
  const PATH = `${emptyPath}:${dirname(Deno.execPath())}`;
  await using mesh = await startMesh({ services, files, binary, env: { PATH } });
  assertEquals(await mesh.text("/one/"), await mesh.text("/other/"));
  await mesh.stop();
  await using alone = await startMesh({ services, files, binary, env: { PATH: emptyPath } });
  await alone.event("warning", { reason: "runs in a process of its own, not as a worker" });
  assertNotEquals(await alone.text("/one/"), await alone.text("/other/"));
});

binaryTest("the binary calls itself smmp, and knows no other name", async () => {
  const help = await runBinary("--help");
  assertEquals(help.code, 0);
  assertMatch(help.text, /^Usage: smmp COMMAND/m);
  const mistake = await runBinary("pss");
  assertEquals(mistake.code, 2);
  assertMatch(mistake.text, /Help: smmp --help/);
  const lonely = await runBinary("ps", "--data", "/nowhere");
  assertEquals(lonely.code, 1);
  const bundling = await runBinary("bundle", `${PROJECT}examples/hello`);
  assertMatch(bundling.text, /Cannot bundle: it needs deno on the PATH/);
  for (const { text } of [help, mistake, lonely]) assert(!text.includes("deno task"), text);
});

binaryTest("the binary keeps spares, in a sandbox of their own", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  const entry = `${folder}/greet.ts`;
  await Deno.writeTextFile(entry, SPARE_SERVICE);
  await withBundles({ services: { greet: { entry, warm: 1 } } }, async (bundles) => {
    await using mesh = await startAlone(bundles);
    const ask = (path: string) => mesh.text(`/greet${path}`);
    await askUntil(ask, ({ wasSpare = false }) => wasSpare);
    await mesh.stop();
  });
  await Deno.remove(folder, { recursive: true });
});
