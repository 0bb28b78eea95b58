import { assert, assertEquals } from "@std/assert";
import { MeshProxy } from "../../../runtime/command/proxy.ts";
import { PROJECT, startMesh } from "../meshes/mesh_process.ts";
import { untilGone } from "../meshes/processes.ts";

const PYTHON = ["python3", new URL("./services/program.py", import.meta.url).pathname];

const PROXY = "MeshProxy asks for its password, tunnels into the mesh and passes on";
const CROWD = "MeshProxy closes who has shown no password before it refuses the program";

/** No entry: a command has none. */
const NO_ENTRY = { entry: undefined };

Deno.test("a program in Python is a service: started, asked, ended by SIGTERM", async () => {
  await using mesh = await startMesh({
    services: {
      app: {
        ...NO_ENTRY,
        command: PYTHON,
        ready: "/",
        secrets: { DB_PASSWORD: "./db" },
        env: { SET: "yes" },
      },
    },
    files: { db: "s3cret\n" },
    env: { UNNAMED: "of its user" },
  });
  const posted = await (await mesh.fetch("/app/a?b=c", { method: "POST", body: "hi" })).json();
  assertEquals(
    [posted.path, posted.method, posted.body, posted.secret, posted.host],
    ["/a?b=c", "POST", "hi", "s3cret", "app.mesh"],
  );
  assert(posted.env.includes("SET") && posted.env.includes("PORT"));
  for (const name of ["UNNAMED", "SMMP_START", "DENO_DIR"]) {
    assert(!posted.env.includes(name), name);
  }
  const got = await mesh.fetch("/app/");
  assertEquals(got.headers.getSetCookie(), ["a=1", "b=2"]);
  await got.body?.cancel();
  const { serviceID } = await mesh.event("instanceStarted");
  await (await mesh.admin(`/v1/instances/${serviceID}/stop`, { mode: "soft" })).body?.cancel();
  await mesh.event("instanceEnded", { service: "app" });
  await mesh.output("python heard SIGTERM");
  await untilGone([posted.pid], 5_000);
  await mesh.stop();
});

Deno.test("a program that ends ends its instance with its code, and is started anew", async () => {
  await using mesh = await startMesh({ services: { app: { ...NO_ENTRY, command: PYTHON } } });
  const crash = await mesh.fetch("/app/exit", { method: "POST" });
  assertEquals(crash.status, 502);
  await crash.body?.cancel();
  await mesh.event("instanceEnded", { service: "app", exitCode: 7 });
  assertEquals((await (await mesh.fetch("/app/again")).json()).path, "/again");
});

Deno.test("a start fails clearly without its program, its secret, or by its exit", async () => {
  await using mesh = await startMesh({
    services: {
      missing: { ...NO_ENTRY, command: ["no-such-program"] },
      secret: { ...NO_ENTRY, command: PYTHON, secrets: { KEY: "./nowhere" } },
      folder: { ...NO_ENTRY, command: PYTHON, secrets: { KEY: "." } },
      endless: { ...NO_ENTRY, command: PYTHON, secrets: { KEY: "/dev/zero" } },
      exits: { ...NO_ENTRY, command: ["sh", "-c", "echo it is broken >&2; exit 3"] },
    },
  });
  for (
    const [name, why] of [
      ["missing", 'Cannot run "no-such-program": there is no such program'],
      ["secret", 'Cannot give "secret" its KEY: there is no file'],
      ["folder", `its KEY: ${mesh.folder} is a folder, not a file`],
      ["endless", "its KEY: /dev/zero is a pipe, a socket or a device, not a file"],
      ["exits", "it is broken"],
    ]
  ) {
    const response = await mesh.fetch(`/${name}/`);
    assertEquals(response.status, 503);
    const { detail } = await response.json();
    assert(detail.includes(why), detail);
  }
});

Deno.test("what a shell script started is gone with it, also what ignores SIGTERM", async () => {
  const script = `trap '' TERM; sleep 1000 & exec ${PYTHON.join(" ")}`;
  await using mesh = await startMesh({
    services: { app: { ...NO_ENTRY, command: ["sh", "-c", script], grace: "1s" } },
  });
  const { pid } = await (await mesh.fetch("/app/")).json();
  await mesh.stop();
  await untilGone([pid], 5_000);
});

Deno.test("a program reaches services by the proxy, under the edges of its own", async () => {
  await using mesh = await startMesh({
    services: { app: { ...NO_ENTRY, command: PYTHON, plugs: ["echo"] }, echo: {}, caller: {} },
  });
  assertEquals(await mesh.text("/app/call/echo.mesh/who?id=a"), "a");
  assertEquals(await mesh.text("/app/call/echo.mesh/who?id=b"), "b");
  const refused = await mesh.fetch("/app/call/caller.mesh/");
  assertEquals(refused.status, 403);
  await refused.body?.cancel();
});

