/**
 * The HTTP face of the gateway: finds the service that a request is for and passes it on.
 *
 * Everything passes here, so a request goes on in its parts: no router, no `Request` and no
 * `Headers` of its own, and one `Response`.
 *
 * @module
 */

import { withoutHops } from "../hop_headers.ts";
import { PROBLEM_TYPE, problemResponse } from "../problem.ts";
import type { RouteLimits } from "../../protocol/route_limits.ts";
import { matchRoute, type RouteMatch } from "../config/routes.ts";
import { chunkedBody } from "./chunked_body.ts";
import { BodyTooLargeError, limitedBody, saysTooMuch } from "../limits/body_limit.ts";
import type { LimitedExchange } from "../limits/limited_exchange.ts";
import type { Route } from "../config/mesh_config.ts";
import { isDenoFrom } from "../../transports/deno_version.ts";
import { isSameText } from "../../protocol/same_text.ts";
import { RequestBodyError } from "../sessions/bodies/request_body_error.ts";
import { BODILESS } from "../sessions/frames/heads.ts";
import { partsOf, responseOf } from "../sessions/parts/parts.ts";
import type { HeaderList, ResponseParts } from "../sessions/session.ts";
import { type AddressRange, isInRange } from "./address_ranges.ts";
import { isNavigation } from "./cold/navigation.ts";
import type { WaitingPages } from "./cold/waiting_pages.ts";
import { type ArrivedHeaders, arrivedHeaders } from "./arrived_headers.ts";
import { addForwarded, addForwardedBy, requestIDOf } from "./forwarded.ts";
import { refuseOdd } from "./odd_requests.ts";
import { type Target, targetOf } from "./target.ts";
import { isWebSocket, type WebSockets } from "./web_sockets.ts";

/** What is reachable from outside, if that is known. */
export type MaybeRoutes = readonly Route[] | undefined;

/** What the gateway's HTTP face needs. */
export interface GatewayAppOptions {
  /** What is reachable from outside now, or soon, if that is known: read for each request. */
  readonly routes: () => MaybeRoutes | Promise<MaybeRoutes>;
  /** The secret with which the operator may call any service. */
  readonly token: string;
  /** Sends a request to a service, within the limits of its route. */
  readonly exchange: LimitedExchange;
  /** Opens WebSockets. */
  readonly webSockets: WebSockets;
  /** What people see of services that start. */
  readonly waitingPages: WaitingPages;
  /** Where proxies are whose `forwarded` and `x-forwarded-*` is believed. @default {[]} */
  readonly trusted?: readonly AddressRange[];
}

/** What `Deno.serve` tells of a request. */
export interface GatewayBindings {
  /** The other end of its connection. */
  readonly remoteAddr: Deno.Addr;
}

/** The gateway's HTTP face. */
export interface GatewayApp {
  /** Answers one request; never rejects. */
  fetch(request: Request, bindings: GatewayBindings): Promise<Response>;
}

/** What is known of a request before it is passed on. */
interface Arrival {
  readonly request: Request;
  readonly headers: ArrivedHeaders;
  readonly target: Target;
  readonly client: string | undefined;
}

/** Methods for a tunnel or a trace, which the platform's Request refuses to carry. */
const FORBIDDEN_METHODS = /^(?:CONNECT|TRACE|TRACK|SMMP-WEBSOCKET|SMMP-TUNNEL)$/i;

/** Whether the signal of a request tells of a client that had gone before it was asked for. */
const CAN_ASK_LATE = isDenoFrom(2, 9);

/** Whether the server takes in more of a body in chunks than is read. */
const HAS_GREEDY_SERVER = isDenoFrom(2, 9);

const ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/** Where the operator calls a service that has no route: `/.smmp/call/NAME/path`. */
const CALL_PATH = /^\/\.smmp\/call\/([a-z][a-z0-9-]*)(\/.*)?$/;

