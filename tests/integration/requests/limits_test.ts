import { assert, assertEquals } from "@std/assert";
import { startMesh } from "../meshes/mesh_process.ts";

async function problemOf(response: Response): Promise<[status: number, detail: string]> {
  const { status, detail } = await response.json();
  assertEquals(response.status, status);
  return [status, detail];
}

Deno.test("mesh answers 504 and names the deadline, and cancels the work", async () => {
  await using mesh = await startMesh({
    routes: { "/echo": { service: "echo", limits: { firstByte: "300ms" } }, "/free": "echo" },
  });
  assertEquals(await mesh.text("/echo/who?id=warm"), "warm");
  const [status, detail] = await problemOf(await mesh.fetch("/echo/hold?id=a"));
  assertEquals(status, 504);
  assert(detail.includes("firstByte"), detail);
  await mesh.output("aborted a");
  const held = mesh.text("/free/hold?id=b");
  await mesh.output("holding b");
  await mesh.text("/free/release?id=b");
  assertEquals(await held, "held b");
});

Deno.test("plug() answers 504 when its deadline passes, and cancels the work", async () => {
  await using mesh = await startMesh({ services: { caller: { plugs: ["echo"] }, echo: {} } });
  assertEquals(await mesh.text("/caller/quick/echo/who?id=warm"), "warm");
  const [status, detail] = await problemOf(await mesh.fetch("/caller/quick/echo/hold?id=a"));
  assertEquals(status, 504);
  assert(detail.includes("firstByte"), detail);
  await mesh.output("aborted a");
  const response = await mesh.fetch("/caller/quick/echo/stream?id=b");
  const text = response.text().then(() => "whole", () => "broken");
  await mesh.output("cancelled b");
  assertEquals(await text, "broken");
  const held = mesh.text("/caller/plug/echo/hold?id=c");
  await mesh.output("holding c");
  await mesh.text("/echo/release?id=c");
  assertEquals(await held, "held c");
});

Deno.test("mesh breaks an answer that has begun when no byte moves any more", async () => {
  await using mesh = await startMesh({ services: { echo: { limits: { idle: "300ms" } } } });
  const response = await mesh.fetch("/echo/stream?id=a");
  const text = response.text().then(() => "whole", () => "broken");
  await mesh.output("cancelled a");
  assertEquals(await text, "broken");
  assertEquals((await (await mesh.fetch("/echo/slow")).text()).length, 10);
});

Deno.test("mesh answers 413 to a body that is too large, told before or in chunks", async () => {
  await using mesh = await startMesh({ services: { echo: { limits: { body: "1kB" } } } });
  const send = (body: BodyInit) => mesh.fetch("/echo/mirror", { method: "POST", body });
  assertEquals((await (await send("x".repeat(1_000))).text()).length, 1_000);
  assertEquals((await problemOf(await send("x".repeat(1_001))))[0], 413);
  const chunks = new Blob(["x".repeat(600), "y".repeat(600)]).stream();
  const upload = await mesh.fetch("/echo/upload", { method: "POST", body: chunks });
  assertEquals((await problemOf(upload))[0], 413);
});

Deno.test("mesh lets requests wait for a service that is full, and no more than may", async () => {
  await using mesh = await startMesh({
    services: { echo: { concurrency: 1, limits: { waiting: 1 } }, caller: { plugs: ["echo"] } },
  });
  const first = mesh.text("/echo/hold?id=a");
  await mesh.output("holding a");
  // Which of the two comes first is not told, but only one of them may wait.
  const others = [mesh.fetch("/echo/who?id=b"), mesh.fetch("/echo/who?id=b")];
  const refused = await Promise.race(others);
  const [status, detail] = await problemOf(refused);
  assertEquals([status, refused.headers.get("retry-after")], [503, "1"]);
  assert(detail.includes("1 requests wait already"), detail);
  // A connection of its own has a place of its own.
  await mesh.text("/caller/fetch/echo/release?id=a");
  assertEquals(await first, "held a");
  for (const response of await Promise.all(others)) {
    if (response !== refused) assertEquals(await response.text(), "b");
  }
});

Deno.test("mesh believes a trusted proxy about the way of a request, and nobody else", async () => {
  const told = { "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https" };
  for (
    const [trustForwarded, way] of [[["127.0.0.0/8"], "192.0.2.7, 127.0.0.1"], [[], "127.0.0.1"]]
  ) {
    await using mesh = await startMesh({ gateway: { trustForwarded } });
    const { headers } = await (await mesh.fetch("/echo/request", { headers: told })).json();
    const isTrusted = way !== "127.0.0.1";
    assertEquals(headers["x-forwarded-for"], way);
    assertEquals(headers["x-forwarded-proto"], isTrusted ? "https" : "http");
  }
});
