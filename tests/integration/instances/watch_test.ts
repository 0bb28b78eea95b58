import { assertEquals, assertStringIncludes } from "@std/assert";
import { type MeshProcess, startMesh } from "../meshes/mesh_process.ts";

/** A service that answers with a word. */
function saying(word: string): string {
  return `export default { fetch: () => new Response("${word}") };\n`;
}

/** A mesh that is its folder, without mesh.json, and is watched. */
async function startWatched(files: Readonly<Record<string, string>>): Promise<MeshProcess> {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  const data = `${folder}/.data`;
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  return await startMesh({ folder, isFolderOurs: true, path: folder, data, isWatched: true });
}

/** Writes a file as editors do, and waits until it was noticed. */
async function edit(
  mesh: MeshProcess,
  file: string,
  { text, noticed = "repositoryChanged" }: { text: string; noticed?: string },
): Promise<void> {
  const place = mesh.events.length;
  const path = `${mesh.folder}/${file}`;
  await Deno.writeTextFile(`${path}~`, text);
  await Deno.rename(`${path}~`, path);
  await mesh.event(noticed, {}, place);
}

Deno.test("mesh --watch replaces the service that is edited, and no other", async () => {
  await using mesh = await startWatched({ "one.ts": saying("first"), "other.ts": saying("other") });
  assertEquals([await mesh.text("/one"), await mesh.text("/other")], ["first", "other"]);
  const { serviceID } = await mesh.event("instanceStarted", { service: "one" });
  await edit(mesh, "one.ts", { text: saying("second") });
  await mesh.event("instanceEnded", { serviceID: Number(serviceID), exitCode: 0 });
  assertEquals([await mesh.text("/one"), await mesh.text("/other")], ["second", "other"]);
  assertEquals((await mesh.times(1, "instanceStarted", { service: "other" })).length, 1);
  await mesh.stop();
});

Deno.test("mesh --watch takes the last of many edits", async () => {
  await using mesh = await startWatched({ "one.ts": saying("0") });
  await mesh.text("/one");
  for (let count = 1; count <= 20; count += 1) {
    await Deno.writeTextFile(`${mesh.folder}/one.ts`, saying(`${count}`));
  }
  await mesh.event("repositoryChanged");
  // One that comes while the successor starts counts too.
  await edit(mesh, "one.ts", { text: saying("last") });
  const { serviceID } = (await mesh.times(1, "instanceStarted", { service: "one" }))[0]!;
  await mesh.event("instanceEnded", { serviceID: Number(serviceID) });
  for (let place = 0;;) {
    if (await mesh.text("/one") === "last") break;
    place = mesh.events.indexOf(await mesh.event("instanceEnded", { service: "one" }, place)) + 1;
  }
  await mesh.stop();
});

Deno.test("mesh --watch keeps what runs when the edited script does not start", async () => {
  await using mesh = await startWatched({ "one.ts": saying("good") });
  assertEquals(await mesh.text("/one"), "good");
  await edit(mesh, "one.ts", { text: "export default {{\n" });
  const stays = await mesh.event("instanceLeaving", { service: "one", cause: "none" });
  assertStringIncludes(String(stays.reason), "Cannot replace it");
  await mesh.output(/one\.ts:1:/);
  assertEquals(await mesh.text("/one"), "good");
  await edit(mesh, "one.ts", { text: saying("mended") });
  await mesh.event("instanceEnded", { service: "one", exitCode: 0 });
  assertEquals(await mesh.text("/one"), "mended");
  await mesh.stop();
});

Deno.test("mesh --watch takes in services and routes that come, change and go", async () => {
  await using mesh = await startWatched({ "one.ts": saying("one") });
  await Deno.mkdir(`${mesh.folder}/two`);
  await edit(mesh, "two/mod.ts", { text: saying("two") });
  assertEquals(await mesh.text("/two"), "two");
  const services = { one: { env: { MOOD: "good" } } };
  await edit(mesh, "mesh.json", {
    text: JSON.stringify({ services, routes: { "/uno": "one" } }),
  });
  await mesh.event("instanceEnded", { service: "two", exitCode: 0 });
  assertEquals(await mesh.text("/uno"), "one");
  const gone = await mesh.fetch("/two");
  assertEquals([gone.status, (await gone.text()).includes("no route")], [404, true]);
  await edit(mesh, "mesh.json", { text: '{ "services": {} "routes": {} }', noticed: "warning" });
  const { reason } = await mesh.event("warning");
  assertStringIncludes(String(reason), "mesh.json:1:18");
  assertStringIncludes(String(reason), "the services before stay as they are");
  assertEquals(await mesh.text("/uno"), "one");
  await mesh.stop();
});