/** The gateway's app: every path is a route to a service, or 404. */
export function createGatewayApp(options: GatewayAppOptions): GatewayApp {
  return {
    async fetch(request, { remoteAddr }) {
      try {
        const headers = arrivedHeaders(request.headers);
        const refusal = refuseOdd(headers, { hasBody: request.body !== null });
        if (refusal !== undefined) return refusal;
        const client = "hostname" in remoteAddr ? remoteAddr.hostname : undefined;
        return await handle(options, { request, headers, target: targetOf(request.url), client });
      } catch (error) {
        if (error instanceof RequestBodyError) return refuseBody(error.cause);
        // A client that went away needs no answer, and its abort is no failure.
        if (!request.signal.aborted) console.error(error);
        return problemResponse({ status: 500, detail: "Cannot pass the request on: see the log" });
      }
    },
  };
}

/** A body that broke by the fault of its client, who may not even hear of it. */
function refuseBody(cause: unknown): Response {
  if (cause instanceof BodyTooLargeError) return refuseSize(cause);
  return problemResponse({ status: 400, detail: "Cannot read the request: its body is malformed" });
}

function refuseSize({ message: detail }: BodyTooLargeError): Response {
  return problemResponse({ status: 413, detail });
}

/** A 404 would be believed, and kept, though the route is there. */
function refuseEarly(path: string): Response {
  const detail = `Cannot find "${path}": the gateway has not heard yet which routes there are`;
  return problemResponse({ status: 503, detail, retryAfterSeconds: 1 });
}

function handle(options: GatewayAppOptions, arrival: Arrival): Response | Promise<Response> {
  const { path } = arrival.target;
  const call = path.startsWith("/.smmp/") ? CALL_PATH.exec(path) : null;
  if (call !== null) return callService(options, arrival, call);
  const routes = options.routes();
  if (routes instanceof Promise) return routes.then((known) => route(options, arrival, known));
  return route(options, arrival, routes);
}

function route(
  options: GatewayAppOptions,
  arrival: Arrival,
  routes: MaybeRoutes,
): Response | Promise<Response> {
  const { host, path } = arrival.target;
  if (routes === undefined) return refuseEarly(path);
  const match = matchRoute(routes, { host, path });
  if (match === undefined) {
    const detail = `Cannot find "${path}": no route of the mesh leads there`;
    return problemResponse({ status: 404, detail });
  }
  return forward(options, arrival, match);
}

/** The operator's way to any service; whoever has no token learns nothing here. */
function callService(
  options: GatewayAppOptions,
  arrival: Arrival,
  [, service, path = "/"]: RegExpExecArray,
): Response | Promise<Response> {
  const given = arrival.request.headers.get("authorization") ?? "";
  if (service === undefined || !isSameText(given, `Bearer ${options.token}`)) {
    return problemResponse({ status: 401, detail: "Cannot call: the mesh's token is missing" });
  }
  return forward(options, arrival, { service, path, dropsAuthorization: true });
}

/** Why a request can't be passed on to any service, or undefined. */
function refusalOf({ method }: Request): Response | undefined {
  if (FORBIDDEN_METHODS.test(method)) {
    const response = problemResponse({ status: 405, detail: `Cannot pass "${method}" on` });
    response.headers.set("allow", ALLOWED_METHODS);
    return response;
  }
  return undefined;
}

/** What goes on to a service of the headers of a request, and what the gateway says of its way. */
function headersOf(
  { headers: { kept, way, requestID }, target: { host }, client }: Arrival,
  { trusted, dropsAuthorization }: {
    trusted: readonly AddressRange[] | undefined;
    dropsAuthorization: boolean;
  },
): HeaderList {
  const headers = dropsAuthorization ? kept.filter(([name]) => name !== "authorization") : kept;
  const origin = { client, host, proto: "http" } as const;
  const isTrusted = trusted !== undefined && client !== undefined && isInRange(client, trusted);
  if (isTrusted) addForwardedBy(headers, way, origin);
  else addForwarded(headers, origin);
  headers.push(["x-request-id", requestIDOf(requestID)]);
  return headers;
}

