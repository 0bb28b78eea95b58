import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../../runtime/config/config_error.ts";
import { loadMesh } from "../../../runtime/config/load_mesh.ts";
import { SERVICE_DEFAULTS } from "../../../runtime/config/mesh_config.ts";
import { withFolder } from "./folder.ts";

const SERVICE = "export default { fetch: () => new Response() };";

/** The mesh of a folder with these files. */
async function meshOf(files: Record<string, string>) {
  let mesh: Awaited<ReturnType<typeof loadMesh>> | undefined;
  await withFolder(files, async (folder) => {
    mesh = await loadMesh(folder);
  });
  assert(mesh !== undefined);
  return mesh;
}

/** The problems of a folder with these files, each as `line:column path: message`. */
async function problemsOf(files: Record<string, string>): Promise<string[]> {
  let lines: string[] = [];
  await withFolder(files, async (folder) => {
    const error = await assertRejects(() => loadMesh(folder), ConfigError);
    lines = error.problems.map(({ path, message, position }) => {
      const place = position ? `${position.line}:${position.column} ` : "";
      return `${place}${path}: ${message}`.replaceAll(folder, "DIR");
    });
  });
  return lines;
}

/** The problems of a mesh.json in a folder with the services greeter and counter. */
function problemsIn(document: unknown): Promise<string[]> {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  return problemsOf({ "mesh.json": text, "greeter.ts": SERVICE, "counter.ts": SERVICE });
}

Deno.test("loadMesh() makes every file of a folder a service that all may reach", async () => {
  const mesh = await meshOf({
    "greeter.ts": SERVICE,
    "counter/mod.ts": SERVICE,
    "legacy.js": SERVICE,
    "page.tsx": SERVICE,
    "_shared.ts": "",
    ".hidden.ts": "",
    "greeter.test.ts": "",
    "greeter_test.ts": "",
    "types.d.ts": "",
    "README.md": "",
    "data/counts.sqlite": "",
  });
  assertEquals([...mesh.services.keys()], ["counter", "greeter", "legacy", "page"]);
  assertEquals(mesh.services.get("counter"), {
    ...SERVICE_DEFAULTS,
    name: "counter",
    entry: `${mesh.folder}/counter/mod.ts`,
    plugs: "*",
  });
  assertEquals(mesh.routes[1], { path: "/greeter", service: "greeter", keepPrefix: false });
  assertEquals(mesh.file, undefined);
  assert(mesh.folder.endsWith(mesh.name));
});

Deno.test("loadMesh() explains which files of a folder cannot be services", async () => {
  const files = { "My_App.ts": "", "twice.ts": "", "twice/mod.ts": "", "mesh.ts": "" };
  const problems = await problemsOf(files);
  assertEquals(problems.length, 3);
  assert(problems[0]?.startsWith(": Cannot make a service of DIR/My_App.ts: expected a name"));
  assert(problems[1]?.includes('expected a name that is not reserved, found "mesh"'));
  assert(problems[2]?.includes("DIR/twice/mod.ts: it is also DIR/twice.ts; rename it"));
});

Deno.test("loadMesh() finds no mesh in an empty folder, nothing or other files", async () => {
  assert((await problemsOf({}))[0]?.includes("expected a service, such as greeter.ts"));
  await withFolder({ "greeter.ts": SERVICE }, async (folder) => {
    await assertRejects(() => loadMesh(`${folder}/none`), ConfigError, "found nothing there");
    await assertRejects(() => loadMesh(`${folder}/greeter.ts/x`), ConfigError, "found nothing");
    await assertRejects(() => loadMesh(`${folder}/greeter.ts`), ConfigError, "another file");
  });
});

