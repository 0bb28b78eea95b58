import { assert, assertEquals } from "@std/assert";
import { DEADLINE_MS, type MeshProcess, startMesh } from "../meshes/mesh_process.ts";

/** Sends bytes to a port and reads until the other end closes; returns how many were written. */
async function send(port: number, bytes: Uint8Array, times = 1): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  let written = 0;
  const timer = setTimeout(() => connection.close(), DEADLINE_MS);
  try {
    for (let time = 0; time < times; time += 1) {
      for (let at = 0; at < bytes.length;) {
        const count = await connection.write(bytes.subarray(at));
        at += count;
        written += count;
      }
    }
    while (await connection.read(new Uint8Array(4_096)) !== null);
  } catch {
    // The other end has broken the connection, which is what it should do.
  }
  clearTimeout(timer);
  return written;
}

const NOISE = crypto.getRandomValues(new Uint8Array(65_536));
const MEGABYTE = new Uint8Array(1_048_576).fill("x".charCodeAt(0));
const MESSAGES = [
  '{"type":"startServiceResponse","messageID":1,"status":200,"serviceID":2,"token":"guessed"}',
  '{"type":"serviceRegisterRequest","messageID":1,"typeOfService":"gateway",' +
  '"plugsConfiguration":{"in":null,"out":"*"}}',
  '{"type":"agentRegisterRequest","messageID":1}',
  '{"type":"hardShutdownRequest","messageID":1,"serviceID":1}',
  '{"type":"__proto__"}',
  "[".repeat(60_000),
  "null",
];

async function agentPort(mesh: MeshProcess): Promise<number> {
  return Number((await mesh.event("agentRegistered")).port);
}

Deno.test("mesh takes no harm from garbage at the port of its agent", async () => {
  await using mesh = await startMesh();
  const pid = await mesh.pidOf("echo");
  const port = await agentPort(mesh);
  const lines = MESSAGES.map((line) => new TextEncoder().encode(`${line}\n`));
  await Promise.all([...lines, NOISE].map((bytes) => send(port, bytes)));
  const written = await send(port, MEGABYTE, 100);
  assert(written < 100 * MEGABYTE.length, "a line without end was read to its end");
  assertEquals(await mesh.pidOf("echo"), pid);
  for (const { reason } of mesh.all("warning")) {
    assert(String(reason).includes(": Cannot "), String(reason));
  }
  assertEquals(mesh.all("instanceRegistered").length, 1);
  await mesh.stop();
});

Deno.test("mesh takes no harm from garbage at the plug of a service", async () => {
  await using mesh = await startMesh();
  const pid = await mesh.pidOf("echo");
  const { destPlug } = await mesh.event("connectionOpened");
  await send(Number(destPlug), NOISE);
  await send(Number(destPlug), new TextEncoder().encode("GET /pid HTTP/1.1\r\nhost: x\r\n\r\n"));
  const written = await send(Number(destPlug), MEGABYTE, 100);
  assert(written < 100 * MEGABYTE.length, "a frame without end was read to its end");
  assertEquals(await mesh.pidOf("echo"), pid);
  assertEquals(mesh.all("instanceEnded"), []);
  await mesh.stop();
  assertEquals(mesh.all("connectionOpened").length, 1);
});
