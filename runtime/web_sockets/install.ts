/**
 * What makes the platform's own WebSockets know the mesh, in a service process:
 * `new WebSocket("ws://NAME.mesh/…")` reaches a service, `Deno.upgradeWebSocket` accepts what comes
 * from the mesh. Everything else goes where it always went.
 *
 * Nothing of the platform's is touched before it is used: that would load it.
 *
 * @module
 */

import { partsOf } from "../sessions/parts/parts.ts";
import { type MeshFetch, serviceOf } from "../service/calls/mesh_fetch.ts";
import { MeshSocket } from "./socket.ts";

/** Accepts the WebSocket that a request asks for. */
export type Upgrade = (options?: Deno.UpgradeWebSocketOptions) => Deno.WebSocketUpgrade;

/** The requests that are being answered and may be upgraded. */
export const upgrades: WeakMap<Request, Upgrade> = new WeakMap();

/** Opens a WebSocket: an address, and subprotocols or options. */
type Arguments = ConstructorParameters<typeof WebSocket>;

/** A subprotocol is a token (RFC 6455, 4.1). */
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** Makes the platform's WebSockets know the mesh. Called once, by the service process. */
export function installWebSockets(send: MeshFetch): void {
  const upgrade = lazyValue(Deno, "upgradeWebSocket");
  Deno.upgradeWebSocket = (request, options) =>
    upgrades.get(request)?.(options) ?? upgrade()(request, options);
  const original = lazyValue(globalThis, "WebSocket");
  let current: typeof WebSocket | undefined;
  Object.defineProperty(globalThis, "WebSocket", {
    configurable: true,
    enumerable: false,
    get: () => current ??= meshAware(original(), send),
    set: (value: typeof WebSocket) => void (current = value),
  });
}

/** A property of the platform, read when it is needed for the first time. */
function lazyValue<Of extends object, Name extends keyof Of>(of: Of, name: Name): () => Of[Name] {
  const descriptor = Object.getOwnPropertyDescriptor(of, name);
  return () => descriptor?.get?.call(of) ?? descriptor?.value;
}

function meshAware(original: typeof WebSocket, send: MeshFetch): typeof WebSocket {
  // So that every socket of the mesh is an instance of WebSocket; it has all of its own members.
  Object.setPrototypeOf(MeshSocket.prototype, original.prototype);
  return new Proxy(original, {
    construct(target, args: Arguments, newTarget) {
      const url = URL.parse(String(args[0]));
      const service = url === null ? undefined : serviceOf(url.href.replace(/^ws/, "http"));
      if (url === null || service === undefined) return Reflect.construct(target, args, newTarget);
      return connect(send, { service, url, options: args[1] });
    },
  });
}

/** Opens a WebSocket to a service; the rest of what that needs is loaded now. */
function connect(
  send: MeshFetch,
  target: { service: string; url: URL; options: Arguments[1] | undefined },
): MeshSocket {
  const { service, url } = target;
  const headers = headersOf(target.options ?? []);
  const controller = new AbortController();
  const { signal } = controller;
  url.protocol = url.protocol.replace("http", "ws");
  url.hash = "";
  const httpUrl = new URL(url.href.replace(/^ws/, "http"));
  const connected = import("./exchange.ts").then(async ({ openExchange, refusalOf }) => {
    const toService = (request: Request) => send(service, partsOf(request));
    const opened = await openExchange(toService, { url: httpUrl, headers, signal });
    if (!(opened instanceof Response)) return opened;
    const why = await refusalOf(opened);
    throw new Error(`Cannot open a WebSocket to "${service}": it answered ${why}`);
  });
  const abort = (reason: string) => controller.abort(new Error(reason));
  return new MeshSocket({ isServer: false, url: url.href, connected, abort });
}

function headersOf(options: NonNullable<Arguments[1]>): Headers {
  const isOptions = typeof options === "object" && !Array.isArray(options);
  const { protocols = [], headers: given } = isOptions ? options : { protocols: options };
  const list = typeof protocols === "string" ? [protocols] : protocols;
  const areValid = list.every((one) => TOKEN.test(one)) && new Set(list).size === list.length;
  if (!areValid) {
    const text = `Cannot offer "${list.join(", ")}": subprotocols are different tokens`;
    throw new DOMException(text, "SyntaxError");
  }
  const headers = new Headers(given);
  if (list.length > 0) headers.set("sec-websocket-protocol", list.join(", "));
  return headers;
}
