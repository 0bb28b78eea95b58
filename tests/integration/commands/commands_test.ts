import { assert, assertEquals, assertMatch } from "@std/assert";
import { type CommandResult, runCommand } from "../meshes/command.ts";
import { type MeshProcess, startMesh } from "../meshes/mesh_process.ts";
import { untilGone } from "../meshes/processes.ts";

/** Runs a command for a mesh; it must succeed without a word on stderr. */
async function ask(mesh: MeshProcess, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(...args, "--data", mesh.data);
  assertEquals([code, stderr], [0, ""], args.join(" "));
  return stdout;
}

function assertUsageError({ code, stdout, stderr }: CommandResult, text: string): void {
  assertEquals([code, stdout], [2, ""]);
  assert(stderr.includes(text), stderr);
}

Deno.test("ps, agents, connections, graph and history show what a mesh does", async () => {
  await using mesh = await startMesh({ services: { caller: { plugs: ["echo"] }, echo: {} } });
  assertEquals(await mesh.text("/caller/fetch/echo/who?id=a"), "a");
  const { serviceID } = await mesh.event("instanceStarted", { service: "echo" });
  const ps = await ask(mesh, "ps");
  for (const name of ["gateway", "caller", "echo"]) {
    assertMatch(ps, new RegExp(`^ *\\d+ +${name} +running +local `, "m"));
  }
  assertMatch(await ask(mesh, "agents"), /^local +connected .* caller, echo$/m);
  const connections = await ask(mesh, "connections");
  assertMatch(connections, /^ *\d+ +gateway#\d+ +1 +caller#\d+ +\d+ +open /m);
  assertMatch(
    connections,
    new RegExp(`^ *\\d+ +caller#\\d+ +1 +echo#${serviceID} +\\d+ +open `, "m"),
  );
  const graph = await ask(mesh, "graph");
  assertMatch(graph, /^caller +1 running\n.*echo +1 connection$/m);
  const history = await ask(mesh, "history", "--service", "echo", "--since", "10m");
  assertMatch(
    history,
    new RegExp(` {2}echo#${serviceID} starting .*: caller#\\d+ asked for it$`, "m"),
  );
  assertMatch(history, new RegExp(` {2}echo#${serviceID} started in \\d`, "m"));
  assertMatch(history, new RegExp(` {2}caller#\\d+ -> echo#${serviceID} connected `, "m"));
  assertEquals(history.includes("gateway#"), false, history);
  assertMatch(await ask(mesh, "history", "--service", "nobody"), /there is no such service$/m);
});

Deno.test("ps, connections and history print JSON that a program can read", async () => {
  await using mesh = await startMesh();
  await mesh.text("/echo/who?id=a");
  const { serviceID, seq } = await mesh.event("instanceStarted", { service: "echo" });
  const ps = JSON.parse(await ask(mesh, "ps", "--json"));
  assertEquals(ps.items.at(-1).id, serviceID);
  assertEquals(JSON.parse(await ask(mesh, "connections", "--json")).items[0].to.id, serviceID);
  const history = JSON.parse(await ask(mesh, "history", "--json", "--limit", "1000"));
  assert(history.items.some((item: { seq: unknown }) => item.seq === seq));
  for (const command of ["agents", "graph"]) JSON.parse(await ask(mesh, command, "--json"));
});

Deno.test("stop lets a service finish, and kill does not", async () => {
  await using mesh = await startMesh();
  const first = await mesh.pidOf("echo");
  const { serviceID } = await mesh.event("instanceStarted");
  const slow = await mesh.fetch("/echo/slow");
  const stopped = await ask(mesh, "stop", String(serviceID));
  assert(stopped.includes("has ended"), stopped);
  assertEquals(await slow.text(), "0123456789");
  await untilGone([first], 0);
  const place = mesh.events.length;
  const second = await mesh.pidOf("echo");
  const next = await mesh.event("instanceStarted", {}, place);
  const held = mesh.fetch("/echo/hold?id=a", { method: "POST" });
  await mesh.output("holding a");
  await ask(mesh, "kill", String(next.serviceID));
  const response = await held;
  await response.body?.cancel();
  assertEquals(response.status, 502);
  await untilGone([second], 0);
});

Deno.test("close closes a connection after what it has in flight", async () => {
  await using mesh = await startMesh();
  const slow = await mesh.fetch("/echo/slow");
  const { connectionID } = await mesh.event("connectionOpened");
  await ask(mesh, "close", String(connectionID));
  await mesh.event("connectionClosed", { connectionID: Number(connectionID) });
  assertEquals(await slow.text(), "0123456789");
  assertEquals(mesh.all("instanceEnded"), []);
  assertEquals(await mesh.text("/echo/who?id=a"), "a");
});

Deno.test("call reaches a service that is not routed, and fails as it does", async () => {
  await using mesh = await startMesh({ services: { echo: {}, exits: {} }, routes: {} });
  assertEquals(await ask(mesh, "call", "echo", "/who?id=a"), "a");
  const args = ["--body", "text", "--header", "x-a: 1"];
  assertEquals(await ask(mesh, "call", "echo", "/upload", ...args), "text");
  const json = JSON.parse(await ask(mesh, "call", "echo", "/request", ...args, "--json"));
  assertEquals(json.status, 200);
  const request = JSON.parse(json.body);
  assertEquals([request.method, request.headers["x-a"]], ["POST", "1"]);
  const wrong = await runCommand("call", "echo", "/nowhere", "--data", mesh.data);
  assertEquals([wrong.code, wrong.stdout.trim()], [1, "echo /nowhere"]);
  assert(wrong.stderr.includes("404"), wrong.stderr);
  const failed = await runCommand("call", "exits", "/", "--data", mesh.data);
  assertEquals([failed.code, failed.stdout], [1, ""]);
  assert(failed.stderr.includes("no database"), failed.stderr);
});

Deno.test("commands say what is wrong with a number that names nothing", async () => {
  await using mesh = await startMesh();
  for (const command of ["stop", "kill", "close"]) {
    const { code, stdout, stderr } = await runCommand(command, "77", "--data", mesh.data);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^Cannot .*"77".*\n$/);
  }
});

