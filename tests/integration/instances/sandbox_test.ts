import { assertEquals } from "@std/assert";
import { type MeshProcess, startMesh } from "../meshes/mesh_process.ts";

const SERVICES = new URL("../services/", import.meta.url).pathname;

async function attempt(mesh: MeshProcess, what: readonly [string, string]): Promise<unknown> {
  const [way, target] = what;
  const query = new URLSearchParams({ what: target });
  return await (await mesh.fetch(`/probe/${way}?${query}`)).json();
}

/** What a service is restricted in the same way in. */
const RUNTIMES = [{ runtime: "process" }, { runtime: "worker" }, { runtime: "worker", warm: 0 }];

for (const runtime of RUNTIMES) {
  const what = Object.values(runtime).join(" ");
  Deno.test(`${what}: it may read its own file and reach the loopback, nothing else`, async () => {
    await using mesh = await startMesh({ services: { probe: runtime } });
    await isConfined(mesh);
  });
}

async function isConfined(mesh: MeshProcess): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const { port } = listener.addr;
  assertEquals(await attempt(mesh, ["net", `127.0.0.1:${port}`]), { value: null });
  (await accepted).close();
  const size = (await Deno.stat(`${SERVICES}probe.ts`)).size;
  assertEquals(await attempt(mesh, ["read", `${SERVICES}probe.ts`]), { value: size });
  const refused = [
    ["read", `${SERVICES}echo.ts`],
    ["read", `${mesh.data}/admin.json`],
    ["read", "/proc/self/environ"],
    ["write", `${mesh.folder}/written`],
    ["write", `${SERVICES}probe.ts`],
    ["run", "true"],
    ["env", "PATH"],
    ["env", "SMMP_START_"],
    ["environment", ""],
    ["net", "192.0.2.1:80"],
    ["net", "0.0.0.0:80"],
  ] as const;
  for (const one of refused) {
    assertEquals(await attempt(mesh, one), { error: "NotCapable" }, one.join(" "));
  }
  assertEquals(await attempt(mesh, ["import", `${SERVICES}echo.ts`]), { error: "TypeError" });
  // The token of its start is gone, so nothing that runs in it later can pose as the instance.
  assertEquals(await attempt(mesh, ["env", "SMMP_START"]), { value: null });
}

Deno.test("a worker gets what it declares, and only that of its environment", async () => {
  const file = await Deno.makeTempFile({ prefix: "smmp-test-" });
  try {
    const permissions = { read: [file], write: [file], env: ["GIVEN"] };
    await using mesh = await startMesh({
      services: { probe: { permissions, env: { SET: "by the mesh" }, runtime: "worker" } },
      env: { GIVEN: "by its user", SECRET: "of its user" },
    });
    assertEquals(await attempt(mesh, ["write", file]), { value: null });
    assertEquals(await attempt(mesh, ["read", file]), { value: "written".length });
    assertEquals(await attempt(mesh, ["env", "GIVEN"]), { value: "by its user" });
    assertEquals(await attempt(mesh, ["env", "SET"]), { value: "by the mesh" });
    assertEquals(await attempt(mesh, ["env", "SECRET"]), { error: "NotCapable" });
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a service gets what it declares, and only that of its environment", async () => {
  const file = await Deno.makeTempFile({ prefix: "smmp-test-" });
  try {
    const permissions = { read: [file], write: [file], run: ["true"], env: ["GIVEN"] };
    await using mesh = await startMesh({
      services: { probe: { permissions, env: { SET: "by the mesh" } } },
      env: { GIVEN: "by its user", SECRET: "of its user" },
    });
    assertEquals(await attempt(mesh, ["write", file]), { value: null });
    assertEquals(await attempt(mesh, ["read", file]), { value: "written".length });
    assertEquals(await attempt(mesh, ["run", "true"]), { value: 0 });
    assertEquals(await attempt(mesh, ["env", "GIVEN"]), { value: "by its user" });
    assertEquals(await attempt(mesh, ["env", "SET"]), { value: "by the mesh" });
    assertEquals(await attempt(mesh, ["env", "SECRET"]), { error: "NotCapable" });
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a service gets no variable of its user into its environment unasked", async () => {
  await using mesh = await startMesh({
    services: { parent: { permissions: { run: ["sleep"] } } },
    env: { SECRET: "of its user" },
  });
  const { pid } = await (await mesh.fetch("/parent/")).json();
  const variables = await Deno.readTextFile(`/proc/${pid}/environ`);
  assertEquals(variables.includes("SECRET"), false);
});

Deno.test("a service may read no more in what it has Deno run before it", async () => {
  const early = `globalThis.early = "ran";
    try { Deno.readTextFileSync("/etc/passwd"); globalThis.early = "read"; } catch {}`;
  const late = `import { one } from "./beside.ts";
    export default { fetch: () => new Response(globalThis.early + one) };`;
  const env = { NODE_OPTIONS: "--require ./early.cjs" };
  await using mesh = await startMesh({
    services: {
      late: { entry: "./late.ts", env, permissions: { read: ["./beside.ts"] } },
      blind: { entry: "./late.ts", env },
    },
    files: { "early.cjs": early, "late.ts": late, "beside.ts": "export const one = 1;" },
  });
  // Not every version of Deno has it.
  const told = await mesh.text("/late");
  assertEquals(["ran1", "undefined1"].includes(told), true, told);
  const { detail } = await (await mesh.fetch("/blind")).json();
  const refused = `error: Requires read access to "${mesh.folder}/beside.ts", run again with`;
  assertEquals(detail.includes(refused), true, detail);
  const { service, permission } = await mesh.event("instanceRefused", {});
  assertEquals({ service, permission }, { service: "blind", permission: "read" });
});

for (const runtime of ["process", "worker"]) {
  Deno.test(`${runtime}: a service may have any name of a file`, async () => {
    const text = await Deno.readTextFile(`${SERVICES}probe.ts`);
    const entry = "a#b?c%20d 'e' \"f\" \\ é.ts";
    const services = { probe: { entry, runtime } };
    await using mesh = await startMesh({ services, files: { [entry]: text } });
    assertEquals(await attempt(mesh, ["read", `${mesh.folder}/${entry}`]), { value: text.length });
  });
}
