import { assert, assertEquals, assertThrows } from "@std/assert";
import { problemResponse } from "../../../runtime/problem.ts";
import { plug } from "../../../runtime/service/calls/plug.ts";
import type { RequestParts } from "../../../runtime/sessions/session.ts";
import { installWebSockets } from "../../../runtime/web_sockets/install.ts";
import { WEB_SOCKET_METHOD } from "../../../runtime/web_sockets/messages.ts";
import { next } from "./socket_pair.ts";

/** Installs a mesh that refuses everything, for as long as it is used. */
function install(): Disposable & { requests: [string, RequestParts][] } {
  const requests: [string, RequestParts][] = [];
  const [upgrade, webSocket] = [
    Object.getOwnPropertyDescriptor(Deno, "upgradeWebSocket"),
    Object.getOwnPropertyDescriptor(globalThis, "WebSocket"),
  ];
  assert(upgrade !== undefined && webSocket !== undefined);
  installWebSockets(async (service, request) => {
    requests.push([service, request]);
    await request.body?.cancel();
    return problemResponse({ status: 404, detail: `Cannot find "${service}"` });
  });
  return {
    requests,
    [Symbol.dispose]() {
      Object.defineProperty(Deno, "upgradeWebSocket", upgrade);
      Object.defineProperty(globalThis, "WebSocket", webSocket);
    },
  };
}

function headersOf(headers: RequestParts["headers"]): Headers {
  return new Headers([...headers].map(([name, value]): [string, string] => [name, value]));
}

async function errorOf(socket: WebSocket): Promise<string> {
  const failed = new Promise((resolve) => socket.onerror = resolve);
  const [error, close] = await Promise.all([failed, next(socket, "close")]);
  assert(error instanceof ErrorEvent && close instanceof CloseEvent);
  assertEquals(close.code, 1_006);
  return error.message;
}

Deno.test("installWebSockets() sends a WebSocket to a service of the mesh there", async () => {
  using mesh = install();
  const socket = new WebSocket("ws://counter.mesh/live?a=b#c", ["v1", "v2"]);
  assert(socket instanceof WebSocket);
  assertEquals(socket.url, "ws://counter.mesh/live?a=b");
  assertEquals(
    await errorOf(socket),
    'Cannot open a WebSocket to "counter": it answered 404, Cannot find "counter"',
  );
  const [service, request] = mesh.requests[0] ?? [];
  assert(request !== undefined);
  const { url, method, headers } = request;
  assertEquals([service, url], ["counter", "http://counter.mesh/live?a=b"]);
  assertEquals([method, headersOf(headers).get("sec-websocket-protocol")], [
    WEB_SOCKET_METHOD,
    "v1, v2",
  ]);
});

Deno.test("installWebSockets() takes headers and subprotocols as options", async () => {
  using mesh = install();
  const options = { protocols: "v1", headers: { "x-own": "kept" } };
  await errorOf(new WebSocket(new URL("wss://counter.mesh/"), options));
  const headers = headersOf(mesh.requests[0]?.[1].headers ?? []);
  assertEquals([headers.get("sec-websocket-protocol"), headers.get("x-own")], ["v1", "kept"]);
});

Deno.test("installWebSockets() refuses subprotocols that are none", () => {
  using _mesh = install();
  for (const protocols of [["a", "a"], ["a b"], [""]]) {
    assertThrows(() => new WebSocket("ws://counter.mesh/", protocols), DOMException, "Cannot");
  }
});

Deno.test("installWebSockets() lets every other WebSocket go where it always went", async () => {
  using mesh = install();
  await using server = Deno.serve({ port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  });
  const socket = new WebSocket(`ws://127.0.0.1:${server.addr.port}/`);
  await next(socket, "open");
  socket.send("direct");
  const event = await next(socket, "message");
  assert(event instanceof MessageEvent && socket instanceof WebSocket);
  assertEquals([event.data, WebSocket.OPEN, mesh.requests], ["direct", 1, []]);
  socket.close();
  await next(socket, "close");
  assertThrows(() => new WebSocket("not a url"), DOMException);
});

Deno.test("installWebSockets() can be replaced, as the platform's own can", () => {
  using _mesh = install();
  class Fake extends EventTarget {}
  Object.assign(globalThis, { WebSocket: Fake });
  assertEquals(Object.is(globalThis.WebSocket, Fake), true);
});

Deno.test("plug() opens a WebSocket to its service, and to nothing else", async () => {
  using mesh = install();
  const counter = plug("counter");
  for (const path of ["/live?a=b", "live", "//elsewhere.test/live", "ws://elsewhere.test/live"]) {
    await errorOf(counter.webSocket(path, "v1"));
  }
  assertEquals(mesh.requests.map(([service, { url }]) => [service, url]), [
    ["counter", "http://counter.mesh/live?a=b"],
    ["counter", "http://counter.mesh/live"],
    ["counter", "http://counter.mesh/live"],
    ["counter", "http://counter.mesh/live"],
  ]);
});
