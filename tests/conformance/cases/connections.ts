/**
 * Many requests on one connection.
 *
 * @module
 */

import { type Case, requestBytes, told, toldOf } from "../case.ts";
import { latin, RawConnection } from "../raw_http.ts";
import type { World } from "../worlds.ts";

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.reduce((all, piece) => {
    const next = new Uint8Array(all.length + piece.length);
    next.set(all);
    next.set(piece, all.length);
    return next;
  }, new Uint8Array(0));
}

async function responses(world: World, bytes: Uint8Array, count: number): Promise<unknown[]> {
  using connection = await RawConnection.open(world.port);
  await connection.send(bytes);
  const all: unknown[] = [];
  for (let at = 0; at < count; at++) all.push(toldOf(await connection.response()));
  return all;
}

/** The cases. */
export const CONNECTIONS: readonly Case[] = [
  {
    name: "a hundred requests on one connection, one after the other",
    async run(world) {
      using connection = await RawConnection.open(world.port);
      const all: unknown[] = [];
      for (let at = 0; at < 100; at++) {
        const body = at % 2 === 0 ? undefined : "x".repeat(at);
        const method = body === undefined ? "GET" : "POST";
        const asked = { method, target: `/a/${at}`, ...(body === undefined ? {} : { body }) };
        await connection.send(requestBytes(world, asked));
        all.push(toldOf(await connection.response(method)));
      }
      return all;
    },
  },
  {
    name: "pipelined requests are answered in their order",
    run(world) {
      const requests = Array.from({ length: 20 }, (_, at) => {
        return requestBytes(world, { target: `/do/static?size=${20 - at}&kind=text` });
      });
      return responses(world, joined(requests), 20);
    },
  },
  {
    name: "pipelined requests with bodies",
    run: (world) =>
      responses(
        world,
        joined([
          requestBytes(world, { method: "POST", target: "/1", body: "one" }),
          requestBytes(world, {
            method: "POST",
            target: "/2",
            headers: ["transfer-encoding: chunked"],
            body: "3\r\ntwo\r\n0\r\n\r\n",
          }),
          requestBytes(world, { target: "/3" }),
        ]),
        3,
      ),
  },
  {
    name: "connection close",
    async run(world) {
      using connection = await RawConnection.open(world.port);
      await connection.send(requestBytes(world, { headers: ["connection: close"] }));
      return [toldOf(await connection.response()), await connection.isClosed()];
    },
  },
  {
    name: "HTTP/1.0",
    async run(world) {
      using connection = await RawConnection.open(world.port);
      await connection.send(latin(`GET /a HTTP/1.0\r\nhost: ${world.host}\r\n\r\n`));
      const head = await connection.line();
      return head?.replace("HTTP/1.1", "HTTP/1.0");
    },
  },
  { name: "an upgrade to h2c", run: (world) => told(world, { headers: ["upgrade: h2c"] }) },
];
