import { assert, assertEquals } from "@std/assert";
import { startMesh } from "../integration/meshes/mesh_process.ts";
import { untilGone } from "../integration/meshes/processes.ts";
import { compileOnce, COMPILER } from "./compiled.ts";

const SERVICES = new URL("../integration/programs/services/", import.meta.url).pathname;

/** Where Python is, since the PATH of the binary leads nowhere. */
async function findPython(): Promise<string> {
  const args = ["-c", "import sys; print(sys.executable)"];
  const { stdout } = await new Deno.Command("python3", { args }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** Echoes what a WebSocket says. */
const SOCKETS = `Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")) }, (r) => {
  const { socket, response } = Deno.upgradeWebSocket(r);
  socket.onmessage = ({ data }) => socket.send(\`echo \${data}\`);
  return response;
})`;

Deno.test({
  name: "the binary alone runs programs: asked, asking others, by WebSockets, and ended",
  ignore: COMPILER === undefined,
  async fn() {
    const { binary, emptyPath } = await compileOnce();
    const command = [await findPython(), `${SERVICES}program.py`];
    const sockets = [Deno.execPath(), "eval", SOCKETS];
    await using mesh = await startMesh({
      services: {
        app: { entry: undefined, command, ready: "/", plugs: ["other"], env: { SET: "yes" } },
        other: { entry: undefined, command },
        sockets: { entry: undefined, command: sockets, startTimeout: "60s" },
      },
      binary,
      env: { PATH: emptyPath, UNNAMED: "of its user" },
    });
    const report = await (await mesh.fetch("/app/a?b", { method: "POST", body: "hi" })).json();
    assertEquals([report.path, report.method, report.body], ["/a?b", "POST", "hi"]);
    assert(report.env.includes("SET") && !report.env.includes("UNNAMED"));
    const other = JSON.parse(await mesh.text("/app/call/other.mesh/c"));
    assertEquals([other.path, other.host], ["/c", "other.mesh"]);
    const refused = await mesh.fetch("/app/call/sockets.mesh/");
    assertEquals(refused.status, 403);
    await refused.body?.cancel();
    assertEquals(await echo(`${mesh.gatewayUrl.replace("http", "ws")}/sockets/`), "echo hello");
    await (await mesh.fetch("/other/exit", { method: "POST" })).body?.cancel();
    await mesh.event("instanceEnded", { service: "other", exitCode: 7 });
    assertEquals(mesh.all("warning"), []);
    await mesh.stop();
    await mesh.output("python heard SIGTERM");
    await untilGone([report.pid], 5_000);
    assertEquals(await mesh.processes(), []);
  },
});

/** What a WebSocket answers to a hello. */
function echo(url: string): Promise<unknown> {
  const socket = new WebSocket(url);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  socket.onopen = () => socket.send("hello");
  socket.onmessage = ({ data }) => {
    resolve(data);
    socket.close();
  };
  socket.onerror = () => reject(new Error(`Cannot open "${url}"`));
  return promise;
}
