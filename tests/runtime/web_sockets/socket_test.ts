import { assert, assertEquals, assertThrows } from "@std/assert";
import { ACCEPTED_HEADER } from "../../../runtime/web_sockets/messages.ts";
import type { MeshSocket } from "../../../runtime/web_sockets/socket.ts";
import {
  dialSocket,
  type Happening,
  happenings,
  next,
  open,
  serviceOf,
  startEcho,
  startService,
  upgrade,
} from "./socket_pair.ts";

function buffered(socket: MeshSocket): [number, number] {
  return [socket.readyState, socket.bufferedAmount];
}

Deno.test("MeshSocket carries texts and bytes both ways, in order", async () => {
  await using echo = await startEcho();
  const socket = dialSocket(echo);
  assertEquals(buffered(socket), [socket.CONNECTING, 0]);
  assertThrows(() => socket.send("early"), DOMException, "not OPEN");
  const client = happenings(socket);
  socket.binaryType = "arraybuffer";
  await next(socket, "open");
  socket.send("");
  socket.send("grüße 🌍");
  socket.send(new Uint8Array([1, 2, 3]).subarray(1));
  socket.send(new Uint8Array([4]).buffer);
  socket.send(new Blob(["blob"]));
  socket.send("after the blob");
  for (let count = 0; count < 6; count += 1) await next(socket, "message");
  socket.close(4_001, "done");
  assertEquals(socket.readyState, socket.CLOSING);
  const messages: Happening[] = [
    ["message", ""],
    ["message", "grüße 🌍"],
    ["message", new Uint8Array([2, 3]).buffer],
    ["message", new Uint8Array([4]).buffer],
    ["message", new TextEncoder().encode("blob").buffer],
    ["message", "after the blob"],
  ];
  const all: Happening[] = [["open", 1], ...messages, ["close", 4_001, "done", true]];
  assertEquals(await client, all);
  assertEquals(await echo.heard[0], all);
  assertEquals(socket.readyState, socket.CLOSED);
  assertEquals(echo.failures, []);
});

Deno.test("MeshSocket gives Blobs at the end that opens it, unless told otherwise", async () => {
  await using echo = await startEcho();
  const socket = dialSocket(echo);
  await next(socket, "open");
  socket.send(new Uint8Array([7]));
  const event = await next(socket, "message");
  assert(event instanceof MessageEvent && event.data instanceof Blob);
  assertEquals(event.origin, "ws://counter.mesh");
  assertEquals(await event.data.bytes(), new Uint8Array([7]));
  socket.close();
  await next(socket, "close");
});

Deno.test("MeshSocket carries messages that are larger than every window", async () => {
  await using echo = await startEcho();
  const socket = dialSocket(echo);
  socket.binaryType = "arraybuffer";
  await next(socket, "open");
  const bytes = new Uint8Array(3_000_000).map((_, index) => index * 7);
  socket.send(bytes);
  assertEquals(socket.bufferedAmount, bytes.length);
  const event = await next(socket, "message");
  assert(event instanceof MessageEvent);
  assertEquals(new Uint8Array(event.data), bytes);
  assertEquals(socket.bufferedAmount, 0);
  socket.close();
  await next(socket, "close");
});

Deno.test("MeshSocket is closed by the service with any code", async () => {
  const lives: Promise<Happening[]>[] = [];
  await using service = await serviceOf((socket) => {
    lives.push(happenings(socket));
    socket.addEventListener("open", () => socket.close(1_013, "later"));
  });
  const all: Happening[] = [["open", 1], ["close", 1_013, "later", true]];
  assertEquals(await happenings(dialSocket(service)), all);
  assertEquals(await lives[0], all);
});

Deno.test("MeshSocket has code 1005 for a close without one", async () => {
  await using echo = await startEcho();
  const socket = dialSocket(echo);
  const life = happenings(socket);
  await next(socket, "open");
  socket.close();
  socket.close(3_000, "too late");
  assertEquals(await life, [["open", 1], ["close", 1_005, "", true]]);
  assertThrows(() => socket.send("late"), DOMException);
});

