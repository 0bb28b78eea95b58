/**
 * The service that every world of the conformance suite runs. Paths under `/do/` do what a case
 * asks for; every other path is answered with what the service saw of its request.
 */

import { bodyOf, digestOf, patternOf, streamOf } from "./bodies.ts";

const encoder = new TextEncoder();
const pushed = new Map<string, ReadableStreamDefaultController<Uint8Array>>();
const outcomes = new Map<string, PromiseWithResolvers<string>>();
const counts = new Map<string, number>();
const seen: string[] = [];

/** The whole of a URL behind its origin, an empty query included. */
function targetOf(request: Request): string {
  const { href, origin } = new URL(request.url);
  return href.slice(origin.length);
}

async function report(request: Request): Promise<Response> {
  const target = targetOf(request);
  if (target.startsWith("/seen/")) seen.push(`${request.method} ${target}`);
  const headers = Object.fromEntries(request.headers);
  const body = request.body === null ? null : await digestOf(request.body);
  return Response.json({ method: request.method, target, headers, body });
}

function outcomeOf(id: string): PromiseWithResolvers<string> {
  const outcome = outcomes.get(id) ?? Promise.withResolvers<string>();
  outcomes.set(id, outcome);
  return outcome;
}

/** A body whose pieces are sent by `/do/push`; ended by `/do/end`, broken by `/do/break`. */
function pushable(id: string, headers: Record<string, string>): Response {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      pushed.set(id, controller);
      controller.enqueue(encoder.encode("first;"));
    },
    cancel: () => outcomeOf(id).resolve("cancelled"),
  });
  return new Response(body, { headers });
}

/** A request that is never answered; how it ends is told by `/do/outcome`. */
function never(request: Request, id: string): Promise<Response> {
  request.signal.addEventListener("abort", () => outcomeOf(id).resolve("aborted"));
  outcomeOf(`${id}-begun`).resolve("begun");
  return new Promise((resolve) => {
    request.signal.addEventListener("abort", () => resolve(new Response("too late")));
  });
}

/** A request whose body is read; how it ends is told by `/do/outcome`. */
async function receive(request: Request, id: string): Promise<Response> {
  try {
    for await (const _piece of request.body ?? []) outcomeOf(`${id}-begun`).resolve("begun");
    outcomeOf(id).resolve("whole");
  } catch {
    outcomeOf(id).resolve("broken");
  }
  return new Response("received");
}

/** A body of zeros; how much of it has been asked for is told by `/do/count`. */
function zeros(size: number, id: string): Response {
  const piece = new Uint8Array(65_536);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const count = counts.get(id) ?? 0;
      counts.set(id, count + piece.length);
      controller.enqueue(piece.slice());
      if (count + piece.length >= size) controller.close();
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-length": `${size}` } });
}

/** A request whose body is read once `/do/go` says so, and counted. */
async function slow(request: Request, id: string): Promise<Response> {
  outcomeOf(`${id}-begun`).resolve("begun");
  await outcomeOf(`${id}-go`).promise;
  let bytes = 0;
  for await (const piece of request.body ?? []) bytes += piece.length;
  return new Response(`${bytes}`);
}

function manyHeaders(count: number): Response {
  const headers = new Headers();
  for (let at = 0; at < count; at++) headers.set(`x-many-${at}`, `value ${at}`);
  return new Response("many", { headers });
}

function oddHeaders(): Response {
  const headers = new Headers({ "X-Mixed-Case": "Kept As Is", "x-empty": "" });
  headers.set("x-latin", "caf\u00e9");
  for (const cookie of ["a=1; Path=/", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "c=3"]) {
    headers.append("set-cookie", cookie);
  }
  headers.append("link", "</a>; rel=next");
  headers.append("link", "</b>; rel=prev");
  return new Response("odd", { headers });
}

/** Headers between two neighbours, which no service should set and some do. */
function hopHeaders(): Response {
  const headers = {
    "connection": "x-named",
    "keep-alive": "timeout=7",
    "proxy-authenticate": "Basic",
    "x-named": "1",
    "x-kept": "2",
  };
  return new Response("hops", { headers });
}

