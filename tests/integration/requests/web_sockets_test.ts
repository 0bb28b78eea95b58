import { assert, assertEquals } from "@std/assert";
import { type MeshProcess, startMesh } from "../meshes/mesh_process.ts";

/** How a WebSocket ended. */
type End = readonly [code: number, reason: string];

/** A WebSocket of a test, whose messages are waited for one by one. */
class Client {
  readonly socket: WebSocket;
  readonly ended: Promise<End>;
  readonly #messages: unknown[] = [];
  #wake = () => {};

  constructor(mesh: MeshProcess, path: string, protocols: string[] = []) {
    this.socket = new WebSocket(`${mesh.gatewayUrl.replace("http", "ws")}${path}`, protocols);
    this.socket.binaryType = "arraybuffer";
    const { promise, resolve } = Promise.withResolvers<End>();
    this.ended = promise;
    this.socket.onmessage = ({ data }) => {
      this.#messages.push(data);
      this.#wake();
    };
    this.socket.onclose = ({ code, reason }) => {
      resolve([code, reason]);
      this.#wake();
    };
  }

  /** Sends, and waits for the next message. */
  async ask(data: string | Uint8Array<ArrayBuffer>): Promise<unknown> {
    this.socket.send(data);
    return await this.next();
  }

  /** The next message. */
  async next(): Promise<unknown> {
    while (this.#messages.length === 0) {
      const { readyState } = this.socket;
      if (readyState === WebSocket.CLOSED) throw new Error(`closed with ${await this.ended}`);
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#messages.shift();
  }

  /** Closes, and waits for the end. */
  async close(code?: number, reason?: string): Promise<End> {
    this.socket.close(code, reason);
    return await this.ended;
  }
}

/** Opens a WebSocket. */
async function open(mesh: MeshProcess, path: string, protocols?: string[]): Promise<Client> {
  const client = new Client(mesh, path, protocols);
  await Promise.race([
    new Promise((resolve) => client.socket.onopen = resolve),
    client.ended.then((end) => Promise.reject(new Error(`Cannot open "${path}": ${end}`))),
  ]);
  return client;
}

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** A handshake by hand: the status and headers that it is answered with, and its connection. */
async function handshake(
  mesh: MeshProcess,
  path: string,
  more: Readonly<Record<string, string>> = {},
): Promise<{ head: string; connection: Deno.TcpConn }> {
  const { hostname, port } = new URL(mesh.gatewayUrl);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const headers = {
    host: hostname,
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": KEY,
    ...more,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await connection.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\n${lines}\r\n`));
  const buffer = new Uint8Array(65_536);
  const count = await connection.read(buffer);
  return { head: new TextDecoder().decode(buffer.subarray(0, count ?? 0)), connection };
}

async function statusOf(
  mesh: MeshProcess,
  path: string,
  more: Readonly<Record<string, string>> = {},
): Promise<number> {
  const { head, connection } = await handshake(mesh, path, more);
  connection.close();
  return Number(head.slice(9, 12));
}

const SOCKETS = new URL("../services/sockets.ts", import.meta.url).pathname;
const HONO = new URL("../services/hono_sockets.ts", import.meta.url).pathname;

/** Longer than the second after which a source tells again that a connection is in use. */
const SHORT = { idle: { connection: "1600ms", service: "1600ms" } };

Deno.test("mesh carries WebSockets to a service that is started for them", async () => {
  await using mesh = await startMesh({ services: { sockets: {} } });
  const client = await open(mesh, "/sockets/?id=a", ["v1", "v2"]);
  assertEquals(client.socket.protocol, "v2");
  assertEquals(await client.ask("grüße 🌍"), "grüße 🌍");
  assertEquals(await client.ask(""), "");
  assertEquals(await client.ask(new Uint8Array([1, 2, 3])), new Uint8Array([1, 2, 3]).buffer);
  const large = new Uint8Array(1_048_576).map((_, index) => index * 7);
  assertEquals(await client.ask(large), large.buffer);
  assertEquals(await client.ask("ä".repeat(500_000)), "ä".repeat(500_000));
  assertEquals(await client.close(4_001, "done"), [4_001, "done"]);
  await mesh.output("closed a 4001 done true");
  assertEquals([mesh.all("warning"), mesh.stderr], [[], ""]);
});

Deno.test("mesh passes closes on, from the service and from the client", async () => {
  await using mesh = await startMesh({ services: { sockets: {} } });
  const closes: End[] = [[1_000, "bye"], [1_001, ""], [1_013, "later"], [4_999, "own"]];
  for (const [code, reason] of closes) {
    const client = await open(mesh, `/sockets/?id=b${code}`);
    client.socket.send(`close ${code} ${reason}`);
    assertEquals(await client.ended, [code, reason]);
    await mesh.output(`closed b${code} ${code} ${reason} true`);
  }
  const none = await open(mesh, "/sockets/?id=c");
  none.socket.send("close");
  assertEquals(await none.ended, [1_005, ""]);
  const own = await open(mesh, "/sockets/?id=d");
  assertEquals(await own.close(), [1_005, ""]);
  await mesh.output("closed d 1005  true");
  const { connection } = await handshake(mesh, "/sockets/?id=e");
  await mesh.output("opened e");
  connection.close();
  await mesh.output("closed e 1006  false");
});

Deno.test("mesh carries a hundred WebSockets at once", async () => {
  await using mesh = await startMesh({ services: { sockets: {} } });
  const ids = Array.from({ length: 100 }, (_, index) => `n${index}`);
  const clients = await Promise.all(ids.map((id) => open(mesh, `/sockets/?id=${id}`)));
  for (let round = 0; round < 3; round += 1) {
    const answers = await Promise.all(clients.map((client, index) => client.ask(`${index}`)));
    assertEquals(answers, ids.map((_, index) => `${index}`));
  }
  await Promise.all(clients.map((client) => client.close()));
  assertEquals((await mesh.times(1, "instanceStarted", { service: "sockets" })).length, 1);
});

Deno.test("mesh answers a refused WebSocket as the service does, or says why not", async () => {
  await using mesh = await startMesh({ services: { sockets: {}, exits: {} } });
  const { head, connection } = await handshake(mesh, "/sockets/refuse");
  connection.close();
  assert(head.startsWith("HTTP/1.1 403 "), head);
  assert(head.endsWith("not you"), head);
  assertEquals(await statusOf(mesh, "/nowhere"), 404);
  assertEquals(await statusOf(mesh, "/exits/"), 503);
  assertEquals(await statusOf(mesh, "/sockets/", { "sec-websocket-version": "8" }), 426);
  assertEquals(await statusOf(mesh, "/sockets/", { "sec-websocket-key": "" }), 400);
  assertEquals(await statusOf(mesh, "/.smmp/call/sockets/"), 401);
  const forged = await mesh.fetch("/sockets/", { method: "SMMP-WEBSOCKET", body: "x" });
  await forged.body?.cancel();
  assertEquals(forged.status, 405);
  assertEquals(mesh.stderr, "");
});

Deno.test("mesh closes a WebSocket with 1011 when its service dies", async () => {
  await using mesh = await startMesh({ services: { sockets: {} } });
  const client = await open(mesh, "/sockets/?id=a");
  client.socket.send("crash");
  assertEquals(await client.ended, [1_011, "the connection to the service broke"]);
});

Deno.test("mesh closes WebSockets with 1012 when a service or connection is to end", async () => {
  await using mesh = await startMesh({ services: { sockets: {} } });
  for (const what of ["instances", "connections"]) {
    const place = mesh.events.length;
    const client = await open(mesh, "/sockets/?id=a");
    const opened = await mesh.event("connectionOpened", { destService: "sockets" }, place);
    const id = what === "instances" ? opened.destServiceID : opened.connectionID;
    const verb = what === "instances" ? "stop" : "close";
    const response = await mesh.admin(`/v1/${what}/${id}/${verb}`, {});
    const text = await response.text();
    assert(response.ok, `${response.status} ${text}`);
    assertEquals(await client.ended, [1_012, "service restart"]);
    await mesh.event("connectionClosed", { destService: "sockets" }, place);
  }
  assertEquals(mesh.all("warning"), []);
});

Deno.test("mesh closes WebSockets with 1001 on SIGINT, and ends", async () => {
  await using mesh = await startMesh({ services: { sockets: {} } });
  const client = await open(mesh, "/sockets/?id=a");
  mesh.signal("SIGINT");
  const [code] = await client.ended;
  assertEquals(code, 1_001);
  assertEquals([(await mesh.ended()).code, mesh.stderr], [0, ""]);
  assertEquals(mesh.all("warning"), []);
  assertEquals(await mesh.processes(), []);
});

Deno.test("mesh takes an open WebSocket for use", async () => {
  await using mesh = await startMesh({ services: { sockets: SHORT, probe: SHORT } });
  const client = await open(mesh, "/sockets/?id=a");
  // The other service is used later and reaped earlier, so sockets would have been reaped too.
  await mesh.text("/probe/environment");
  await mesh.event("instanceEnded", { service: "probe" });
  assertEquals(mesh.all("connectionClosed", { destService: "sockets" }), []);
  assertEquals(await client.ask("still there"), "still there");
  await client.close();
  await mesh.event("instanceEnded", { service: "sockets" });
});

Deno.test("mesh carries WebSockets from service to service", async () => {
  await using mesh = await startMesh({
    services: { caller: { plugs: ["sockets"], entry: SOCKETS }, sockets: {} },
  });
  const to = (url: string) => `/caller/?id=a&join=${encodeURIComponent(url)}`;
  const client = await open(mesh, to("ws://sockets.mesh/?id=b"));
  assertEquals(await client.next(), "joined true joined");
  assertEquals(await client.ask("there and back"), "there and back");
  assertEquals(await client.ask(new Uint8Array([1, 2])), new Uint8Array([1, 2]).buffer);
  client.socket.send("close 4002 enough");
  assertEquals(await client.ended, [4_002, "enough"]);
  await mesh.output("closed b 4002 enough true");
  const refused = await open(mesh, to("ws://sockets.mesh/refuse"));
  assertEquals((await refused.ended)[0], 1_011);
  await mesh.output('other failed: Cannot open a WebSocket to "sockets": it answered 403');
  const forbidden = await open(mesh, to("ws://caller.mesh/"));
  assertEquals((await forbidden.ended)[0], 1_011);
  await mesh.output('other failed: Cannot open a WebSocket to "caller": it answered 403, ');
});

Deno.test("mesh carries WebSockets of Hono's helper", async () => {
  await using mesh = await startMesh({ services: { live: { entry: HONO } } });
  const client = await open(mesh, "/live/live");
  assertEquals(await client.next(), "hello");
  assertEquals(await client.ask("state"), "state 1");
  assertEquals(await client.close(1_000, "bye"), [1_000, "bye"]);
  await mesh.output("closed 1000 bye");
});

Deno.test("mesh closes a WebSocket whose client does not read, and holds a bound", async () => {
  await using mesh = await startMesh({ services: { sockets: {} } });
  const { connection } = await handshake(mesh, "/sockets/?id=a");
  await mesh.output("opened a");
  // A masked text frame, with a mask of zeros: "flood".
  const flood = new TextEncoder().encode("flood");
  await connection.write(new Uint8Array([0x81, 0x85, 0, 0, 0, 0, ...flood]));
  const { text } = await mesh.output("flooded with");
  const megabytes = Number(/\d+/.exec(String(text))?.[0]);
  assert(megabytes >= 16 && megabytes < 40, `${megabytes} MB`);
  await mesh.output("closed a 1006");
  connection.close();
});

Deno.test("mesh closes a WebSocket whose service does not read, and holds a bound", async () => {
  await using mesh = await startMesh({ services: { sockets: {} } });
  const client = await open(mesh, "/sockets/?id=a");
  client.socket.send("stall");
  const bytes = new Uint8Array(1_000_000);
  for (let count = 0; count < 64; count += 1) client.socket.send(bytes);
  // A client of Deno that is sending does not see the close, but a broken connection: 0.
  assert([0, 1_011].includes((await client.ended)[0]));
  await mesh.output("closed a 1011 over 16777216 bytes wait to be sent true");
  const next = await open(mesh, "/sockets/?id=b");
  assertEquals(await next.ask("still there"), "still there");
  await next.close();
});

Deno.test("mesh closes a WebSocket with 1009 for a message that is too large", async () => {
  await using mesh = await startMesh({ services: { sockets: {} } });
  const client = await open(mesh, "/sockets/?id=a");
  client.socket.send(new Uint8Array(16_777_217));
  const reason = "a message is over 16777216 bytes";
  assertEquals(await client.ended, [1_009, reason]);
  await mesh.output(`closed a 1009 ${reason} true`);
});
