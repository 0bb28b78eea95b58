import { assertEquals } from "@std/assert";
import { arrivedHeaders } from "../../../runtime/gateway/arrived_headers.ts";
import { headerList } from "../../../runtime/gateway/header_list.ts";
import { listenHttp } from "../../../runtime/listen_http.ts";

/** What a server makes of the headers of a request that is written as it stands. */
async function served<Made>(lines: readonly string[], make: (headers: Headers) => Made) {
  const made = Promise.withResolvers<Made>();
  const options = { hostname: "127.0.0.1", port: 0, what: "a test", flag: "--port" };
  const server = listenHttp({ ...options, warn: () => {} }, {
    fetch({ headers }) {
      made.resolve(make(headers));
      return new Response();
    },
  });
  const connection = await Deno.connect({ port: server.port });
  const text = ["GET / HTTP/1.1", ...lines, "", ""].join("\r\n");
  await connection.write(new TextEncoder().encode(text));
  const result = await made.promise;
  connection.close();
  await server.abort();
  return result;
}

Deno.test("headerList() has the headers that a Headers of the same request has", async () => {
  const lines = [
    "Host: a.test",
    "B: 2",
    "a:  1 ",
    "X-Twice: 1",
    "x-twice: 2",
    "E:",
    "U: caf\u00e9",
  ];
  const { list, headers } = await served(lines, (headers) => ({
    list: headerList(headers),
    headers: [...headers],
  }));
  assertEquals([...new Headers(list)], headers);
});

Deno.test("arrivedHeaders() tells apart what is for whom", async () => {
  const arrived = await served([
    "Host: a.test",
    "Connection: keep-alive, x-mine",
    "Keep-Alive: 5",
    "TE: trailers",
    "Upgrade: websocket",
    "X-Mine: 1",
    "X-Request-ID: r-1",
    "Accept: text/html",
    "X-Forwarded-For: 6.6.6.6",
    "x-real-ip: 6.6.6.6",
    "FORWARDED: for=6.6.6.6",
    "Set-Thing: a",
    "set-thing: b",
  ], arrivedHeaders);
  const byName = (list: readonly [string, string][]) =>
    list.toSorted(([a, b], [c, d]) => `${a}:${b}` < `${c}:${d}` ? -1 : 1);
  const { kept, way, host, upgrade, requestID, transferCoding } = arrived;
  assertEquals([...new Headers(kept)], [["accept", "text/html"], ["set-thing", "a, b"]]);
  assertEquals(byName(way), [
    ["forwarded", "for=6.6.6.6"],
    ["x-forwarded-for", "6.6.6.6"],
    ["x-real-ip", "6.6.6.6"],
  ]);
  assertEquals({ host, upgrade, requestID, transferCoding }, {
    host: "a.test",
    upgrade: "websocket",
    requestID: "r-1",
    transferCoding: undefined,
  });
});

Deno.test("arrivedHeaders() keeps nothing that could be taken for what the gateway says", () => {
  const names = ["x_forwarded_for", "x-forwarded_host", "X_Real-IP", "x_request_id", "x_own"];
  const { kept, requestID } = arrivedHeaders(new Headers(names.map((name) => [name, "forged"])));
  assertEquals([kept, requestID], [[["x_own", "forged"]], undefined]);
});

Deno.test("arrivedHeaders() takes two names of a request for no name", () => {
  const headers = new Headers([["x-request-id", "a"], ["x-request-id", "b"]]);
  assertEquals(arrivedHeaders(headers).requestID, "a, b");
});

Deno.test("arrivedHeaders() makes one header of cookies that came one by one", async () => {
  const lines = ["host: a", "cookie: a=1", "Cookie: b=2", "COOKIE: c=3; d=4"];
  const { kept } = await served(lines, arrivedHeaders);
  const cookies = kept.filter(([name]) => name === "cookie").map(([, value]) => value);
  // Where the platform shows joined headers only, it has joined them already, by its own rule.
  const joined = cookies.join().split(/; |, /).toSorted();
  assertEquals({ count: cookies.length, joined }, {
    count: 1,
    joined: ["a=1", "b=2", "c=3", "d=4"],
  });
});
