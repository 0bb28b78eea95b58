import { assert, assertEquals } from "@std/assert";
import { runCommand } from "../meshes/command.ts";
import { DEADLINE_MS, spawnMesh, startMesh } from "../meshes/mesh_process.ts";
import { untilGone } from "../meshes/processes.ts";

Deno.test("mesh shows its old history after a restart, and its numbers go on rising", async () => {
  await using first = await startMesh();
  await first.text("/echo/who?id=a");
  const before = await first.event("instanceStarted", { service: "echo" });
  await first.stop();
  await using second = await startMesh({ folder: first.folder });
  await second.text("/echo/who?id=b");
  const after = await second.event("instanceStarted", { service: "echo" });
  assert(Number(after.serviceID) > Number(before.serviceID));
  assert(Number(after.seq) > Number(before.seq));
  const history = await (await second.admin("/v1/history?service=echo")).json();
  const seqs = history.items.map(({ seq }: { seq: number }) => seq);
  assert(seqs.includes(before.seq) && seqs.includes(after.seq), Deno.inspect(seqs));
  const { stdout } = await runCommand("history", "--service", "echo", "--data", second.data);
  for (const { serviceID } of [before, after]) {
    assert(stdout.includes(`echo#${serviceID} started in `), stdout);
  }
});

Deno.test("mesh cleans up after one that was killed on the same data folder", async () => {
  await using first = await startMesh();
  await first.text("/echo/who?id=a");
  const { serviceID } = await first.event("instanceStarted", { service: "echo" });
  const orphan = await first.pidOf("echo");
  first.signal("SIGKILL");
  await first.ended();
  await using second = await startMesh({ folder: first.folder });
  assertEquals(await second.text("/echo/who?id=b"), "b");
  await second.event("instanceEnded", { serviceID: Number(serviceID) });
  await untilGone([orphan], DEADLINE_MS);
  await second.stop();
});

Deno.test("mesh refuses a data folder that another mesh uses", async () => {
  await using first = await startMesh();
  await using second = await spawnMesh({ folder: first.folder });
  const { code } = await second.ended();
  assertEquals(code, 1);
  assert(second.stderr.includes(first.data), second.stderr);
  assertEquals(second.stderr.trim().split("\n").length, 1);
  // What the first one left for the command line is still there.
  const state = await first.admin("/v1/state");
  await state.body?.cancel();
  assertEquals(state.status, 200);
});

Deno.test("mesh says which port is taken, and which flag chooses another", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  for (const [flag, ports] of [["--port", [port, 0]], ["--admin-port", [0, port]]] as const) {
    await using mesh = await spawnMesh({ ports });
    assertEquals((await mesh.ended()).code, 1);
    assert(mesh.stderr.includes(`127.0.0.1:${port}`), mesh.stderr);
    assert(mesh.stderr.includes(`with ${flag}`), mesh.stderr);
    assertEquals(mesh.stderr.trim().split("\n").length, 1);
  }
});

Deno.test("mesh keeps its history in memory with --data none", async () => {
  await using mesh = await startMesh({ data: "none" });
  assertEquals(await mesh.text("/echo/who?id=a"), "a");
  const history = await fetch(`${mesh.adminUrl}/v1/history`);
  assert((await history.text()).includes("instanceStarted"));
  assertEquals([...Deno.readDirSync(mesh.folder)].map(({ name }) => name), ["mesh.json"]);
  await mesh.stop();
});