Deno.test("commands say how to find a mesh when none runs, and after one was killed", async () => {
  await using mesh = await startMesh();
  const none = await runCommand("ps", "--data", `${mesh.folder}/nowhere`);
  assertEquals([none.code, none.stdout], [1, ""]);
  assertMatch(none.stderr, /^Cannot find a mesh: .*deno task mesh.*--data\n$/);
  mesh.signal("SIGKILL");
  await mesh.ended();
  const gone = await runCommand("ps", "--data", mesh.data);
  assertEquals([gone.code, gone.stdout], [1, ""]);
  assertMatch(gone.stderr, /^Cannot reach the mesh .*\n$/);
});

Deno.test("commands explain themselves, and suggest what was meant", async () => {
  const help = await runCommand("--help");
  assertEquals([help.code, help.stderr], [0, ""]);
  assert(help.stdout.includes("history"));
  const about = await runCommand("history", "--help");
  assert(about.stdout.includes("--since"), about.stdout);
  assertUsageError(await runCommand("histroy"), 'did you mean "history"?');
  assertUsageError(await runCommand("ps", "--jsn"), 'did you mean "--json"?');
  assertUsageError(await runCommand("stop"), "Cannot leave out ID");
  assertUsageError(await runCommand("history", "--since", "yesterday"), "expected how long ago");
  assertUsageError(await runCommand("mesh", "--port", "99999"), "0 to 65535");
});

Deno.test("mesh says what is wrong with its configuration, and does not start", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/mesh.json`;
  await Deno.writeTextFile(file, '{ "services": { "a": { "entri": "a.ts" } } }');
  for (const args of [["mesh", file], ["check", file]]) {
    const { code, stdout, stderr } = await runCommand(...args);
    assertEquals([code, stdout], [1, ""]);
    assert(stderr.includes('did you mean "entry"?'), stderr);
    assert(stderr.includes("mesh.json:1:"), stderr);
  }
});

async function temporaryFolder() {
  const path = await Deno.makeTempDir({ prefix: "smmp-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
