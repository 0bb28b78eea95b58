import { assertEquals } from "@std/assert";
import { DistributedMesh } from "../meshes/distributed_mesh.ts";
import { type MeshProcess, startMesh } from "../meshes/mesh_process.ts";

const PROBE = await Deno.readTextFile(new URL("../services/probe.ts", import.meta.url));

/** What a service has closed to it, in whatever it runs. */
const RUNTIMES = [{ runtime: "process" }, { runtime: "worker" }, { runtime: "worker", warm: 0 }];

async function attempt(mesh: MeshProcess, what: readonly [string, string]): Promise<unknown> {
  const [way, target] = what;
  const query = new URLSearchParams({ what: target });
  return await (await mesh.fetch(`/thief/${way}?${query}`)).json();
}

/** A folder with a service `thief` that has a folder of its own. */
async function thiefFolder(code: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  await Deno.mkdir(`${folder}/thief/deep`, { recursive: true });
  await Deno.writeTextFile(`${folder}/thief/mod.ts`, code);
  return folder;
}

function startThief(folder: string, settings: Record<string, unknown>): Promise<MeshProcess> {
  const services = { thief: { entry: "./thief/mod.ts", ...settings } };
  return startMesh({ services, folder, isFolderOurs: true });
}

for (const runtime of RUNTIMES) {
  const what = Object.values(runtime).join(" ");

  Deno.test(`${what}: no link leads a service to what belongs to the mesh`, async () => {
    const folder = await thiefFolder(PROBE);
    const own = `${folder}/thief`;
    await Deno.symlink("../data", `${own}/data`);
    await Deno.symlink("../../data/admin.json", `${own}/deep/file`);
    await Deno.symlink("/", `${own}/all`);
    await Deno.symlink("/proc/self/cwd/..", `${own}/cwd`);
    await Deno.symlink("deep", `${own}/by`);
    await Deno.mkdir(`${folder}/beside`);
    await Deno.symlink(`${folder}/data`, `${folder}/beside/out`);
    await Deno.symlink("../beside", `${own}/beside`);
    await Deno.symlink("data", `${folder}/granted`);
    await Deno.symlink(folder, `${folder}/above`);
    await Deno.symlink("beside", `${folder}/passed`);
    const places = ["./granted", "./above/beside", "./passed/out"];
    const permissions = { read: places, write: places };
    await using mesh = await startThief(folder, { ...runtime, permissions });
    assertEquals(await attempt(mesh, ["read", `${own}/mod.ts`]), { value: PROBE.length });
    const ways = [
      `${own}/data/admin.json`,
      `${own}/deep/file`,
      `${own}/all${folder}/data/admin.json`,
      `${own}/cwd/data/admin.json`,
      `${own}/by/file`,
      `${own}/beside/out/admin.json`,
      `${folder}/granted/admin.json`,
      `${folder}/above/beside/out/admin.json`,
      `${folder}/passed/out/admin.json`,
      `${folder}/data/admin.json`,
    ];
    for (const way of ways) {
      assertEquals(await attempt(mesh, ["read", way]), { error: "NotCapable" }, way);
      assertEquals(await attempt(mesh, ["fetch", `file://${way}`]), { error: "NotCapable" }, way);
      assertEquals(await attempt(mesh, ["write", way]), { error: "NotCapable" }, way);
    }
    // Nobody could be kept from one that is made after the start, so none can be.
    assertEquals(await attempt(mesh, ["link", `${own}/made`]), { error: "NotCapable" });
  });

  for (
    const [way, code] of [
      ["an import", `import told from "../data/admin.json" with { type: "json" };`],
      ["an import of a text", `import told from "../data/admin.json" with { type: "text" };`],
      [
        "a late import",
        `const told = await import("../data/admin.json", ${"{with:{type:'json'}}"});`,
      ],
      ["a link", `import told from "./data/admin.json" with { type: "json" };`],
      ["an import map", `import told from "told" with { type: "json" };`],
    ] as const
  ) {
    Deno.test(`${what}: by ${way} no service reads what belongs to the mesh`, async () => {
      const folder = await thiefFolder(
        `${code}\nexport default { fetch: () => Response.json({ told }) };`,
      );
      await Deno.symlink("../data", `${folder}/thief/data`);
      const config = { unstable: ["raw-imports"], imports: { told: "../data/admin.json" } };
      await Deno.writeTextFile(`${folder}/thief/deno.json`, JSON.stringify(config));
      await using mesh = await startThief(folder, runtime);
      const { token } = JSON.parse(await Deno.readTextFile(`${mesh.data}/admin.json`));
      const answer = await mesh.text("/thief/");
      assertEquals([answer.includes(token), /Requires read access/.test(answer)], [false, true]);
    });
  }
}

