import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { type MeshProcess, startMesh } from "../meshes/mesh_process.ts";
import { untilGone } from "../meshes/processes.ts";

const QUICK = { interval: "300ms", timeout: "1s", failures: 2 };
const SINGLE = ["python3", new URL("../programs/services/single.py", import.meta.url).pathname];

/** Somebody asks for a service until another process than this one answers; gives its number. */
async function untilReplaced(mesh: MeshProcess, service: string, pid: number): Promise<number> {
  for (;;) {
    // One that waits at the sick instance is no reason to wait for the next one.
    const signal = AbortSignal.timeout(2_000);
    try {
      const response = await mesh.fetch(`/${service}/pid`, { signal });
      const text = await response.text();
      const found = Number(/\d+/.exec(text)?.[0]);
      if (response.ok && found !== pid) return found;
    } catch {
      // It was asked too early.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The instance that a process is was found to be sick, and is gone; why, says the history. */
async function reasonOf(mesh: MeshProcess, pid: number): Promise<string> {
  const { reason, serviceID } = await mesh.event("instanceLeaving", { cause: "unhealthy" });
  await mesh.event("instanceEnded", { serviceID: Number(serviceID) });
  await untilGone([pid], 10_000);
  return String(reason);
}

Deno.test("health: an instance in an endless loop is replaced, a POST not repeated", async () => {
  await using mesh = await startMesh({ services: { sick: { health: QUICK, grace: "1s" } } });
  const pid = await mesh.pidOf("sick");
  const lost = mesh.fetch("/sick/spin", { method: "POST" });
  assertNotEquals(await untilReplaced(mesh, "sick", pid), pid);
  const { status, body } = await lost;
  await body?.cancel();
  assertEquals(status, 502);
  assertMatch(await reasonOf(mesh, pid), /^it hangs: asked how it is, it has said nothing for \d/);
  assertEquals(mesh.all("serviceRecovered").length, 0);
  await mesh.stop();
});

Deno.test("health: an instance that is stopped by a signal is replaced, then killed", async () => {
  await using mesh = await startMesh({ services: { sick: { health: QUICK, grace: "1s" } } });
  const pid = await mesh.pidOf("sick");
  Deno.kill(pid, "SIGSTOP");
  const asked = await mesh.fetch("/sick/");
  assertEquals(await asked.text(), "well");
  assertMatch(await reasonOf(mesh, pid), /^it hangs/);
  await mesh.stop();
});

Deno.test("health: a handler that hangs is found by its path only", async () => {
  await using mesh = await startMesh({
    services: {
      sick: { health: { ...QUICK, path: "/health" }, grace: "1s" },
      other: { entry: new URL("../services/sick.ts", import.meta.url).pathname, health: QUICK },
    },
  });
  const [pid, otherPid] = [await mesh.pidOf("sick"), await mesh.pidOf("other")];
  const left = new AbortController();
  const hanging = [mesh.fetch("/other/hang", left), mesh.fetch("/sick/hang", left)];
  await untilReplaced(mesh, "sick", pid);
  const reason = await reasonOf(mesh, pid);
  assertEquals(reason, "it is not well: GET /health got no answer within 1 s");
  assertEquals(await mesh.pidOf("other"), otherPid);
  assertEquals(mesh.all("instanceLeaving", { service: "other" }), []);
  left.abort();
  await Promise.allSettled(hanging);
});

Deno.test("health: an instance that lets requests wait is asked before its turn", async () => {
  const health = { interval: "5m", timeout: "1s", failures: 2 };
  await using mesh = await startMesh({
    services: { sick: { health, grace: "1s", limits: { firstByte: "300ms" } } },
  });
  const pid = await mesh.pidOf("sick");
  // Nobody waits for the end of this one, which is not before that of the process.
  const lost = mesh.fetch("/sick/spin", { method: "POST" });
  await untilReplaced(mesh, "sick", pid);
  assertMatch(await reasonOf(mesh, pid), /^it hangs/);
  await (await lost).body?.cancel();
});

Deno.test("health: a loop that blocks for 3 s again and again is busy, not dead", async () => {
  // It is asked often, and has the usual time to answer.
  await using mesh = await startMesh({ services: { sick: { health: { interval: "1s" } } } });
  const pid = await mesh.pidOf("sick");
  const until = performance.now() + 10_000;
  const statuses = new Set<number>();
  const load = Array.from({ length: 4 }, async () => {
    while (performance.now() < until) {
      const response = await mesh.fetch("/sick/block?ms=3000");
      await response.body?.cancel();
      statuses.add(response.status);
    }
  });
  await Promise.all(load);
  assertEquals([...statuses], [200]);
  assertEquals(await mesh.pidOf("sick"), pid);
  assertEquals(mesh.all("instanceLeaving"), []);
});

Deno.test("health: a program that hangs is replaced, one with much to do is not", async () => {
  const program = { entry: undefined, command: SINGLE, ready: "/", grace: "1s" };
  const health = { interval: "300ms", timeout: "2s", failures: 2 };
  await using mesh = await startMesh({
    services: { single: { ...program, health }, busy: { ...program, health } },
  });
  const until = performance.now() + 9_000;
  const busyPids = new Set<string>();
  // Thirty at once, one after the other, take six seconds: as long as a question waits.
  const load = Promise.all(Array.from({ length: 30 }, async () => {
    while (performance.now() < until) busyPids.add(await mesh.text("/busy/work"));
  }));
  // What is wrong with it is told below, unless something else is wrong before.
  load.catch(() => {});
  const pid = Number(await mesh.text("/single/pid"));
  // It is a GET, so its successor is asked the same, and hangs as well.
  const left = new AbortController();
  const lost = mesh.fetch("/single/hang", left).then(({ body }) => body?.cancel(), () => {});
  await untilReplaced(mesh, "single", pid);
  assertEquals(
    await reasonOf(mesh, pid),
    "it is not well: GET / got no answer within 2 s",
  );
  left.abort();
  await lost;
  await load;
  assertEquals(busyPids.size, 1);
  assertEquals(mesh.all("instanceLeaving", { service: "busy" }), []);
});
