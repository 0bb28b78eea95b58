import { acceptWebSocket } from "../../../runtime/web_sockets/accept.ts";
import { type OpenChannel, openExchange } from "../../../runtime/web_sockets/exchange.ts";
import { upgrades } from "../../../runtime/web_sockets/install.ts";
import { WEB_SOCKET_METHOD } from "../../../runtime/web_sockets/messages.ts";
import { MeshSocket } from "../../../runtime/web_sockets/socket.ts";
import { type RunningSession, startSession } from "../sessions/session_pair.ts";

/** What a service does with a request. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** What happened at a socket, in its order. */
export type Happening = readonly [what: string, ...details: unknown[]];

/** A service whose handler accepts WebSockets, and a session to it. */
export async function startService(handler: Handler): Promise<RunningSession> {
  const running: RunningSession = await startSession((request) => {
    if (request.method !== WEB_SOCKET_METHOD) return handler(request);
    return acceptWebSocket(request, { handler, leaving: running.handles[0]?.leaving });
  });
  return running;
}

/** What `Deno.upgradeWebSocket` is in a service process. */
export function upgrade(
  request: Request,
  options?: Deno.UpgradeWebSocketOptions,
): Deno.WebSocketUpgrade {
  const upgrade = upgrades.get(request);
  if (upgrade === undefined) throw new Error("this request is no handshake of the mesh");
  return upgrade(options);
}

/** Asks for a WebSocket by a session. */
export function open(
  { session }: RunningSession,
  headers: HeadersInit = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<OpenChannel | Response> {
  const url = new URL("http://counter.mesh/live?a=b");
  const send = (request: Request) => session.fetch(request);
  return openExchange(send, { url, headers: new Headers(headers), signal });
}

/** The dialling end of a WebSocket by a session. */
export function dialSocket(running: RunningSession, headers: HeadersInit = {}): MeshSocket {
  const controller = new AbortController();
  const connected = open(running, headers, controller.signal).then((opened) => {
    if (opened instanceof Response) throw new Error(`refused with ${opened.status}`);
    return opened;
  });
  const abort = (reason: string) => controller.abort(new Error(reason));
  return new MeshSocket({ isServer: false, url: "ws://counter.mesh/live?a=b", connected, abort });
}

/** Writes down all that happens at a socket; resolves with it when the socket has closed. */
export function happenings(socket: WebSocket): Promise<Happening[]> {
  const list: Happening[] = [];
  const { promise, resolve } = Promise.withResolvers<Happening[]>();
  socket.onopen = () => list.push(["open", socket.readyState]);
  socket.onmessage = ({ data }) => list.push(["message", data]);
  socket.onerror = () => list.push(["error", socket.readyState]);
  socket.onclose = ({ code, reason, wasClean }) => {
    list.push(["close", code, reason, wasClean]);
    resolve(list);
  };
  return promise;
}

/** Waits for the next event of a kind. */
export function next(socket: WebSocket, type: "open" | "message" | "close"): Promise<Event> {
  return new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
}

/** A service that hands each socket to the test. */
export function serviceOf(use: (socket: WebSocket, request: Request) => void, protocol?: string) {
  return startService((request) => {
    const { socket, response } = upgrade(request, protocol === undefined ? {} : { protocol });
    use(socket, request);
    return response;
  });
}

/** A service that sends back what it gets; its last socket's life is told by `heard`. */
export async function startEcho() {
  const heard: Promise<Happening[]>[] = [];
  const running = await serviceOf((socket) => {
    heard.push(happenings(socket));
    socket.addEventListener("message", ({ data }) => socket.send(data));
  });
  return { ...running, heard };
}
