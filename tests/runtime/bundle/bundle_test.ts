import { assert, assertEquals, assertMatch } from "@std/assert";
import { loadMesh } from "../../../runtime/config/load_mesh.ts";
import { runCommandLine } from "../../../runtime/cli/main.ts";
import { type CapturedIO, captureIO } from "../cli/captured_io.ts";
import { withFolder } from "../config/folder.ts";

const PLAIN = 'export default { fetch: () => new Response("plain") };\n';

/** A service that uses every way to import that a service has. */
const SHOP = {
  "shop/deno.json": JSON.stringify({
    imports: {
      "hono": "npm:hono@4.13.19",
      "hono/jsx/jsx-runtime": "npm:hono@4.13.19/jsx/jsx-runtime",
      "#prices": "./prices.ts",
    },
    compilerOptions: { jsx: "react-jsx", jsxImportSource: "hono/jsx" },
  }),
  "shop/mod.ts": `
    import { Hono } from "hono";
    import superjson from "npm:superjson@2.2.6";
    import { join } from "node:path";
    import { price } from "#prices";
    import { Page } from "./page.tsx";
    import data from "./data.json" with { type: "json" };
    const app = new Hono();
    app.get("/", async (context) => {
      const { late } = await import("./late.ts");
      const date = superjson.serialize(new Date(0)).json;
      const text = [price, join("a", "b"), data.currency, late, date].join(" ");
      return context.html(String(Page({ text })));
    });
    export default app;
  `,
  "shop/prices.ts": "export const price: number = 7;\n",
  "shop/page.tsx": "export const Page = ({ text }: { text: string }) => <p>{text}</p>;\n",
  "shop/data.json": '{ "currency": "EUR" }\n',
  "shop/late.ts": 'export const late: string = "late";\n',
};

async function bundle(mesh: string, out: string): Promise<CapturedIO & { readonly code: number }> {
  const io = captureIO();
  const code = await runCommandLine(["bundle", mesh, "--out", out], io);
  return Object.assign(io, { code });
}

