/**
 * Answers the requests of a command service by its program.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { withoutHops } from "../hop_headers.ts";
import { problemResponse } from "../problem.ts";
import type { FetchHandler } from "../service/handler.ts";
import type { HeaderList } from "../sessions/session.ts";
import { canHaveBody } from "./http/bodies.ts";
import type { RunningProgram } from "./program.ts";

/** A program whose connection broke has this long to end, as in a crash. Milliseconds. */
const END_MS = 250;

/** The handler of a service whose program answers. */
export function forwardTo(program: RunningProgram, service: string): FetchHandler {
  return async (request) => {
    const { method, url, headers, signal } = request;
    const slash = url.indexOf("/", url.indexOf("://") + 3);
    const host = url.slice(url.indexOf("://") + 3, slash);
    const kept = withoutHops(headers).filter(([name]) => name !== "expect" && name !== "host");
    try {
      const response = await program.client.exchange({
        method,
        target: url.slice(slash),
        headers: [["host", host], ...kept],
        body: /^(?:GET|HEAD)$/.test(method) ? null : request.body,
        signal,
      });
      return responseOf(method, response);
    } catch (error) {
      signal.throwIfAborted();
      return await failure(program, { service, error });
    }
  };
}

/** The handler of a service whose program speaks another protocol than HTTP. */
export function refuseHttp(service: string): FetchHandler {
  const detail = `Cannot answer: "${service}" speaks tcp, and no HTTP`;
  return () => problemResponse({ status: 501, detail, service });
}

function responseOf(
  method: string,
  { status, headers, body }: {
    readonly status: number;
    readonly headers: HeaderList;
    readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> | null;
  },
): Response {
  const sent = canHaveBody(method, status) ? body ?? new Uint8Array() : null;
  return new Response(sent, { status, headers: withoutHops(headers) });
}

/** When the program has crashed, the session breaks with it and says so; else it is a 502. */
async function failure(
  program: RunningProgram,
  { service, error }: { readonly service: string; readonly error: unknown },
): Promise<Response> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, END_MS);
  await Promise.race([program.ended, late]);
  clearTimeout(timer);
  const detail = `Cannot pass the request on to the program: ${reasonOf(error)}`;
  return problemResponse({ status: 502, detail, service });
}

/** Passes the exchange of a WebSocket on. Seldom, so what it needs is loaded now. */
export async function passWebSocket(
  program: RunningProgram,
  exchange: Request,
  leaving?: AbortSignal,
): Promise<Response> {
  const { openWebSocket } = await import("./web_sockets.ts");
  const origin = await program.client.webSocketOrigin();
  return await openWebSocket(exchange, { origin, leaving });
}
