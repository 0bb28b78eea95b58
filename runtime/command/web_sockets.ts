/**
 * WebSockets to a program: one to it by the platform's own, one of the mesh to whoever asked.
 *
 * @module
 */

import { problemResponse } from "../problem.ts";

/** Headers of a handshake that each of its two ends makes by itself. */
const HANDSHAKE = /^(?:host|connection|upgrade|sec-websocket-.*)$/;

/** Opens a WebSocket to the program; once it is open, accepts the one that was asked for. */
export async function passWebSocket(request: Request, origin: string): Promise<Response> {
  const offered = request.headers.get("sec-websocket-protocol")?.split(",") ?? [];
  const protocols = offered.map((one) => one.trim());
  const headers = new Headers([...request.headers].filter(([name]) => !HANDSHAKE.test(name)));
  const inner = new WebSocket(`${origin}${pathOf(request.url)}`, { protocols, headers });
  inner.binaryType = "arraybuffer";
  // What the program says before the other end is open waits there.
  const early: MessageEvent[] = [];
  inner.onmessage = (event) => void early.push(event);
  if (!await isOpened(inner)) {
    const detail = "Cannot open the WebSocket: the program did not accept it";
    return problemResponse({ status: 502, detail });
  }
  const options = inner.protocol === "" ? {} : { protocol: inner.protocol };
  const { socket: outer, response } = Deno.upgradeWebSocket(request, options);
  outer.binaryType = "arraybuffer";
  outer.onmessage = ({ data }) => void (inner.readyState === WebSocket.OPEN && inner.send(data));
  outer.onclose = ({ code, reason }) => close(inner, { code, reason });
  inner.onclose = ({ code, reason }) => close(outer, { code, reason });
  outer.onopen = () => {
    for (const { data } of early) outer.send(data);
    inner.onmessage = ({ data }) => void (outer.readyState === WebSocket.OPEN && outer.send(data));
  };
  return response;
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}

function isOpened(socket: WebSocket): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.onopen = () => resolve(true);
  socket.onclose = () => resolve(false);
  // The close that follows says the same.
  socket.onerror = (event) => event.preventDefault();
  return promise;
}

/** Codes of one end that no end may say are told as the going away that they are. */
function close(socket: WebSocket, { code, reason }: { code: number; reason: string }): void {
  const isOwn = code === 1000 || (code >= 3000 && code <= 4999);
  if (isOwn) socket.close(code, reason);
  else if (code === 1005) socket.close();
  else socket.close(4000, "the other end went away");
}
