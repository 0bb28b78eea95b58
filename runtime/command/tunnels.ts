/**
 * Connections of a program to services that speak tcp, by `CONNECT NAME.mesh:PORT` to its proxy.
 *
 * @module
 */

import { type OpenOptions, openTunnel } from "../tcp/open.ts";
import { Tunnel, type TunnelConnection } from "../tcp/tunnel.ts";
import { writeAll } from "./http/bodies.ts";
import { type ByteReader, bytesOf } from "./http/byte_reader.ts";

/** What a connection of a program is passed on with. */
export interface PassTunnelOptions extends Pick<OpenOptions, "service" | "exchange"> {
  /** Reads the connection: what came with the request is in there. */
  readonly reader: ByteReader;
}

/** Passes a connection on until it has ended; resolves at once with why it can't. */
export async function passTunnel(
  connection: Deno.TcpConn,
  { reader, service, exchange }: PassTunnelOptions,
): Promise<string | undefined> {
  const tunnel = new Tunnel(readBy(reader, connection), { of: "client" });
  const opened = await openTunnel({
    service,
    exchange,
    outgoing: (until) => tunnel.outgoing(until),
    signal: new AbortController().signal,
  });
  if ("refusal" in opened) return opened.refusal;
  await writeAll(connection, bytesOf("HTTP/1.1 200 Connected\r\n\r\n"));
  await tunnel.receive(opened.incoming);
  await tunnel.ended;
  return undefined;
}

/** A connection that is read by its reader. */
function readBy(reader: ByteReader, connection: Deno.TcpConn): TunnelConnection {
  return {
    async read(into) {
      const piece = await reader.some(into.length);
      if (piece === undefined) return null;
      into.set(piece);
      return piece.length;
    },
    write: (bytes) => connection.write(bytes),
    closeWrite: () => connection.closeWrite(),
    close: () => connection.close(),
  };
}
