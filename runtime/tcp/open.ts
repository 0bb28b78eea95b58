/**
 * The end of a tunnel that opens it: asks a service for a connection to its program by an exchange.
 *
 * @module
 */

import { type RequestParts, TUNNEL_METHOD } from "../sessions/session.ts";
import { detailIn } from "../problem.ts";
import { retryWaitMs } from "../source/retries.ts";
import type { ExchangeTerms } from "../source/terms.ts";

/**
 * The header by which a service says that it has answered a request for a tunnel: `open`, or
 * `refused`.
 */
export const TUNNEL_HEADER = "smmp-tunnel";

/** How often a tunnel is asked for when a session ended while it was: three times in all. */
const ATTEMPTS = 3;

/** What a tunnel is asked for by. */
export interface OpenOptions {
  /** The service. */
  readonly service: string;
  /** Sends a request to a service. */
  readonly exchange: (
    service: string,
    request: RequestParts,
    terms: ExchangeTerms,
  ) => Promise<Response>;
  /** Makes what this end says; nothing may be read of it before `opened` resolves. */
  readonly outgoing: (opened: Promise<void>) => ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Ends it at any time. */
  readonly signal: AbortSignal;
}

/** A tunnel that is open, or why there is none. */
export type OpenedTunnel =
  | { readonly incoming: ReadableStream<Uint8Array<ArrayBuffer>> }
  | { readonly refusal: string };

/**
 * Asks a service for a tunnel. As nothing that this end says leaves before it is open, it is asked
 * for again when a session breaks, or its instance is about to end, in just that moment.
 *
 * @throws {unknown} the reason of the signal.
 */
export async function openTunnel(options: OpenOptions): Promise<OpenedTunnel> {
  for (let attempt = 0;; attempt += 1) {
    const { answer, hadSession } = await ask(options);
    if (!(answer instanceof Response)) return answer;
    const { status, headers } = answer;
    const isSessionsFault = hadSession && !headers.has(TUNNEL_HEADER) &&
      (status === 502 || status === 503);
    if (!isSessionsFault || attempt === ATTEMPTS - 1) return { refusal: await refusalOf(answer) };
    await answer.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, retryWaitMs(attempt)));
    options.signal.throwIfAborted();
  }
}

async function ask(
  { service, exchange, outgoing, signal: outer }: OpenOptions,
): Promise<{ answer: OpenedTunnel | Response; hadSession: boolean }> {
  let hadSession = false;
  const left = () => {
    hadSession = true;
    return false;
  };
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const over = new AbortController();
  const signal = AbortSignal.any([outer, over.signal]);
  const request = {
    method: TUNNEL_METHOD,
    url: `http://${service}.mesh/`,
    headers: [],
    body: outgoing(opened),
    signal,
  };
  const response = await exchange(service, request, { left });
  if (response.headers.get(TUNNEL_HEADER) === "open" && response.body !== null) {
    open();
    return { answer: { incoming: response.body }, hadSession };
  }
  const { status, headers } = response;
  const text = await response.text();
  // A service that knows nothing of tunnels may wait for the rest of the request.
  over.abort(new Error("the tunnel was refused"));
  return { answer: new Response(text, { status, headers }), hadSession };
}

/** Why a service did not open it, as its response says it. */
async function refusalOf(response: Response): Promise<string> {
  return await detailIn(response) ??
    `Cannot open a connection: the service answered ${response.status}`;
}
