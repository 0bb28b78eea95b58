import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type MeshOptions,
  type MeshProcess,
  PROJECT,
  spawnMesh,
  startMesh,
} from "../meshes/mesh_process.ts";

const HELLO = { path: `${PROJECT}examples/hello` };

/** Greets somebody whom nobody has greeted before, twice, from a mesh where nothing runs. */
async function greetTwice(options: MeshOptions): Promise<void> {
  await using mesh = await startMesh({ ...HELLO, ...options });
  const name = crypto.randomUUID();
  for (const visit of [1, 2]) {
    const text = await mesh.text(`/greeter/hello/${name}`);
    assertEquals(text, `Hello, ${name}! This is visit ${visit}.\n`);
  }
  const hidden = await mesh.fetch("/counter/visits");
  await hidden.body?.cancel();
  assertEquals(hidden.status, 404);
  await mesh.stop();
  const opened = mesh.all("connectionOpened");
  const edges = opened.map(({ service, destService }) => [service, destService]);
  assertEquals(edges, [["gateway", "greeter"], ["greeter", "counter"]]);
}

Deno.test("examples/hello greets, and counts in a service that only it may call", async () => {
  await greetTwice({});
});

const OTHER_DENO = Deno.env.get("DENO_COMPILE");
if (OTHER_DENO === undefined) {
  console.log("examples/hello under another Deno is not tested: DENO_COMPILE names none");
}

Deno.test({
  name: "examples/hello greets under the Deno that DENO_COMPILE names",
  ignore: OTHER_DENO === undefined,
  fn: () => greetTwice({ deno: OTHER_DENO ?? "" }),
});

async function line(mesh: MeshProcess, text: string | RegExp): Promise<string> {
  return String((await mesh.event("line", { text })).text);
}

Deno.test("mesh tells a person what there is, what happens and how it ends", async () => {
  await using mesh = await spawnMesh({ ...HELLO, isReadable: true });
  assertEquals(await line(mesh, /ready/), 'Mesh "hello" is ready.');
  const way = await line(mesh, /^ {2}greeter /);
  const url = /http:\/\/127\.0\.0\.1:\d+\/greeter/.exec(way)?.[0];
  assertMatch(way, /may call counter$/);
  assertMatch(await line(mesh, /^ {2}counter /), /not reachable from outside$/);
  await line(mesh, /^ {2}admin API +http:/);
  await line(mesh, /^Ctrl-C stops it/);
  await (await fetch(`${url}/hello/Ada`)).text();
  const happened = [
    /^\d\d:\d\d:\d\d.* {2}greeter#\d+ starting at agent local on plug \d+: gateway#\d+ asked/,
    / {2}greeter#\d+ started in \d+/,
    / {2}gateway#\d+ -> greeter#\d+ connected /,
    / {2}counter#\d+ starting .*: greeter#\d+ asked for it$/,
    / {2}greeter#\d+ -> counter#\d+ connected /,
  ];
  for (const pattern of happened) await line(mesh, pattern);
  mesh.signal("SIGINT");
  assertEquals((await mesh.ended()).code, 0);
  await line(mesh, /stopping: no new requests/);
  await line(mesh, /greeter#\d+ ended/);
  assertMatch(String(mesh.events.at(-1)?.text), /everything has ended$/);
  assertEquals(mesh.stderr, "");
});

Deno.test("mesh runs a folder without configuration, and shows what services print", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  try {
    const source = (text: string) => `export default { fetch: ${text} };\n`;
    await Deno.writeTextFile(`${folder}/one.ts`, source('() => fetch("http://two.mesh/x")'));
    await Deno.mkdir(`${folder}/two`);
    const two = 'import text from "./text.ts";\nconsole.log("two\\x1b[2J loads");\n';
    await Deno.writeTextFile(`${folder}/two/mod.ts`, two + source("() => new Response(text)"));
    await Deno.writeTextFile(`${folder}/two/text.ts`, 'export default "from two";\n');
    await using mesh = await spawnMesh({ path: folder, isReadable: true });
    const url = /http:.*\/one/.exec(await line(mesh, /^ {2}one /))?.[0] ?? "";
    await line(mesh, /^Ctrl-C stops it/);
    assertEquals(await (await fetch(url)).text(), "from two");
    assertEquals(await (await fetch(url.replace(/one$/, "two"))).text(), "from two");
    const printed = await line(mesh, "loads");
    assertMatch(printed, / {2}two#\d+ \| two/);
    assert(!printed.includes("\x1b[2J"), "a service could steer the terminal");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
