import { assert, assertEquals, assertRejects } from "@std/assert";
import type { MeshProcess } from "../meshes/mesh_process.ts";
import { freePort, startTcpMesh, until } from "./tcp_mesh.ts";
import { REDIS, RedisClient, withRedis } from "./redis.ts";

/** A port that leads to Redis. */
async function withCache(
  work: (port: number, mesh: MeshProcess) => Promise<void>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await withRedis(async () => {
    const port = freePort();
    const services = { cache: { ...REDIS, ...more } };
    await using running = await startTcpMesh({ services, ports: { [port]: "cache" } });
    await work(port, running.mesh);
  });
}

const MIB = 1_048_576;

Deno.test("Redis is started by its first client, and by the first after it was idle", async () => {
  await withCache(async (port, mesh) => {
    const args = ["-p", String(port), "ping"];
    const ping = async () => {
      const { stdout } = await new Deno.Command("redis-cli", { args }).output();
      return new TextDecoder().decode(stdout);
    };
    assertEquals(mesh.all("instanceStarting"), []);
    assertEquals(await ping(), "PONG\n");
    await mesh.event("instanceEnded", { service: "cache", reason: "exited with code 0" });
    assertEquals(await ping(), "PONG\n");
    assertEquals((await mesh.times(2, "instanceStarted", { service: "cache" })).length, 2);
    await mesh.stop();
  }, { idle: { connection: "200ms", service: "200ms" } });
});

Deno.test("Redis is started once for 100 clients, who all get their own answers", async () => {
  await withCache(async (port, mesh) => {
    const clients = await Promise.all(Array.from({ length: 100 }, () => RedisClient.open(port)));
    await Promise.all(clients.map(async (client, at) => {
      for (let n = 0; n < 20; n += 1) {
        assertEquals(await client.ask("SET", `key${at}`, `value${at}.${n}`), "OK");
        assertEquals(await client.ask("GET", `key${at}`), `value${at}.${n}`);
      }
    }));
    await mesh.event("instanceStarted");
    assertEquals(mesh.all("instanceStarted").length, 1);
    for (const client of clients) client[Symbol.dispose]();
  });
});

Deno.test("Redis answers 5,000 commands of one write in their order", async () => {
  await withCache(async (port) => {
    using client = await RedisClient.open(port);
    const sent = client.send(...Array.from({ length: 5_000 }, () => ["INCR", "counter"]));
    for (let n = 1; n <= 5_000; n += 1) assertEquals(await client.reply(), n);
    await sent;
  });
});

Deno.test("Redis takes and gives 64 MiB, and is not read faster than its client", async () => {
  await withCache(async (port, mesh) => {
    using client = await RedisClient.open(port);
    const value = "0123456789abcdef".repeat(4 * MIB);
    assertEquals(await client.ask("SET", "large", value), "OK");
    assert(await client.ask("GET", "large") === value);
    // Nobody reads these: what is not read stays at Redis, of whose memory it tells.
    await client.send(...Array.from({ length: 8 }, () => ["GET", "large"]));
    using other = await RedisClient.open(port);
    const held = async () => Number(/omem=(\d+)/.exec(await slowest(other))?.[1]);
    await until(async () => await held() >= 7 * 64 * MIB);
    assert(await memoryOf(mesh) < 1_024 * MIB);
    for (let n = 0; n < 8; n += 1) assertEquals(await client.reply(), value);
  });
});

Deno.test("Redis tells its subscribers, and each connection breaks when it is killed", async () => {
  await withCache(async (port, mesh) => {
    using subscriber = await RedisClient.open(port);
    using publisher = await RedisClient.open(port);
    assertEquals(await subscriber.ask("SUBSCRIBE", "news"), ["subscribe", "news", 1]);
    for (let n = 0; n < 10; n += 1) {
      assertEquals(await publisher.ask("PUBLISH", "news", `${n}`), 1);
      assertEquals(await subscriber.reply(), ["message", "news", `${n}`]);
    }
    const info = String(await publisher.ask("INFO", "server"));
    Deno.kill(Number(/process_id:(\d+)/.exec(info)?.[1]), "SIGKILL");
    await Promise.all([subscriber, publisher].map((client) => {
      return assertRejects(() => client.reply());
    }));
    await mesh.event("instanceEnded", { service: "cache" });
    using next = await RedisClient.open(port);
    assertEquals(await next.ask("PING"), "PONG");
  });
});

/** The client of Redis that it holds most for. */
async function slowest(client: RedisClient): Promise<string> {
  const list = String(await client.ask("CLIENT", "LIST")).trim().split("\n");
  const held = (line: string) => Number(/omem=(\d+)/.exec(line)?.[1]);
  return list.reduce((most, line) => held(line) > held(most) ? line : most);
}

/** What the processes of a mesh hold, but for Redis itself. Bytes. */
async function memoryOf(mesh: MeshProcess): Promise<number> {
  let bytes = 0;
  for (const pid of await mesh.processes()) {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    if (/^Name:\s+redis/m.test(status)) continue;
    bytes += 1_024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
  }
  return bytes;
}

Deno.test("Redis is restarted and stopped, and no client of one command notices", async () => {
  await withCache(async (port, mesh) => {
    let isOver = false;
    let answered = 0;
    const talk = async () => {
      while (!isOver) {
        using client = await RedisClient.open(port);
        assertEquals(await client.ask("PING"), "PONG");
        answered += 1;
      }
    };
    const talks = Array.from({ length: 8 }, talk);
    await mesh.event("instanceStarted");
    await (await mesh.admin("/v1/services/cache/restart", {})).body?.cancel();
    const [, second] = await mesh.times(2, "instanceStarted");
    await mesh.times(1, "instanceEnded");
    await (await mesh.admin(`/v1/instances/${second?.serviceID}/stop`, { mode: "soft" })).body
      ?.cancel();
    await mesh.times(2, "instanceEnded");
    await mesh.times(3, "instanceStarted");
    const before = answered;
    await until(() => Promise.resolve(answered > before + 100));
    isOver = true;
    await Promise.all(talks);
  });
});

Deno.test("examples/cache counts visits, for HTTP and for redis-cli", async () => {
  await withRedis(async () => {
    const example = new URL("../../../examples/cache/", import.meta.url).pathname;
    const { services, routes } = JSON.parse(await Deno.readTextFile(`${example}mesh.json`));
    const port = freePort();
    const visits = { ...services.visits, entry: `${example}visits.ts` };
    await using running = await startTcpMesh({
      services: { ...services, visits },
      routes,
      ports: { [port]: "redis" },
    });
    assertEquals(await running.mesh.text("/visits"), "1 visits\n");
    assertEquals(await running.mesh.text("/visits"), "2 visits\n");
    using client = await RedisClient.open(port);
    assertEquals(await client.ask("GET", "visits"), "2");
  });
});
