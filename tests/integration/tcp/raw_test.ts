import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { spawnMesh } from "../meshes/mesh_process.ts";
import { freePort, RawClient, scriptOf, startTcpMesh, writeTcpMesh } from "./tcp_mesh.ts";

const RAW = { command: scriptOf("raw"), protocol: "tcp" };

Deno.test("a program that speaks first is a service, and a direction ends by itself", async () => {
  const port = freePort();
  await using running = await startTcpMesh({ services: { raw: RAW }, ports: { [port]: "raw" } });
  const { mesh } = running;
  {
    using client = await RawClient.open(port);
    assertEquals(await client.line(), "hello");
    await client.write("echo\n");
    await mesh.output("asked: echo");
    const text = "x".repeat(3_000_000);
    const sent = client.write(text).then(() => client.end());
    assert(await client.rest() === `${text}bye\n`);
    await sent;
  }
  using client = await RawClient.open(port);
  assertEquals(await client.line(), "hello");
  await client.write("finish\n");
  assertEquals(await client.line(), undefined);
  await client.write("y".repeat(1_000_000));
  await client.end();
  await mesh.output("came: 1000000");
  assertEquals((await mesh.times(1, "instanceStarted", { service: "raw" })).length, 1);
});

Deno.test("what is sent before the start arrives, also the end of a direction", async () => {
  const port = freePort();
  const slow = { ...RAW, command: ["sh", "-c", `sleep 0.5; exec ${RAW.command.join(" ")}`] };
  await using running = await startTcpMesh({ services: { raw: slow }, ports: { [port]: "raw" } });
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(port)));
  for (const client of clients) {
    await client.write("echo\n");
    await client.end();
  }
  for (const client of clients) {
    assertEquals(await client.rest(), "hello\nbye\n");
    client[Symbol.dispose]();
  }
  assertEquals((await running.mesh.times(1, "instanceStarted", { service: "raw" })).length, 1);
});

Deno.test("a program that dies ends its connections, as does a start that fails", async () => {
  const [port, failing] = [freePort(), freePort()];
  const fails = { command: ["sh", "-c", "echo it is broken >&2; exit 3"], protocol: "tcp" };
  await using running = await startTcpMesh({
    services: { raw: RAW, fails },
    ports: { [port]: "raw", [failing]: "fails" },
  });
  const { mesh } = running;
  using first = await RawClient.open(port);
  using other = await RawClient.open(port);
  assertEquals([await first.line(), await other.line()], ["hello", "hello"]);
  await first.write("reset\n");
  assertEquals(await Promise.all([first.rest(), other.rest()]), ["", ""]);
  await mesh.event("instanceEnded", { service: "raw", exitCode: 3 });
  using next = await RawClient.open(port);
  assertEquals(await next.line(), "hello");
  using failed = await RawClient.open(failing);
  assertEquals(await failed.rest(), "");
  const { reason } = await mesh.event("warning", { reason: `port ${failing}:` });
  assertStringIncludes(String(reason), "it is broken");
});

Deno.test("a port has a bound of connections, and other gateways share it", async () => {
  const port = freePort();
  await using running = await startTcpMesh({
    services: { raw: RAW },
    ports: { [port]: { service: "raw", connections: 1 } },
    gateway: { workers: 2 },
  });
  const clients: RawClient[] = [];
  let refused = 0;
  // Which gateway accepts is up to the kernel; each takes one.
  while (clients.length < 2 || refused === 0) {
    const client = await RawClient.open(port);
    if (await client.line() === "hello") clients.push(client);
    else {
      refused += 1;
      client[Symbol.dispose]();
    }
  }
  assertEquals(clients.length, 2);
  await running.mesh.event("warning", { reason: "refused a connection: 1 are open" });
  for (const client of clients) client[Symbol.dispose]();
});

Deno.test("a connection in use keeps its service, and ends with the mesh", async () => {
  const port = freePort();
  const idle = { connection: "200ms", service: "200ms" };
  await using running = await startTcpMesh({
    services: { raw: { ...RAW, idle }, other: { ...RAW, idle } },
    ports: { [port]: "raw", [port + 1]: "other" },
  });
  const { mesh } = running;
  using client = await RawClient.open(port);
  assertEquals(await client.line(), "hello");
  // That the other service has been closed tells that the first one would have been.
  {
    using brief = await RawClient.open(port + 1);
    assertEquals(await brief.line(), "hello");
  }
  await mesh.event("instanceEnded", { service: "other" });
  await client.write("echo\n");
  await mesh.output("asked: echo");
  assertEquals(mesh.all("instanceEnded", { service: "raw" }), []);
  await mesh.stop();
  assertEquals(await client.rest(), "");
});

Deno.test("an instance that is stopped ends its connections before its grace is over", async () => {
  const port = freePort();
  await using running = await startTcpMesh({
    services: { raw: { ...RAW, grace: "20s" } },
    ports: { [port]: "raw" },
  });
  const { mesh } = running;
  using client = await RawClient.open(port);
  assertEquals(await client.line(), "hello");
  const { serviceID } = await mesh.event("instanceStarted");
  await (await mesh.admin(`/v1/instances/${serviceID}/stop`, { mode: "soft" })).body?.cancel();
  assertEquals(await client.rest(), "");
  await mesh.event("instanceEnded", { service: "raw", reason: "exited with code 0" });
});

Deno.test("a port that is taken is an error that says what to do", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const folder = await writeTcpMesh({ services: { raw: RAW }, ports: { [port]: "raw" } });
  await using mesh = await spawnMesh({ path: folder });
  const { code } = await mesh.ended();
  assert(code !== 0);
  const why = 'another program listens there (choose another port with "ports" of mesh.json)';
  assertStringIncludes(
    mesh.stderr,
    `Cannot listen on "127.0.0.1:${port}" for service "raw": ${why}`,
  );
  await Deno.remove(folder, { recursive: true });
});
