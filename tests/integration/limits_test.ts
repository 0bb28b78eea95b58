import { assert, assertEquals } from "@std/assert";
import { startMesh } from "./mesh_process.ts";

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
