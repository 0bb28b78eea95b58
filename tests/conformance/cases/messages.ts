/**
 * Methods, headers, statuses and what else is in heads.
 *
 * @module
 */

import { type Case, told } from "../case.ts";
import { RawConnection } from "../raw_http.ts";
import { requestBytes, toldOf } from "../case.ts";

const METHODS = "GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND REPORT PURGE M-SEARCH get Patch";

const methods = METHODS.split(" ").map((method): Case => ({
  name: `method ${method}`,
  run: (world) => told(world, { method }),
}));

const statuses: Case = {
  name: "every status from 200 to 599",
  async run(world) {
    using connection = await RawConnection.open(world.port);
    const results: Record<string, unknown> = {};
    for (let status = 200; status <= 599; status++) {
      await connection.send(requestBytes(world, { target: `/do/status?size=${status}` }));
      results[status] = toldOf(await connection.response());
    }
    return results;
  },
};

const headers: Case[] = [
  {
    name: "request headers that repeat",
    run: (world) =>
      told(world, {
        headers: ["accept: text/a", "accept: text/b;q=0.5", "cookie: a=1", "cookie: b=2", "x-a:1"],
      }),
  },
  {
    name: "request headers in any case and order",
    run: (world) => told(world, { headers: ["X-ZETA: 1", "x-alpha: 2", "CoNtEnT-TyPe: a/b"] }),
  },
  {
    name: "request header values that are empty, padded or not ASCII",
    run: (world) =>
      told(world, { headers: ["x-empty:", "x-padded: \t a  b \t", "x-latin: caf\u00e9"] }),
  },
  {
    name: "request headers that carry a trace",
    run: (world) =>
      told(world, {
        headers: [
          "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          "tracestate: vendor=1",
          "baggage: a=1",
        ],
      }),
  },
  {
    name: "request headers for the service itself",
    run: (world) =>
      told(world, { headers: ["authorization: Bearer x", "origin: http://a.test", "range: x"] }),
  },
  { name: "response headers that are odd", run: (world) => told(world, { target: "/do/odd" }) },
  { name: "response with a text of its own", run: (world) => told(world, { target: "/do/text" }) },
  {
    name: "response of a service that throws",
    run: (world) => told(world, { target: "/do/throw" }),
  },
];

const hops: Case[] = [
  {
    name: "request headers between two neighbours",
    run: (world) =>
      told(world, {
        headers: [
          "connection: keep-alive, x-named",
          "x-named: 1",
          "keep-alive: timeout=5",
          "te: trailers",
          "proxy-connection: keep-alive",
          "proxy-authorization: Basic x",
          "x-kept: 2",
        ],
      }),
  },
  {
    name: "response headers between two neighbours",
    run: (world) => told(world, { target: "/do/hops" }),
  },
];

const caching: Case[] = [
  { name: "etag", run: (world) => told(world, { target: "/do/etag" }) },
  {
    name: "etag that matches",
    run: (world) => told(world, { target: "/do/etag", headers: ['if-none-match: "v1"'] }),
  },
  { name: "range of nothing in particular", run: (world) => told(world, { target: "/do/range" }) },
  {
    name: "range",
    run: (world) => told(world, { target: "/do/range", headers: ["range: bytes=100-199"] }),
  },
  {
    name: "range that cannot be",
    run: (world) => told(world, { target: "/do/range", headers: ["range: bytes=5000-6000"] }),
  },
  { name: "content-encoding", run: (world) => told(world, { target: "/do/gzip" }) },
  {
    name: "content-encoding that was asked for",
    run: (world) => told(world, { target: "/do/gzip", headers: ["accept-encoding: gzip, br"] }),
  },
  {
    name: "text for a client that takes gzip",
    run: (world) =>
      told(world, { target: "/do/static?size=1000&kind=text", headers: ["accept-encoding: gzip"] }),
  },
];

/** The cases. */
export const MESSAGES: readonly Case[] = [...methods, statuses, ...headers, ...hops, ...caching];