function etagged(request: Request): Response {
  const headers = { etag: '"v1"', "cache-control": "max-age=60" };
  const isSame = request.headers.get("if-none-match") === '"v1"';
  return isSame ? new Response(null, { status: 304, headers }) : new Response("v1", { headers });
}

function ranged(request: Request): Response {
  const all = patternOf(1_000);
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
  if (range === null) return new Response(all, { headers: { "accept-ranges": "bytes" } });
  const [from, to] = [Number(range[1]), Number(range[2])];
  if (from >= all.length) {
    return new Response(null, { status: 416, headers: { "content-range": "bytes */1000" } });
  }
  const headers = { "content-range": `bytes ${from}-${to}/1000` };
  return new Response(all.slice(from, to + 1), { status: 206, headers });
}

async function gzipped(): Promise<Response> {
  const stream = streamOf(10_000, 1_000).pipeThrough(new CompressionStream("gzip"));
  const body = await new Response(stream).bytes();
  return new Response(body, { headers: { "content-encoding": "gzip" } });
}

function act(name: string, request: Request, query: URLSearchParams): Response | Promise<Response> {
  const id = query.get("id") ?? "";
  const size = Number(query.get("size") ?? "0");
  switch (name) {
    case "status":
      return new Response(null, { status: size, headers: { "x-status": `${size}` } });
    case "static":
      return new Response(bodyOf(size, query.get("kind")));
    case "stream":
      return new Response(streamOf(size, Number(query.get("piece") ?? "1000")));
    case "sized":
      return new Response(streamOf(size, 10_000), { headers: { "content-length": `${size}` } });
    case "bodiless":
      return new Response(null, { headers: { "content-length": `${size}`, etag: '"h"' } });
    case "echo":
      return new Response(request.body);
    case "many":
      return manyHeaders(size);
    case "large":
      return new Response("large", { headers: { "x-large": "x".repeat(size) } });
    case "odd":
      return oddHeaders();
    case "hops":
      return hopHeaders();
    case "text":
      return new Response("text", { status: 200, statusText: "Very Well" });
    case "etag":
      return etagged(request);
    case "range":
      return ranged(request);
    case "gzip":
      return gzipped();
    case "pushable":
      return pushable(id, size > 0 ? { "content-length": `${size}` } : {});
    case "events":
      return pushable(id, { "content-type": "text/event-stream" });
    case "never":
      return never(request, id);
    case "zeros":
      return zeros(size, id);
    case "slow":
      return slow(request, id);
    case "redirect":
      return new Response("moved", {
        status: size,
        headers: { location: query.get("to") ?? "/report" },
      });
    case "die":
      return Deno.exit(9);
    case "receive":
      return receive(request, id);
    case "throw":
      throw new Error("thrown on purpose");
    default:
      return new Response(`cannot do ${name}`, { status: 404 });
  }
}

/** Looks at, or changes, what another request is doing. */
function control(name: string, query: URLSearchParams): Response | Promise<Response> | undefined {
  const id = query.get("id") ?? "";
  switch (name) {
    case "push":
      pushed.get(id)?.enqueue(encoder.encode(query.get("text") ?? ""));
      return new Response("pushed");
    case "end":
      pushed.get(id)?.close();
      return new Response("ended");
    case "break":
      pushed.get(id)?.error(new Error("broken on purpose"));
      return new Response("broken");
    case "go":
      outcomeOf(`${id}-go`).resolve("go");
      return new Response("gone");
    case "count":
      return new Response(`${counts.get(id) ?? 0}`);
    case "outcome":
      return outcomeOf(id).promise.then((outcome) => new Response(outcome));
    case "seen":
      return Response.json(seen.filter((one) => one.includes(`/seen/${id}/`)));
  }
}

export default {
  fetch(request: Request): Response | Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const name = /^\/do\/([a-z]+)$/.exec(pathname)?.[1];
    if (name === undefined) return report(request);
    return control(name, searchParams) ?? act(name, request, searchParams);
  },
};
