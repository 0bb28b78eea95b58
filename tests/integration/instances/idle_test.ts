import { assert, assertEquals } from "@std/assert";
import { startMesh } from "../meshes/mesh_process.ts";
import { UNPREPARED } from "../meshes/processes.ts";

const SHORT = { idle: { connection: "300ms", service: "600ms" } };

Deno.test("mesh closes what is idle: first the connection, then the instance", async () => {
  await using mesh = await startMesh({ services: { echo: SHORT }, env: UNPREPARED });
  assertEquals(await mesh.text("/echo/who?id=a"), "a");
  const { serviceID } = await mesh.event("instanceStarted", { service: "echo" });
  await mesh.event("instanceEnded", { serviceID: Number(serviceID) });
  const kinds = mesh.events.map(({ kind }) => kind);
  const order = ["connectionOpened", "connectionClosed", "instanceClosing", "instanceEnded"];
  const places = order.map((kind) => kinds.indexOf(kind));
  assertEquals(places, places.toSorted((left, right) => left - right));
  assert(!places.includes(-1), kinds.join(" "));
  for (const kind of ["connectionClosing", "instanceClosing"]) {
    assertEquals(mesh.all(kind, { reason: "idle for " }).length, 1);
  }
  assertEquals(mesh.all("instanceEnded", { service: "gateway" }), []);
  assertEquals(await mesh.processes(), [mesh.pid]);
  assertEquals(await mesh.text("/echo/who?id=b"), "b");
  assertEquals((await mesh.times(2, "instanceStarted", { service: "echo" })).length, 2);
});

Deno.test("mesh takes an open response for use of its connection and instance", async () => {
  await using mesh = await startMesh({ services: { echo: SHORT, probe: SHORT } });
  const response = await mesh.fetch("/echo/stream?id=a");
  // The other service is used later and reaped earlier, so echo would have been reaped too.
  for (let round = 1; round <= 2; round += 1) {
    const place = mesh.events.length;
    await mesh.text("/probe/environment");
    await mesh.event("instanceEnded", { service: "probe" }, place);
  }
  assertEquals(mesh.all("connectionClosed", { destService: "echo" }), []);
  assertEquals(mesh.all("instanceEnded", { service: "echo" }), []);
  await mesh.text("/echo/push?id=a&text=late");
  await mesh.text("/echo/end?id=a");
  assertEquals(await response.text(), "late");
  await mesh.event("instanceEnded", { service: "echo" });
});

Deno.test("mesh keeps a service that another one uses, and reaps both in the end", async () => {
  await using mesh = await startMesh({
    services: { caller: { ...SHORT, plugs: ["echo"] }, echo: SHORT },
    env: UNPREPARED,
  });
  const held = mesh.text("/caller/fetch/echo/hold?id=a");
  await mesh.output("holding a");
  await mesh.text("/caller/fetch/echo/release?id=a");
  assertEquals(await held, "held a");
  await mesh.event("instanceEnded", { service: "caller" });
  await mesh.event("instanceEnded", { service: "echo" });
  assertEquals(await mesh.processes(), [mesh.pid]);
});
