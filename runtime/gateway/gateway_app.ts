/**
 * The HTTP face of the gateway: finds the service that a request is for and passes it on.
 *
 * @module
 */

import { Hono } from "hono";
import { PROBLEM_TYPE, problemResponse } from "../problem.ts";
import { matchRoute } from "../config/routes.ts";
import type { Route } from "../config/mesh_config.ts";
import { isSameText } from "../../protocol/same_text.ts";
import { setForwarded, setRequestID } from "./forwarded.ts";

/** What the gateway's HTTP face needs. */
export interface GatewayAppOptions {
  /** What is reachable from outside. */
  readonly routes: readonly Route[];
  /** The secret with which the operator may call any service. */
  readonly token: string;
  /** Sends a request to a service. */
  readonly fetch: (service: string, request: Request) => Promise<Response>;
}

/** What `Deno.serve` tells of a request. */
export interface GatewayBindings {
  /** The other end of its connection. */
  readonly remoteAddr: Deno.Addr;
}

/** The gateway's HTTP face. */
export interface GatewayApp {
  /** Answers one request. */
  fetch(request: Request, bindings: GatewayBindings): Response | Promise<Response>;
}

/** What the passing on of one request needs. */
type Passing = GatewayAppOptions & { readonly client: string | undefined };

/** Headers between two neighbours only, which a proxy must not pass on (RFC 9110, 7.6.1). */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Methods for a tunnel or a trace, which the platform's Request refuses to carry. */
const FORBIDDEN_METHODS = ["CONNECT", "TRACE", "TRACK"];

const ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/** Where the operator calls a service that has no route: `/.smmp/call/NAME/path`. */
const CALL_PATH = /^\/\.smmp\/call\/([a-z][a-z0-9-]*)(\/.*)?$/;

/** The gateway's app: every path is a route to a service, or 404. */
export function createGatewayApp(options: GatewayAppOptions): GatewayApp {
  const app = new Hono<{ Bindings: GatewayBindings }>();
  app.all("*", ({ req, env: { remoteAddr } }) => {
    const client = "hostname" in remoteAddr ? remoteAddr.hostname : undefined;
    return handle({ ...options, client }, req.raw);
  });
  app.onError((error, context) => {
    // A client that went away needs no answer, and its abort is no failure.
    if (!context.req.raw.signal.aborted) console.error(error);
    return problemResponse({ status: 500, detail: "Cannot pass the request on: see the log" });
  });
  return app;
}

async function handle(options: Passing, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const call = CALL_PATH.exec(url.pathname);
  if (call !== null) return await callService(options, request, { name: call[1], path: call[2] });
  const match = matchRoute(options.routes, { host: url.host, path: url.pathname });
  if (match === undefined) {
    const detail = `Cannot find "${url.pathname}": no route of the mesh leads there`;
    return problemResponse({ status: 404, detail });
  }
  return await forward(options, request, match);
}

/** The operator's way to any service; whoever has no token learns nothing here. */
function callService(
  options: Passing,
  request: Request,
  call: { name: string | undefined; path: string | undefined },
): Response | Promise<Response> {
  const given = request.headers.get("authorization") ?? "";
  if (call.name === undefined || !isSameText(given, `Bearer ${options.token}`)) {
    return problemResponse({ status: 401, detail: "Cannot call: the mesh's token is missing" });
  }
  return forward(options, request, { service: call.name, path: call.path ?? "/" }, true);
}

/** Why a request can't be passed on to any service, or undefined. */
function refusalOf({ method, headers }: Request): Response | undefined {
  if (FORBIDDEN_METHODS.includes(method.toUpperCase())) {
    const response = problemResponse({ status: 405, detail: `Cannot pass "${method}" on` });
    response.headers.set("allow", ALLOWED_METHODS);
    return response;
  }
  if (/\bwebsocket\b/i.test(headers.get("upgrade") ?? "")) {
    const detail = "Cannot open a WebSocket: the gateway passes on requests and responses only";
    return problemResponse({ status: 501, detail });
  }
  return undefined;
}

/** Passes a request on, with the address that the service knows itself by. */
async function forward(
  options: Passing,
  request: Request,
  target: { service: string; path: string },
  dropsAuthorization = false,
): Promise<Response> {
  const refusal = refusalOf(request);
  if (refusal !== undefined) return refusal;
  const original = new URL(request.url);
  const url = `http://${target.service}.mesh${target.path}${queryOf(original)}`;
  const headers = withoutHops(request.headers);
  headers.delete("host");
  setForwarded(headers, { client: options.client, host: original.host, proto: "http" });
  setRequestID(headers);
  if (dropsAuthorization) headers.delete("authorization");
  const { method, signal } = request;
  // The platform takes "get" for GET, which has no body.
  const body = /^(get|head)$/i.test(method) ? null : request.body;
  const response = await options.fetch(
    target.service,
    new Request(url, { method, headers, body, signal, redirect: "manual" }),
  );
  const { status, statusText } = response;
  const passedOn = withoutHops(response.headers);
  if (passedOn.get("content-type") === PROBLEM_TYPE && status >= 500) {
    passedOn.set("cache-control", "no-store");
  }
  return new Response(response.body, { status, statusText, headers: passedOn });
}

/** The query with its question mark, which is kept even when nothing follows it. */
function queryOf({ href, search }: URL): string {
  return search === "" && /^[^#]*\?(#|$)/.test(href) ? "?" : search;
}

function withoutHops(headers: Headers): Headers {
  const kept = new Headers(headers);
  const named = headers.get("connection")?.split(",") ?? [];
  for (const name of [...HOP_BY_HOP, ...named.map((one) => one.trim())]) {
    if (name !== "") kept.delete(name);
  }
  return kept;
}