for (const runtime of ["process", "worker"]) {
  for (const file of ["mesh.json", "key"]) {
    Deno.test(`${runtime}: no service imports ${file} that it may not read`, async () => {
      const code = `import told from "../${file}" with { type: "text" };
        export default { fetch: () => Response.json({ told }) };`;
      const folder = await thiefFolder(code);
      const config = { unstable: ["raw-imports"] };
      await Deno.writeTextFile(`${folder}/thief/deno.json`, JSON.stringify(config));
      const services = {
        thief: { entry: "./thief/mod.ts", runtime },
        probe: { env: { PASSWORD: "of the probe" }, secrets: { KEY: "./key" } },
      };
      const files = { key: "of the probe" };
      await using mesh = await startMesh({ services, files, folder, isFolderOurs: true });
      const answer = await mesh.text("/thief/");
      const isTold = answer.includes("of the probe");
      assertEquals([isTold, /Requires read access/.test(answer)], [false, true], answer);
      assertEquals(await mesh.text("/probe/env?what=KEY"), `{"value":"of the probe"}`);
    });
  }

  Deno.test(`${runtime}: a service that may read the folder of the mesh does so`, async () => {
    const folder = await thiefFolder(PROBE);
    const permissions = { read: ["."] };
    await using mesh = await startThief(folder, { permissions, runtime });
    const { size } = await Deno.stat(`${folder}/mesh.json`);
    assertEquals(await attempt(mesh, ["read", `${folder}/mesh.json`]), { value: size });
  });
}

Deno.test("a service reads nothing of other roles that were started beside its agent", async () => {
  await using mesh = await DistributedMesh.make();
  await Deno.mkdir(`${mesh.folder}/.smmp/manager`, { recursive: true });
  await Deno.writeTextFile(`${mesh.folder}/.smmp/manager/admin.json`, `"of the manager"`);
  const code = `import told from "./.smmp/manager/admin.json" with { type: "json" };
    export default { fetch: () => Response.json({ told }) };`;
  await Deno.writeTextFile(`${mesh.folder}/thief.ts`, code);
  await mesh.startManager();
  const { listen } = await mesh.startAgent("a1", { thief: { entry: `${mesh.folder}/thief.ts` } });
  await mesh.startGateway(listen);
  const answer = await (await fetch(`${mesh.gatewayUrl}/thief/`)).text();
  const isTold = answer.includes("of the manager");
  assertEquals([isTold, answer.includes("Requires read access")], [false, true], answer);
});

Deno.test("a service imports what is beside its folder, and may not read it", async () => {
  const code = `import { word } from "../word.ts";
    const name = "../" + "late.ts";
    const late = await import(name).then(() => "imported", (error) => error.name);
    const read = await Deno.permissions.query({ name: "read", path: "/" });
    export default { fetch: () => Response.json({ word, late, read: read.state }) };`;
  const folder = await thiefFolder(code);
  await Deno.writeTextFile(`${folder}/word.ts`, `export const word = "beside";`);
  await Deno.writeTextFile(`${folder}/late.ts`, "");
  await using mesh = await startThief(folder, {});
  const told = { word: "beside", late: "TypeError", read: "prompt" };
  assertEquals(await (await mesh.fetch("/thief/")).json(), told);
});

Deno.test("a service is not started from the folder that is closed to it", async () => {
  const folder = await thiefFolder(PROBE);
  const services = { thief: { entry: "./thief/mod.ts" } };
  await using mesh = await startMesh({ services, folder, isFolderOurs: true, data: folder });
  const answer = await mesh.fetch("/thief/");
  const text = await answer.text();
  assertEquals([answer.status, text.includes("closed to all services")], [503, true], text);
});
