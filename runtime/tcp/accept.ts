/**
 * The end of a tunnel that accepts it: connects to the program on its port.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { problemResponse } from "../problem.ts";
import { TUNNEL_HEADER } from "./open.ts";
import { Tunnel, type TunnelConnection } from "./tunnel.ts";

/** What is needed to accept. */
export interface AcceptTunnelOptions {
  /** Connects to the program; undefined where there is none that speaks tcp. */
  readonly connect: (() => Promise<TunnelConnection>) | undefined;
  /** Aborts when the session of the exchange begins to close. */
  readonly leaving: AbortSignal | undefined;
}

/** Answers a request for a tunnel: it is open once the program has accepted the connection. */
export async function acceptTunnel(
  { body }: Request,
  { connect, leaving }: AcceptTunnelOptions,
): Promise<Response> {
  if (connect === undefined) return refuseTunnel("the service speaks HTTP only");
  if (body === null) return refuseTunnel("it has no body");
  let connection: TunnelConnection;
  try {
    connection = await connect();
  } catch (error) {
    return refuseTunnel(`the program does not accept it: ${reasonOf(error)}`);
  }
  const tunnel = new Tunnel(connection, { of: "program" });
  const leave = () => tunnel.leave();
  leaving?.addEventListener("abort", leave);
  void tunnel.ended.then(() => leaving?.removeEventListener("abort", leave));
  if (leaving?.aborted) leave();
  void tunnel.receive(body);
  return new Response(tunnel.outgoing(), { headers: { [TUNNEL_HEADER]: "open" } });
}

/** Says that there will be no tunnel, and why. */
export function refuseTunnel(why: string): Response {
  const response = problemResponse({ status: 502, detail: `Cannot open a connection: ${why}` });
  response.headers.set(TUNNEL_HEADER, "refused");
  return response;
}
