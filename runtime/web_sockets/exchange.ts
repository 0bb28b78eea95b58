/**
 * The end of a WebSocket that opens it: asks a service by an exchange, which the service accepts or
 * answers as any request.
 *
 * @module
 */

import { detailIn } from "../problem.ts";
import { SocketChannel } from "./channel.ts";
import { ACCEPTED_HEADER, WEB_SOCKET_METHOD } from "./messages.ts";

/** A WebSocket that both ends have agreed on. */
export interface OpenChannel {
  /** What this end says. */
  readonly channel: SocketChannel;
  /** What the other end says, for {@linkcode SocketChannel.receive}. */
  readonly body: ReadableStream<Uint8Array>;
  /** The subprotocol, or nothing. */
  readonly protocol: string;
}

/** What is asked for. */
export interface ExchangeRequest {
  /** The address, with http in front. */
  readonly url: URL;
  /** The headers of the handshake. */
  readonly headers: Headers;
  /** Ends the exchange at any time. */
  readonly signal: AbortSignal;
}

/**
 * Asks a service for a WebSocket; a service that does not want one answers with a response.
 *
 * @throws {unknown} what `send` rejects with.
 */
export async function openExchange(
  send: (request: Request) => Promise<Response>,
  { url, headers, signal }: ExchangeRequest,
): Promise<OpenChannel | Response> {
  const channel = new SocketChannel();
  const body = channel.outgoing;
  const response = await send(
    new Request(url, { method: WEB_SOCKET_METHOD, headers, body, signal, redirect: "manual" }),
  );
  const protocol = response.headers.get(ACCEPTED_HEADER);
  if (protocol !== null && response.body !== null) {
    return { channel, body: response.body, protocol };
  }
  channel.end();
  return response;
}

/** Why a service did not accept, as its response says it. Reads or cancels the response. */
export async function refusalOf(response: Response): Promise<string> {
  const { status } = response;
  const detail = await detailIn(response);
  if (detail !== undefined) return `${status}, ${detail}`;
  // It says no more than its status, whatever else it would have said.
  await response.body?.cancel().catch(() => {});
  return `${status}`;
}
