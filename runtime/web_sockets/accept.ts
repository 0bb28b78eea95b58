/**
 * The end of a WebSocket that accepts it: a service sees an ordinary handshake, and
 * `Deno.upgradeWebSocket` accepts it.
 *
 * @module
 */

import { SocketChannel } from "./channel.ts";
import type { OpenChannel } from "./exchange.ts";
import { upgrades } from "./install.ts";
import { ACCEPTED_HEADER } from "./messages.ts";
import { MeshSocket } from "./socket.ts";

/** What is needed to accept. */
export interface AcceptOptions {
  /** The service. */
  readonly handler: (request: Request) => Response | Promise<Response>;
  /** Aborts when the session of the exchange begins to close. */
  readonly leaving: AbortSignal | undefined;
}

/** Lets the service answer a request for a WebSocket. */
export async function acceptWebSocket(
  exchange: Request,
  { handler, leaving }: AcceptOptions,
): Promise<Response> {
  const request = handshakeOf(exchange);
  const { promise: connected, resolve, reject } = Promise.withResolvers<OpenChannel>();
  const channel = new SocketChannel();
  let accepted: MeshSocket | undefined;
  upgrades.set(request, ({ protocol = "" } = {}) => {
    if (accepted !== undefined) throw new TypeError("Cannot upgrade: it was upgraded already");
    checkProtocol(request, protocol);
    const abort = (reason: string) => channel.fail(new Error(reason));
    accepted = new MeshSocket({ isServer: true, url: "", protocol, connected, leaving, abort });
    return { socket: accepted, response: new Response(null, { status: 101 }) };
  });
  try {
    const response = await handler(request);
    const { body } = exchange;
    if (accepted === undefined || body === null || response.status !== 101) {
      reject(new Error(`Cannot open the WebSocket: the service answered ${response.status}`));
      return refused(exchange, response);
    }
    const { protocol } = accepted;
    resolve({ channel, body, protocol });
    return new Response(channel.outgoing, { headers: { [ACCEPTED_HEADER]: protocol } });
  } catch (error) {
    reject(error);
    throw error;
  } finally {
    upgrades.delete(request);
    // Without an upgrade nobody waits for it.
    connected.catch(() => {});
  }
}

/** The request as a client of the service itself would have sent it. */
function handshakeOf({ url, headers: given, signal }: Request): Request {
  const headers = new Headers(given);
  headers.set("connection", "Upgrade");
  headers.set("upgrade", "websocket");
  headers.set("sec-websocket-version", "13");
  if (!headers.has("sec-websocket-key")) {
    const key = crypto.getRandomValues(new Uint8Array(16));
    headers.set("sec-websocket-key", btoa(String.fromCharCode(...key)));
  }
  return new Request(url, { headers, signal });
}

function checkProtocol(request: Request, protocol: string): void {
  if (protocol === "") return;
  const offered = request.headers.get("sec-websocket-protocol")?.split(",") ?? [];
  if (offered.some((one) => one.trim() === protocol)) return;
  throw new TypeError(
    `Protocol '${protocol}' not in the request's protocol list (non negotiable)`,
  );
}

/** The service's own answer, which must not look like an accepted WebSocket. */
function refused(exchange: Request, response: Response): Response {
  // That the client would have said something is of no use to anybody.
  exchange.body?.cancel("the WebSocket was refused").catch(() => {});
  if (!response.headers.has(ACCEPTED_HEADER)) return response;
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  headers.delete(ACCEPTED_HEADER);
  return new Response(response.body, { status, statusText, headers });
}
