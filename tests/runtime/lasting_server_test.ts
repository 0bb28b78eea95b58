import { assert, assertEquals } from "@std/assert";
import { LastingServer } from "../../runtime/lasting_server.ts";
import { IS_OLD_DENO } from "../conformance/worlds.ts";
import { latin, RawConnection } from "../conformance/raw_http.ts";
import { Program } from "../hosts/worlds/program.ts";

const CROWDED = new URL("./fixtures/crowded_server.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
/** More than its process can have, and than the system keeps for it. */
const CONNECTIONS = 150;

/** A server that was refused nothing but the next connection. */
class FakeServer {
  isUsed = false;
  isShut = false;
  readonly #finished = Promise.withResolvers<void>();

  get platform(): Deno.HttpServer<Deno.NetAddr> {
    return {
      addr: { transport: "tcp", hostname: "127.0.0.1", port: 4_000 },
      finished: this.#finished.promise,
      shutdown: () => {
        this.isShut = true;
        this.#finished.resolve();
        return Promise.resolve();
      },
      ref() {},
      unref() {},
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  fail(): void {
    this.#finished.reject(new Error("too many files are open"));
  }
}

Deno.test("LastingServer listens again where it was, and tells why once", async () => {
  const servers: FakeServer[] = [];
  const ports: number[] = [];
  const failures: string[] = [];
  let tries = 0;
  let listened = Promise.withResolvers<void>();
  const lasting = new LastingServer({
    port: 0,
    listen(port) {
      // The second time there is no descriptor to listen with.
      if ((tries += 1) === 2) throw new Error("too many files are open");
      ports.push(port);
      const fake = new FakeServer();
      servers.push(fake);
      listened.resolve();
      return { server: fake.platform, isUsed: () => fake.isUsed };
    },
    failed: (reason) => failures.push(reason),
  });
  for (const isUsed of [true, false]) {
    listened = Promise.withResolvers();
    const server = servers.at(-1);
    assert(server !== undefined);
    server.isUsed = isUsed;
    server.fail();
    await listened.promise;
    // Only one that may have something in flight is kept.
    assertEquals(server.isShut, !isUsed);
  }
  assertEquals([ports, failures], [[0, 4_000, 4_000], ["too many files are open"]]);
  await lasting.shutdown();
  assertEquals(servers.map(({ isShut }) => isShut), [true, true, true]);
});

Deno.test("listenHttp() accepts again when there are descriptors, and breaks nothing", async () => {
  const folder = await Deno.makeTempDir();
  const run = `ulimit -n 100 && exec "$0" run -A --no-lock --config "$1" "$2"`;
  const command = ["sh", "-c", run, Deno.execPath(), CONFIG, CROWDED];
  const server = new Program({ name: "server", command, folder });
  try {
    const port = Number(await server.line(/^\d+$/));
    // Older servers tell that they end only once nobody is connected.
    using held = IS_OLD_DENO ? undefined : await RawConnection.open(port);
    await held?.send("GET /held HTTP/1.1\r\nhost: localhost\r\n\r\n");
    if (held !== undefined) await server.line(/holds one/);
    const crowd: Deno.TcpConn[] = [];
    while (crowd.length < CONNECTIONS) {
      try {
        crowd.push(await Deno.connect({ port }));
      } catch {
        // Nobody listens for a moment.
        break;
      }
    }
    const told = /^Cannot accept connections for the test: .*Too many open files.*again soon$/;
    if (!IS_OLD_DENO) await server.line(told);
    for (const connection of crowd) connection.close();
    await server.line(told);
    assertEquals(await answer(`http://127.0.0.1:${port}/go`), "answered");
    const response = await held?.response();
    if (held !== undefined) assertEquals(response?.body, latin("answered"));
    assertEquals(server.printed.filter((line) => told.test(line)).length, 1);
    assertEquals((await server.end("SIGTERM")).code, 0);
  } finally {
    await server.end("SIGKILL");
    await Deno.remove(folder);
  }
});

/** Asks until it is answered: for a moment nobody listens. */
async function answer(url: string): Promise<string> {
  const endMs = performance.now() + 30_000;
  for (;;) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
  }
}