/** What a file answers by itself: in a folder of its own, where no name means anything. */
async function answerOf(file: string): Promise<string> {
  const source = `
    import service from ${JSON.stringify(`file://${file}`)};
    const response = await service.fetch(new Request("http://shop.mesh/"));
    console.log(await response.text());
  `;
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  try {
    await Deno.writeTextFile(`${folder}/main.js`, source);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-npm", "--no-remote", "main.js"],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    return decoder.decode(stdout).trim() + decoder.decode(stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("bundle puts everything that a service imports into its one file", async () => {
  await withFolder(SHOP, async (folder) => {
    const out = `${folder}/out`;
    const { code, err } = await bundle(folder, out);
    assertEquals([code, err], [0, ""]);
    await Deno.remove(`${folder}/shop`, { recursive: true });
    const text = "<p>7 a/b EUR late 1970-01-01T00:00:00.000Z</p>";
    assertEquals(await answerOf(`${out}/shop/mod.js`), text);
  });
});

Deno.test("bundle keeps what mesh.json says, but for the entries", async () => {
  const document = {
    name: "small",
    services: {
      one: { entry: "src/first.ts", plugs: ["two"], idle: "9s" },
      two: { permissions: { read: ["./data"], env: ["TZ"] }, env: { MODE: "test" } },
    },
    routes: { "/one": "one", "/v1": { service: "one", keepPrefix: true } },
  };
  const files = {
    "mesh.json": JSON.stringify({ $schema: "../mesh.schema.json", ...document }),
    "src/first.ts": PLAIN,
    "two.ts": PLAIN,
  };
  await withFolder(files, async (folder) => {
    const out = `${folder}/out`;
    const io = await bundle(folder, out);
    assertEquals([io.code, io.err], [0, ""]);
    assertMatch(io.out, /two may read data: only code is in a bundle/);
    const { one, two } = document.services;
    assertEquals(JSON.parse(await Deno.readTextFile(`${out}/mesh.json`)), {
      ...document,
      services: { one: { ...one, entry: "./one.js" }, two: { ...two, entry: "./two.js" } },
    });
    const { services } = await loadMesh(out);
    assertEquals(services.get("two")?.permissions.read, [`${out}/data`]);
  });
});

Deno.test("bundle leaves programs and ports as they are, and tells what to copy", async () => {
  const cache = { command: ["redis-server"], protocol: "tcp" };
  const mesh = { services: { one: {}, cache }, ports: { "6379": "cache" } };
  await withFolder({ "in/one.ts": PLAIN, "in/mesh.json": JSON.stringify(mesh) }, async (folder) => {
    const out = `${folder}/out`;
    const io = await bundle(`${folder}/in`, out);
    assertMatch(io.out, /^cache is a program: copy its files/m);
    assertEquals((await bundle(`${folder}/in`, out)).code, 0);
    const { services, ports } = await loadMesh(out);
    assertEquals(services.get("cache")?.program?.protocol, "tcp");
    assertEquals(ports, [{ port: 6_379, service: "cache" }]);
    const programs = { services: { cache }, ports: {} };
    await Deno.writeTextFile(`${folder}/in/mesh.json`, JSON.stringify(programs));
    assertMatch((await bundle(`${folder}/in`, out)).err, /all of its services are programs/);
  });
});

Deno.test("bundle says of a folder without mesh.json what it means", async () => {
  await withFolder({ "one.ts": PLAIN, "two/mod.ts": PLAIN }, async (folder) => {
    const out = `${folder}/out`;
    assertEquals((await bundle(folder, out)).code, 0);
    const { services, routes } = await loadMesh(out);
    const found = [...services.values()].map(({ name, entry, plugs }) => [name, entry, plugs]);
    assertEquals(found, [["one", `${out}/one.js`, "*"], ["two", `${out}/two/mod.js`, "*"]]);
    assertEquals(routes.map(({ path, service }) => [path, service]), [
      ["/one", "one"],
      ["/two", "two"],
    ]);
  });
});

Deno.test("bundle tells of each service why it can't be a file, and changes nothing", async () => {
  const files = {
    "fine.ts": PLAIN,
    "gone.ts": 'import "./nowhere.ts";\n',
    "bare.ts": 'import "nobody-mapped-this";\n',
    "broken.ts": "export default {\n",
  };
  await withFolder(files, async (folder) => {
    const out = `${folder}/out`;
    const io = await bundle(folder, out);
    assertEquals([io.code, io.out], [1, ""]);
    assertMatch(io.err, /^Cannot bundle "gone": .*nowhere\.ts/m);
    assertMatch(io.err, /^Cannot bundle "bare": .*nobody-mapped-this/m);
    assertMatch(io.err, /^Cannot bundle "broken": /m);
    assert(!/fine|backtrace|experimental/i.test(io.err), io.err);
    assertEquals([...Deno.readDirSync(out)], []);
  });
});

Deno.test("bundle replaces bundles, and nothing that somebody wrote", async () => {
  await withFolder({ "in/one.ts": PLAIN, "mine/mesh.json": "{}" }, async (folder) => {
    const mesh = `${folder}/in`;
    assertEquals((await bundle(mesh, `${folder}/out`)).code, 0);
    await Deno.writeTextFile(`${mesh}/one.ts`, PLAIN.replace("plain", "changed"));
    assertEquals((await bundle(mesh, `${folder}/out`)).code, 0);
    assertEquals(await answerOf(`${folder}/out/one.js`), "changed");
    assertMatch((await bundle(mesh, mesh)).err, /Cannot write bundles to ".*": the mesh itself/);
    await Deno.writeTextFile(`${folder}/mine/one.js`, PLAIN);
    assertMatch((await bundle(mesh, `${folder}/mine`)).err, /its one\.js is no bundle/);
    assertEquals(await Deno.readTextFile(`${folder}/mine/one.js`), PLAIN);
    await Deno.writeTextFile(`${folder}/mine/mesh.json`, '{ "services": { "a": {} } }');
    await Deno.remove(`${folder}/mine/one.js`);
    assertMatch((await bundle(mesh, `${folder}/mine`)).err, /its mesh\.json is of something else/);
  });
});
