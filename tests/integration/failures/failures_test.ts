import { assert, assertEquals, assertRejects } from "@std/assert";
import { type MeshProcess, startMesh } from "../meshes/mesh_process.ts";
import { UNPREPARED, untilGone } from "../meshes/processes.ts";

/** Of a method that the mesh sends once only, whatever becomes of it. */
const POST = { method: "POST" } as const;

async function problemOf(response: Response): Promise<{ status: number; detail: string }> {
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  const { status, detail } = await response.json();
  assertEquals(response.status, status);
  return { status, detail };
}

/** Waits until every connection to an instance is closed in the history. */
async function connectionsClosed(mesh: MeshProcess, serviceID: number): Promise<void> {
  for (const { connectionID } of mesh.all("connectionOpened", { destServiceID: serviceID })) {
    await mesh.event("connectionClosed", { connectionID: Number(connectionID) });
  }
}

Deno.test("mesh answers 502 when a service crashes in a request, and starts it anew", async () => {
  await using mesh = await startMesh();
  const waiting = mesh.fetch("/echo/hold?id=a", POST);
  await mesh.output("holding a");
  const crashing = await mesh.fetch("/echo/crash", POST);
  for (const response of [crashing, await waiting]) {
    const { status, detail } = await problemOf(response);
    assertEquals(status, 502);
    assert(detail.startsWith('Cannot get an answer of "echo": '), detail);
  }
  const { serviceID, reason, exitCode } = await mesh.event("instanceEnded", { service: "echo" });
  assertEquals(exitCode, 7);
  assert(String(reason).includes("crashing on purpose"), String(reason));
  await connectionsClosed(mesh, Number(serviceID));
  assertEquals(await mesh.text("/echo/who?id=again"), "again");
  assertEquals((await mesh.times(2, "instanceStarted")).length, 2);
});

Deno.test("mesh breaks a response whose service crashes while it writes", async () => {
  await using mesh = await startMesh();
  const response = await mesh.fetch("/echo/stream?id=a");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  await mesh.text("/echo/push?id=a&text=half");
  assertEquals((await reader.read()).value, "half");
  await mesh.text("/echo/crash", POST);
  await assertRejects(() => reader.read());
});

Deno.test("mesh reports a service that was killed from outside, and starts it anew", async () => {
  await using mesh = await startMesh();
  const pid = await mesh.pidOf("echo");
  const waiting = mesh.fetch("/echo/hold?id=a", POST);
  await mesh.output("holding a");
  Deno.kill(pid, "SIGKILL");
  assertEquals((await problemOf(await waiting)).status, 502);
  const ended = await mesh.event("instanceEnded", { service: "echo" });
  assertEquals(ended.signal, "SIGKILL");
  await connectionsClosed(mesh, Number(ended.serviceID));
  assert(await mesh.pidOf("echo") !== pid);
});

Deno.test("mesh sends a GET again whose service was killed, to a new instance", async () => {
  await using mesh = await startMesh();
  const pid = await mesh.pidOf("echo");
  const waiting = mesh.text("/echo/hold?id=a");
  await mesh.output("holding a");
  const place = mesh.events.length;
  Deno.kill(pid, "SIGKILL");
  await mesh.event("output", { text: "holding a" }, place);
  assert(await mesh.pidOf("echo") !== pid);
  await mesh.text("/echo/release?id=a");
  assertEquals(await waiting, "held a");
});

Deno.test("mesh answers 500 when a service throws, and the service goes on", async () => {
  await using mesh = await startMesh();
  const pid = await mesh.pidOf("echo");
  const response = await mesh.fetch("/echo/throw");
  await response.body?.cancel();
  assertEquals(response.status, 500);
  await mesh.output("thrown on purpose");
  assertEquals(await mesh.pidOf("echo"), pid);
});

Deno.test("mesh answers 503 with the last words of a service that ends at start", async () => {
  await using mesh = await startMesh({ services: { exits: {} } });
  const { status, detail } = await problemOf(await mesh.fetch("/exits/"));
  assertEquals(status, 503);
  assert(detail.includes("code 3"), detail);
  assert(detail.includes("first words\nlast words: no database"), detail);
});

Deno.test("mesh answers 503 with what is wrong with a service's module", async () => {
  await using mesh = await startMesh({
    services: { broken: { entry: "broken.ts" }, missing: { entry: "missing.ts" }, unready: {} },
    files: {
      "broken.ts": "export default { fetch( };\n",
      "missing.ts": 'import "../nowhere.ts";\nexport default {};\n',
    },
  });
  const wanted = { broken: "broken.ts:1", missing: "nowhere.ts", unready: "default export" };
  for (const [name, text] of Object.entries(wanted)) {
    const { status, detail } = await problemOf(await mesh.fetch(`/${name}/`));
    assertEquals(status, 503, name);
    assert(detail.includes(text), detail);
  }
});

