/**
 * How code in a service reaches other services: `fetch("http://NAME.mesh/…")`, in any library, and
 * `plug("NAME").fetch(…)`. Every other address goes where it always went.
 *
 * @module
 */

import type { RouteLimits } from "../../../protocol/route_limits.ts";
import type { LimitedExchange } from "../../limits/limited_exchange.ts";
import { partsOf } from "../../sessions/parts/parts.ts";
import { PLAIN_URL } from "../../sessions/parts/plain_url.ts";
import type { RequestParts } from "../../sessions/session.ts";
import type { ExchangeTerms } from "../../source/terms.ts";
import { meshResponse } from "./mesh_response.ts";
import { fetchFollowing, isRedirect } from "./redirects.ts";

const MESH_HOST = /^([a-z][a-z0-9-]*)\.mesh$/;

/** Nearly every URL of the mesh looks like this; to match a pattern is less work than to parse. */
const MESH_URL = /^http:\/\/([a-z][a-z0-9-]*)\.mesh\//;

/** Sends a request to a service of the mesh. */
export type MeshFetch = (
  service: string,
  request: RequestParts,
  terms?: ExchangeTerms,
) => Promise<Response>;

/** The limits of requests to another service; what is absent has no bound of its own. */
export type FetchLimits = Pick<
  RouteLimits,
  "connectMs" | "firstByteMs" | "idleMs" | "totalMs" | "retry"
>;

const elsewhere = globalThis.fetch;

/** A bundle has a copy of this module of its own, which finds here how its process sends. */
const SEND = Symbol.for("smmp.meshFetch");

function isMeshFetch(value: unknown): value is MeshFetch {
  return typeof value === "function";
}

/** The service that a URL names, if it names one. */
export function serviceOf(url: string): string | undefined {
  const service = MESH_URL.exec(url)?.[1];
  if (service !== undefined) return service;
  if (!url.startsWith("http:") && !url.startsWith("https:")) return undefined;
  return MESH_HOST.exec(URL.parse(url)?.hostname ?? "")?.[1];
}

/** Makes the global `fetch` know the services of the mesh. Called once, by the service process. */
export function installFetch(send: MeshFetch): void {
  Object.defineProperty(globalThis, SEND, { value: send });
  globalThis.fetch = (input, init) => {
    const service = serviceOf(input instanceof Request ? input.url : String(input));
    return service === undefined ? elsewhere(input, init) : fetchService(service, input, { init });
  };
}

/**
 * How this process sends requests to services.
 *
 * @param service The one that is to be reached, for an error.
 * @throws {TypeError} in a process that no agent started.
 */
export function meshFetch(service: string): MeshFetch {
  const send: unknown = Reflect.get(globalThis, SEND);
  if (isMeshFetch(send)) return send;
  const reason = "this process is not a service of a mesh";
  throw new TypeError(`Cannot reach "${service}": ${reason}`);
}

/** One for all, as they share a timer. */
let limitedExchange: Promise<LimitedExchange> | undefined;

/** The same within limits. What that takes is loaded for who sets any. */
async function limitedFetch(send: MeshFetch, limits: FetchLimits): Promise<MeshFetch> {
  limitedExchange ??= import("../../limits/limited_exchange.ts").then((limited) =>
    limited.limitedExchange(send)
  );
  const exchange = await limitedExchange;
  return (service, request) => exchange(service, request, limits);
}

/**
 * Sends a request to a service of the mesh by name, and follows its redirects as `fetch` does.
 *
 * @param service The name.
 * @param input As for `fetch`; the host of a URL counts for redirects only.
 * @param options `init` is as for `fetch`; `limits` hold for each request that this takes, and none
 * do when they are absent.
 * @throws {TypeError} in a process that no agent started, or when a redirect cannot be followed.
 */
export async function fetchService(
  service: string,
  input: string | URL | Request,
  { init, limits }: {
    readonly init?: RequestInit | undefined;
    readonly limits?: FetchLimits | undefined;
  },
): Promise<Response> {
  const mesh = meshFetch(service);
  const toService = limits === undefined ? mesh : await limitedFetch(mesh, limits);
  // Most calls are just this, and a `Request` costs more than to send it.
  const isPlain = init === undefined && typeof input === "string" && PLAIN_URL.test(input);
  const answer = isPlain ? await toService(service, plainGet(input)) : undefined;
  if (answer !== undefined && !isRedirect(answer)) return answer;
  const first = new Request(input, init);
  const send = (request: Request) => {
    const name = request === first ? service : serviceOf(request.url);
    return name === undefined ? elsewhere(request) : toService(name, partsOf(request));
  };
  const known = answer === undefined ? {} : { answer };
  return await fetchFollowing(first, { init, send, ...known });
}

function plainGet(url: string): RequestParts {
  return {
    method: "GET",
    url,
    headers: [],
    body: null,
    respond: (parts) => meshResponse(url, parts),
  };
}