// The proxy listens for as long as its process runs, which here is that of the tests.
Deno.test({ name: PROXY, sanitizeResources: false, sanitizeOps: false }, async () => {
  const asked: string[] = [];
  const proxy = new MeshProxy((service, { url }) => {
    asked.push(`${service} ${url}`);
    return Promise.resolve(new Response("from the mesh"));
  });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    return new Response("from elsewhere");
  });
  const { host, username, password } = new URL(proxy.environment.HTTP_PROXY ?? "");
  const curl = async (...args: readonly string[]) => {
    const { stdout } = await new Deno.Command("curl", { args: ["-s", "--noproxy", "", ...args] })
      .output();
    return new TextDecoder().decode(stdout);
  };
  const url = `http://${username}:${password}@${host}`;
  assertEquals(await curl("-x", url, "http://a.mesh/b?c"), "from the mesh");
  assertEquals(await curl("-x", url, "-p", "http://a.mesh/d"), "from the mesh");
  assertEquals(asked, ["a http://a.mesh/b?c", "a http://a.mesh/d"]);
  const elsewhere = `http://127.0.0.1:${server.addr.port}/`;
  assertEquals(await curl("-x", url, elsewhere), "from elsewhere");
  assertEquals(await curl("-x", url, "-p", elsewhere), "from elsewhere");
  const refused = await curl("-x", `http://${host}`, "-w", "%{http_code}", "http://a.mesh/");
  assert(refused.endsWith("407"), refused);
});

Deno.test({ name: CROWD, sanitizeResources: false, sanitizeOps: false }, async () => {
  const proxy = new MeshProxy(() => Promise.resolve(new Response("from the mesh")), 2);
  const { port, username, password } = new URL(proxy.environment.HTTP_PROXY ?? "");
  const address = { hostname: "127.0.0.1", port: Number(port) };
  const ask = new TextEncoder().encode(
    `GET http://a.mesh/ HTTP/1.1\r\nproxy-authorization: Basic ${
      btoa(`${username}:${password}`)
    }\r\n\r\n`,
  );
  const known = await Deno.connect(address);
  const strangers = [];
  const answer = new Uint8Array(4_096);
  await known.write(ask);
  assert((await known.read(answer) ?? 0) > 0);
  for (let count = 0; count < 4; count += 1) strangers.push(await Deno.connect(address));
  for (const gone of strangers.slice(0, 3)) assertEquals(await gone.read(answer), null);
  await known.write(ask);
  assert((await known.read(answer) ?? 0) > 0);
  const late = await Deno.connect(address);
  await late.write(ask);
  assert((await late.read(answer) ?? 0) > 0);
  for (const open of [known, late, ...strangers]) open.close();
});

Deno.test("a program takes WebSockets", async () => {
  const script = `Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")) }, (r) => {
    const { socket, response } = Deno.upgradeWebSocket(r);
    socket.onmessage = ({ data }) => socket.send(\`echo \${data}\`);
    return response;
  })`;
  await using mesh = await startMesh({
    services: { app: { ...NO_ENTRY, command: [Deno.execPath(), "eval", script] } },
  });
  const socket = new WebSocket(`${mesh.gatewayUrl.replace("http", "ws")}/app/`);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  socket.onopen = () => socket.send("hello");
  socket.onmessage = ({ data }) => resolve(data);
  socket.onerror = reject;
  assertEquals(await promise, "echo hello");
  const closed = new Promise<number>((resolve) => socket.onclose = ({ code }) => resolve(code));
  socket.close(4001, "enough");
  assertEquals(await closed, 4001);
});

Deno.test("the example of many languages answers", async () => {
  await using mesh = await startMesh({ path: `${PROJECT}examples/polyglot` });
  assertEquals(await mesh.text("/shop/"), "An apple is 2.\n");
});

Deno.test("the example that speaks the protocol itself answers, and ends when asked", async () => {
  await using mesh = await startMesh({ path: `${PROJECT}examples/python` });
  assertEquals(await mesh.text("/hello/x?y"), "Hello from Python GET http://hello.mesh/x?y\n");
  const { serviceID } = await mesh.event("instanceStarted");
  await (await mesh.admin(`/v1/instances/${serviceID}/stop`, { mode: "soft" })).body?.cancel();
  await mesh.event("instanceEnded", { service: "hello", exitCode: 0 });
});