Deno.test("MeshSocket refuses the codes and reasons that WebSockets refuse", async () => {
  await using echo = await startEcho();
  const socket = dialSocket(echo);
  await next(socket, "open");
  for (const code of [999, 1_001, 1_012, 2_999, 5_000]) {
    assertThrows(() => socket.close(code), DOMException, "close code");
  }
  assertThrows(() => socket.close(1_000, "ä".repeat(62)), DOMException, "123 bytes");
  socket.close(1_000, "a".repeat(123));
  await next(socket, "close");
});

Deno.test("MeshSocket shows the service a handshake, and agrees on a subprotocol", async () => {
  let seen: Request | undefined;
  await using service = await serviceOf((socket, request) => {
    seen = request;
    socket.addEventListener("open", () => socket.send(socket.protocol));
  }, "v2");
  const socket = dialSocket(service, { "sec-websocket-protocol": "v1, v2", "x-own": "kept" });
  const event = await next(socket, "message");
  assert(event instanceof MessageEvent && seen !== undefined);
  assertEquals([event.data, socket.protocol], ["v2", "v2"]);
  const { method, url, headers, body } = seen;
  assertEquals([method, url, body], ["GET", "http://counter.mesh/live?a=b", null]);
  const names = ["upgrade", "connection", "sec-websocket-version", "x-own"];
  assertEquals(names.map((name) => headers.get(name)), ["websocket", "Upgrade", "13", "kept"]);
  assertEquals(atob(headers.get("sec-websocket-key") ?? "").length, 16);
  socket.close();
  await next(socket, "close");
});

Deno.test("acceptWebSocket() refuses a subprotocol that was not offered", async () => {
  await using service = await serviceOf(() => {}, "v3");
  const opened = await open(service, { "sec-websocket-protocol": "v1" });
  assert(opened instanceof Response);
  assertEquals(opened.status, 500);
  await opened.body?.cancel();
  assertEquals(service.failures.map(String), [
    "TypeError: Protocol 'v3' not in the request's protocol list (non negotiable)",
  ]);
});

Deno.test("acceptWebSocket() passes on the answer of a service that refuses", async () => {
  const headers = { [ACCEPTED_HEADER]: "forged", "x-own": "kept" };
  await using service = await startService(() => new Response("no", { status: 403, headers }));
  const opened = await open(service);
  assert(opened instanceof Response);
  assertEquals([opened.status, await opened.text()], [403, "no"]);
  assertEquals(opened.headers.get("x-own"), "kept");
  assertEquals(opened.headers.has(ACCEPTED_HEADER), false);
});

Deno.test("acceptWebSocket() fails the socket of a service that also refuses", async () => {
  const lives: Promise<Happening[]>[] = [];
  await using service = await startService((request) => {
    lives.push(happenings(upgrade(request).socket));
    return new Response("no", { status: 400 });
  });
  const opened = await open(service);
  assert(opened instanceof Response);
  assertEquals(await opened.text(), "no");
  assertEquals(await lives[0], [["error", 3], ["close", 1_006, "", false]]);
});

Deno.test("acceptWebSocket() upgrades a request once", async () => {
  await using service = await startService((request) => {
    upgrade(request);
    return upgrade(request).response;
  });
  const opened = await open(service);
  assert(opened instanceof Response);
  assertEquals(opened.status, 500);
  await opened.body?.cancel();
  assertEquals(service.failures.map(String), [
    "TypeError: Cannot upgrade: it was upgraded already",
  ]);
});

Deno.test("MeshSocket calls handlers in the place that they took among listeners", async () => {
  await using echo = await startEcho();
  const socket = dialSocket(echo);
  const order: string[] = [];
  socket.addEventListener("message", () => order.push("first"));
  socket.onmessage = () => order.push("replaced");
  socket.addEventListener("message", () => order.push("third"));
  socket.onmessage = function (event) {
    assertEquals([this, event.target, event.type], [socket, socket, "message"]);
    order.push("second");
  };
  await next(socket, "open");
  socket.send("x");
  await next(socket, "message");
  assertEquals(order, ["first", "second", "third"]);
  socket.onmessage = null;
  assertEquals(socket.onmessage, null);
  socket.close();
  await next(socket, "close");
});