Deno.test("mesh answers 504 when a service does not start in time, and kills it", async () => {
  await using mesh = await startMesh({
    services: { hangs: { startTimeout: "900ms" } },
    env: UNPREPARED,
  });
  const { status, detail } = await problemOf(await mesh.fetch("/hangs/"));
  assertEquals(status, 504);
  assert(detail.includes("start timeout of 0.9 s"), detail);
  await mesh.event("instanceEnded", { service: "hangs" });
  assertEquals(await mesh.processes(), [mesh.pid]);
});

Deno.test("mesh kills a service that is busy for ever once its grace is over", async () => {
  await using mesh = await startMesh({
    services: { echo: { grace: "300ms" } },
  });
  const pid = await mesh.pidOf("echo");
  const spinning = mesh.fetch("/echo/spin", POST);
  await mesh.output("spinning");
  const { serviceID } = await mesh.event("instanceStarted");
  const asked = mesh.admin(`/v1/instances/${serviceID}/stop`, { mode: "soft" });
  await mesh.event("instanceClosing", { phase: "soft" });
  await mesh.event("instanceClosing", { phase: "hard" });
  await mesh.event("instanceEnded");
  await untilGone([pid], 0);
  assertEquals((await problemOf(await spinning)).status, 502);
  await (await asked).body?.cancel();
});

Deno.test("mesh kills everything that a service started together with it", async () => {
  await using mesh = await startMesh({
    services: { parent: { permissions: { run: ["sleep"] } } },
    env: UNPREPARED,
  });
  const { pid, child } = await (await mesh.fetch("/parent/")).json();
  const { serviceID } = await mesh.event("instanceStarted");
  await (await mesh.admin(`/v1/instances/${serviceID}/stop`, { mode: "hard" })).body?.cancel();
  await mesh.event("instanceEnded");
  await untilGone([pid, child], 5_000);
  assertEquals(await mesh.processes(), [mesh.pid]);
});

Deno.test("mesh puts a service on another plug when the first is taken", async () => {
  await using mesh = await startMesh();
  await mesh.text("/echo/crash", POST);
  const { destPlug } = await mesh.event("connectionOpened");
  const next = Number(destPlug) + 1;
  const taken = occupy([next, next + 1, next + 2]);
  try {
    assertEquals(await mesh.text("/echo/who?id=a"), "a");
    const opened = await mesh.times(2, "connectionOpened");
    const places = opened.map((event) => Number(event.destPlug));
    assert(places[1]! >= next + 3, places.join(" "));
    assert(mesh.all("instanceEnded", { reason: "another program listens there" }).length >= 3);
  } finally {
    for (const listener of taken) listener.close();
  }
});

Deno.test("mesh kills a service whose request never ends once its grace is over", async () => {
  await using mesh = await startMesh({ services: { echo: { grace: "300ms" } } });
  const pid = await mesh.pidOf("echo");
  const held = mesh.fetch("/echo/hold?id=a", POST);
  await mesh.output("holding a");
  const { serviceID } = await mesh.event("instanceStarted");
  const asked = await mesh.admin(`/v1/instances/${serviceID}/stop`, { mode: "soft" });
  await asked.body?.cancel();
  const { reason } = await mesh.event("instanceEnded");
  assert(String(reason).includes("grace"), String(reason));
  await untilGone([pid], 0);
  assertEquals((await problemOf(await held)).status, 502);
});

Deno.test("mesh gives every GET its answer, all else a reason, while services die", async () => {
  await using mesh = await startMesh({ services: { caller: { plugs: ["echo"] }, echo: {} } });
  let isOver = false;
  const client = async (number: number) => {
    for (let round = 0; !isOver; round += 1) {
      const id = `${number}-${round}`;
      const init = round % 3 === 2 ? POST : {};
      const response = await mesh.fetch(`/caller/fetch/echo/who?id=${id}`, init);
      if (response.status === 200) assertEquals(await response.text(), id);
      else {
        const { status, detail } = await problemOf(response);
        assert(init === POST && [502, 503].includes(status), `${status} ${detail}`);
      }
    }
  };
  const clients = Promise.all(Array.from({ length: 10 }, (_, number) => client(number)));
  for (let round = 1; round <= 6; round += 1) {
    const service = round % 2 === 0 ? "caller" : "echo";
    const place = mesh.events.length;
    const { pid } = await (await mesh.fetch(`/${service}/pid`)).json();
    Deno.kill(Number(pid), "SIGKILL");
    await mesh.event("instanceEnded", { service }, place);
    await mesh.event("instanceStarted", { service }, place);
    // A request is sent again only so often, so it must get through before the next death.
    assertEquals(await mesh.text(`/caller/fetch/echo/who?id=after-${round}`), `after-${round}`);
  }
  isOver = true;
  await clients;
  await mesh.stop();
  assertEquals(mesh.all("warning"), []);
});

function occupy(ports: readonly number[]): Deno.Listener[] {
  return ports.flatMap((port) => {
    try {
      return [Deno.listen({ hostname: "127.0.0.1", port })];
    } catch (error) {
      // Somebody else has it already, which is as good.
      if (error instanceof Deno.errors.AddrInUse) return [];
      throw error;
    }
  });
}