Deno.test("loadMesh() reads everything that mesh.json can say", async () => {
  const document = {
    $schema: "../../docs/mesh.schema.json",
    name: "hello",
    services: {
      greeter: {
        entry: "./greeter.ts",
        plugs: ["counter"],
        idle: { connection: "10s", service: "2m" },
        startTimeout: "20s",
        grace: "1s",
        permissions: {
          read: ["./data"],
          write: ["/var/data"],
          net: ["api.example.com:443"],
          env: ["LANG"],
          run: ["git", "./tool"],
          import: ["jsr.io"],
        },
        env: { GREETING: "hi" },
      },
      counter: { idle: "5s" },
    },
    routes: {
      "/greeter": "greeter",
      "Shop.example.com/": "counter",
      "/api/": { service: "counter", keepPrefix: true },
    },
  };
  const files = { "mesh.json": JSON.stringify(document), "greeter.ts": "", "counter/mod.ts": "" };
  const { folder, services, routes, ...mesh } = await meshOf(files);
  assertEquals(mesh, { name: "hello", file: `${folder}/mesh.json` });
  assertEquals(services.get("greeter"), {
    name: "greeter",
    entry: `${folder}/greeter.ts`,
    plugs: ["counter"],
    idle: { connectionMs: 10_000, serviceMs: 120_000 },
    startTimeoutMs: 20_000,
    graceMs: 1_000,
    permissions: {
      read: [`${folder}/data`],
      write: ["/var/data"],
      net: ["api.example.com:443"],
      env: ["LANG"],
      run: ["git", `${folder}/tool`],
      sys: [],
      ffi: [],
      import: ["jsr.io"],
    },
    env: { GREETING: "hi" },
  });
  const counter = services.get("counter");
  assertEquals(counter?.entry, `${folder}/counter/mod.ts`);
  assertEquals(counter?.idle, { connectionMs: 5_000, serviceMs: 5_000 });
  assertEquals(counter?.plugs, []);
  assertEquals(counter?.permissions, SERVICE_DEFAULTS.permissions);
  assertEquals(routes, [
    { path: "/greeter", service: "greeter", keepPrefix: false },
    { host: "shop.example.com", path: "/", service: "counter", keepPrefix: false },
    { path: "/api", service: "counter", keepPrefix: true },
  ]);
});

Deno.test("loadMesh() takes the services of the folder when mesh.json names none", async () => {
  const mesh = await meshOf({ "mesh.json": '{"routes": {"/": "a"}}', "a.ts": "", "b.ts": "" });
  assertEquals([...mesh.services.keys()], ["a", "b"]);
  assertEquals(mesh.services.get("a")?.plugs, "*");
  assertEquals(mesh.routes.length, 1);
});

Deno.test("loadMesh() says where JSON is broken", async () => {
  const lines = await problemsIn('{\n  "routes": {"/": "greeter",}\n}');
  assertEquals(lines, ['2:29 : the comma before "}" is one too many']);
});

Deno.test("loadMesh() reports all that is wrong at once, in the order of the file", async () => {
  const text = `{
  "nam": "x",
  "services": {
    "greeter": {
      "entri": "greeter.ts",
      "plugs": ["counter", 3, "countr", "counter"],
      "idle": "30",
      "grace": 5,
      "permissions": { "net": ["https://example.com"], "raed": [] },
      "env": { "SMMP_TOKEN": "x", "A-B": "y" }
    },
    "counter": { "entry": "cuonter.ts" },
    "Bad_Name": { "entry": "https://example.com/x.ts" },
    "lost": { "idle": { "service": "1ms", "connexion": "1s" }, "plugs": "counter" }
  },
  "routes": {
    "greeter": "greeter",
    "/a": "greter",
    "/b/": { "service": "counter", "keepPrefx": true },
    "/b": "counter",
    "/c": { "keepPrefix": true },
    "/d": 4,
    "/a": "counter"
  }
}`;
  assertEquals(await problemsIn(text), [
    '2:3 nam: unknown key "nam": did you mean "name"?',
    '5:7 services.greeter.entri: unknown key "entri": did you mean "entry"?',
    '6:7 services.greeter.plugs: expected a service, found "countr": did you mean "counter"?',
    '6:7 services.greeter.plugs: expected each service once, found "counter" again',
    "6:28 services.greeter.plugs[1]: expected a text, found the number 3",
    '7:7 services.greeter.idle: Cannot read the duration "30": it has no unit, did you mean "30s"',
    "8:7 services.greeter.grace: expected a text, found the number 5",
    "9:32 services.greeter.permissions.net[0]: expected a host or host:port, such as " +
    "api.example.com:443",
    '9:56 services.greeter.permissions.raed: unknown key "raed": did you mean "read"?',
    "10:16 services.greeter.env.SMMP_TOKEN: variables that start with SMMP_ are set by the agent",
    "10:35 services.greeter.env.A-B: expected a variable's name of letters, digits and _, found " +
    "this one",
    "12:18 services.counter.entry: expected a file, found none at DIR/cuonter.ts",
    "13:5 services.Bad_Name: expected a name of a lower-case letter, then at most 62 lower-case " +
    'letters, digits and dashes, found "Bad_Name"',
    '13:19 services.Bad_Name.entry: expected the path of a file, found "https://example.com/x.ts"',
    "14:5 services.lost: expected an entry, or one of these files: DIR/lost.ts, DIR/lost.js, " +
    "DIR/lost.tsx, DIR/lost/mod.ts",
    '14:25 services.lost.idle.service: Cannot use the duration "1ms": it must be between 100ms ' +
    "and 30d",
    '14:43 services.lost.idle.connexion: unknown key "connexion": did you mean "connection"?',
    '14:64 services.lost.plugs: expected "*" or a list, found "counter"',
    '17:5 routes.greeter: expected a path that starts with "/", or a host and a path: did you ' +
    'mean "/greeter"?',
    '19:36 routes["/b/"].keepPrefx: unknown key "keepPrefx": did you mean "keepPrefix"?',
    '20:5 routes["/b"]: expected each route once, found "/b" again',
    '21:5 routes["/c"].service: expected a text, found nothing',
    '22:5 routes["/d"]: expected a text or an object, found the number 4',
    '23:5 routes["/a"]: expected each key once, found it again',
  ]);
});