/** Passes a request on, with the address that the service knows itself by. */
async function forward(
  options: GatewayAppOptions,
  arrival: Arrival,
  to: RouteMatch & { dropsAuthorization?: boolean },
): Promise<Response> {
  const { request, target } = arrival;
  const refusal = refusalOf(request);
  if (refusal !== undefined) return refusal;
  const { service, path, limits, dropsAuthorization = false } = to;
  if (limits?.cold === "page" && isNavigation(request)) {
    const { path, search } = target;
    const isHead = request.method === "HEAD";
    const page = await options.waitingPages.answer(service, { isHead, path, search, limits });
    if (page !== undefined) return page;
  }
  const headers = headersOf(arrival, { trusted: options.trusted, dropsAuthorization });
  const { method } = request;
  const url = `http://${service}.mesh${path}${target.search}`;
  if (isWebSocket(arrival.headers.upgrade)) {
    return passWebSocket(options, request, { service, url, headers, limits });
  }
  // The platform takes "get" for GET, which has no body.
  let body = /^(?:get|head)$/i.test(method) ? null : request.body;
  if (body !== null && HAS_GREEDY_SERVER && arrival.headers.transferCoding !== undefined) {
    body = chunkedBody(body);
  }
  const bytesMax = limits?.bodyBytesMax;
  if (body !== null && bytesMax !== undefined) {
    if (saysTooMuch(request, bytesMax)) return refuseSize(new BodyTooLargeError(bytesMax));
    body = limitedBody(body, bytesMax);
  }
  const cancelling = CAN_ASK_LATE
    ? { lateSignal: () => request.signal }
    : { signal: request.signal };
  const respond = method === "HEAD" ? passedHead : passedResponse;
  const sent = { method, url, headers, body, respond, ...cancelling };
  return await options.exchange(service, sent, limits);
}

/** Passes a request for a WebSocket on; what a service refuses it with is passed on too. */
async function passWebSocket(
  { exchange, webSockets }: GatewayAppOptions,
  request: Request,
  to: { service: string; url: string; headers: HeaderList; limits: RouteLimits | undefined },
): Promise<Response> {
  const { service, url, headers, limits } = to;
  const answer = await webSockets.pass(request, {
    send: (asked) => exchange(service, partsOf(asked), limits && withoutEnd(limits)),
    url: new URL(url),
    headers: new Headers(headers),
  });
  if (answer.status === 101) return answer;
  const { status, body } = answer;
  const parts = { status, headers: [...answer.headers], body };
  return responseOf({ ...parts, headers: passedOn(parts) });
}

/** A WebSocket may be silent, and open for ever. */
function withoutEnd({ idleMs: _idle, totalMs: _total, ...limits }: RouteLimits): RouteLimits {
  return limits;
}

/** The response that a client gets of what a service answered. */
function passedResponse(parts: ResponseParts): Response {
  const { status, body } = parts;
  return responseOf({ status, body, headers: passedOn(parts) });
}

/** The same for HEAD: where the service tells no length, the server would say that it is 0. */
function passedHead(parts: ResponseParts): Response {
  const isTold = parts.headers.some(([name]) => name === "content-length");
  if (isTold || parts.body !== null || BODILESS.has(parts.status)) return passedResponse(parts);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (it) => it.close() });
  return passedResponse({ ...parts, body });
}

/** The headers of a response, for a client. */
function passedOn({ status, headers, body }: ResponseParts): HeaderList {
  const isWhole = typeof body === "string" || body instanceof Uint8Array;
  const isProblem = status >= 500 &&
    headers.some(([name, value]) => name === "content-type" && value === PROBLEM_TYPE);
  const kept = withoutHops(headers).filter(([name]) =>
    // Of a body that is whole, the server tells the length itself.
    !(isWhole && name === "content-length") && !(isProblem && name === "cache-control")
  );
  return isProblem ? [...kept, ["cache-control", "no-store"]] : kept;
}
