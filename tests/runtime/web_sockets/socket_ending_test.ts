import { assert, assertEquals, assertRejects } from "@std/assert";
import { SocketChannel } from "../../../runtime/web_sockets/channel.ts";
import { WEB_SOCKET_LIMITS } from "../../../runtime/web_sockets/messages.ts";
import { MeshSocket } from "../../../runtime/web_sockets/socket.ts";
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

Deno.test("MeshSocket tells both ends when the session breaks", async () => {
  await using echo = await startEcho();
  const socket = dialSocket(echo);
  const life = happenings(socket);
  await next(socket, "open");
  echo.session.abort("on purpose");
  const lost: Happening[] = [["open", 1], ["error", 3], ["close", 1_006, "", false]];
  assertEquals(await life, lost);
  assertEquals(await echo.heard[0], lost);
});

Deno.test("MeshSocket closes with 1012 when the session is to close, which then ends", async () => {
  for (const end of ["dialling", "accepting"]) {
    await using echo = await startEcho();
    const socket = dialSocket(echo);
    const life = happenings(socket);
    await next(socket, "open");
    assertEquals(echo.session.inFlight, 1);
    if (end === "dialling") await echo.session.close();
    else await echo.server.drain();
    const all: Happening[] = [["open", 1], ["close", 1_012, "service restart", true]];
    assertEquals(await life, all);
    assertEquals(await echo.heard[0], all);
    assertEquals((await echo.session.ended).status, 111);
    assertEquals(echo.failures, []);
  }
});

Deno.test("MeshSocket opens and closes when the session leaves while it is accepted", async () => {
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  await using service = await startService(async (request) => {
    asked.resolve();
    await go.promise;
    return upgrade(request).response;
  });
  const life = happenings(dialSocket(service));
  await asked.promise;
  const closed = service.session.close();
  go.resolve();
  assertEquals(await life, [["open", 1], ["close", 1_012, "service restart", true]]);
  await closed;
});

Deno.test("MeshSocket closes with 1009 what is too large, after what was sent", async () => {
  await using echo = await startEcho();
  const socket = dialSocket(echo);
  const life = happenings(socket);
  await next(socket, "open");
  socket.send("before");
  socket.send(new Uint8Array(WEB_SOCKET_LIMITS.messageBytes + 1));
  assertEquals(socket.readyState, socket.CLOSING);
  const reason = "a message is over 16777216 bytes";
  const all: Happening[] = [["open", 1], ["close", 1_009, reason, true]];
  assertEquals(await life, all);
  assertEquals(await echo.heard[0], [["open", 1], ["message", "before"], all[1]]);
});

Deno.test("MeshSocket closes with 1011 when its other end does not read", async () => {
  const sender = Promise.withResolvers<WebSocket>();
  await using service = await serviceOf((socket) => sender.resolve(socket));
  const opened = await open(service);
  assert(!(opened instanceof Response));
  const socket = await sender.promise;
  assertEquals(socket.readyState, socket.OPEN);
  const life = happenings(socket);
  const bytes = new Uint8Array(1_000_000);
  let sent = 0;
  for (; socket.readyState === WebSocket.OPEN; sent += bytes.length) socket.send(bytes);
  const { queuedBytes } = WEB_SOCKET_LIMITS;
  assert(sent > queuedBytes && sent < queuedBytes + 3 * bytes.length, `${sent} bytes were taken`);
  assert(socket.bufferedAmount < 2 * bytes.length);
  // Nobody answers the close, so the exchange is broken in the end.
  assertEquals(await life, [["error", 3], ["close", 1_006, "", false]]);
  await assertRejects(() => opened.channel.receive(opened.body, () => {}));
});

Deno.test("MeshSocket fails when it is closed before it is open", async () => {
  const asked = Promise.withResolvers<Request>();
  await using service = await startService((request) => {
    asked.resolve(request);
    return new Promise(() => {});
  });
  const socket = dialSocket(service);
  const life = happenings(socket);
  const { signal } = await asked.promise;
  socket.close();
  assertEquals(await life, [["error", 3], ["close", 1_006, "", false]]);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
});

Deno.test("MeshSocket fails when its other end sends no messages", async () => {
  const { body } = new Response(new Uint8Array([9, 0, 0, 0, 0]));
  assert(body !== null);
  const aborted = Promise.withResolvers<string>();
  const socket = new MeshSocket({
    isServer: false,
    url: "ws://counter.mesh/",
    connected: Promise.resolve({ channel: new SocketChannel(), body, protocol: "" }),
    abort: aborted.resolve,
  });
  const errors: unknown[] = [];
  socket.addEventListener("error", (event) => {
    if (event instanceof ErrorEvent) errors.push(event.message);
  });
  assertEquals(await happenings(socket), [["open", 1], ["error", 3], ["close", 1_006, "", false]]);
  assertEquals(errors, ["there is no kind 9 of messages"]);
  assertEquals(await aborted.promise, "the WebSocket failed");
});