Deno.test("loadMesh() names the nearest service for a route that leads nowhere", async () => {
  const services = { greeter: {}, counter: {} };
  const problems = await problemsIn({ services, routes: { "/a": "greter", "/b": "shop" } });
  assertEquals(problems.map((line) => line.slice(line.indexOf("expected"))), [
    'expected a service, found "greter": did you mean "greeter"?',
    'expected a service, found "shop": known are greeter, counter',
  ]);
});

Deno.test("loadMesh() lets the part of one host name services of others", async () => {
  const document = {
    services: { greeter: { plugs: ["elsewhere"] } },
    routes: { "/": "greeter", "/far": "elsewhere" },
  };
  const files = { "mesh.json": JSON.stringify(document), "greeter.ts": SERVICE };
  await withFolder(files, async (folder) => {
    const { services, routes } = await loadMesh(folder, { isPart: true });
    assertEquals(services.get("greeter")?.plugs, ["elsewhere"]);
    assertEquals(routes.map(({ service }) => service), ["greeter", "elsewhere"]);
  });
  assertEquals((await problemsIn(document)).length, 2);
});

Deno.test("loadMesh() lets the part of a gateway have routes only", async () => {
  for (const services of [{}, undefined]) {
    const files = { "mesh.json": JSON.stringify({ services, routes: { "/far": "elsewhere" } }) };
    await withFolder(files, async (folder) => {
      const { routes } = await loadMesh(folder, { isPart: true });
      assertEquals(routes.map(({ service }) => service), ["elsewhere"]);
      await assertRejects(() => loadMesh(folder), ConfigError);
    });
  }
});

Deno.test("loadMesh() asks for routes, because nothing else is reachable", async () => {
  const problems = await problemsIn({ services: { greeter: {} } });
  assertEquals(problems, ["routes: expected an object, found nothing"]);
});

Deno.test("loadMesh() refuses a permission that would grant more than it says", async () => {
  const services = { greeter: { permissions: { read: ["data,/"], write: [""] } } };
  const problems = await problemsIn({ services, routes: {} });
  assertEquals(problems.length, 2);
  assert(problems[0]?.includes("without a comma"));
});

Deno.test("loadMesh() bounds what it reads", async () => {
  assert((await problemsIn(" ".repeat(1_100_000)))[0]?.includes("is over 1048576 bytes"));
  await withFolder({}, async (folder) => {
    await Deno.writeFile(`${folder}/mesh.json`, new Uint8Array([0x22, 0xff, 0x22]));
    await assertRejects(() => loadMesh(folder), ConfigError, "expected UTF-8");
  });
});

Deno.test("ConfigError shows one line for each problem, with its place", async () => {
  await withFolder({ "mesh.json": '{"routes": {},\n "x": 1,\n "greeter": 2}' }, async (folder) => {
    const error = await assertRejects(() => loadMesh(folder), ConfigError);
    const lines = error.message.split("\n");
    assertEquals(lines[0], `Cannot use the mesh "${folder}/mesh.json": 3 problems`);
    assertEquals(
      lines[1]?.trim(),
      `${folder}/mesh.json: expected a service, such as greeter.ts ` +
        "or greeter/mod.ts, found none",
    );
    assertEquals(lines[2]?.trim().startsWith(`${folder}/mesh.json:2:2: x: unknown key`), true);
  });
});

Deno.test("loadMesh() refuses paths that the flags of Deno would take apart", async () => {
  const [problem] = await problemsIn({
    services: { greeter: { entry: "greeter,.ts" } },
    routes: {},
  });
  assert(problem?.includes("services.greeter.entry: expected a path without a comma"), problem);
  await withFolder({ "a,b/greeter.ts": SERVICE }, async (folder) => {
    const error = await assertRejects(() => loadMesh(`${folder}/a,b`), ConfigError);
    assert(error.message.includes("expected a path without a comma"), error.message);
  });
});
