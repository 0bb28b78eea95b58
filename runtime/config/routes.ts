/**
 * How a request from outside finds its service.
 *
 * A request is matched in one spelling of its path only: unreserved characters that were
 * percent-encoded are decoded (`/%61pi` is `/api`, RFC 3986 section 6.2.2.2), everything else stays
 * as it was sent. Paths that a receiver could read as a way up (`..` in any spelling) match nothing
 * at all, so no spelling leads past the route that was chosen.
 *
 * @module
 */

import type { RouteLimits } from "../../protocol/route_limits.ts";
import type { Route } from "./mesh_config.ts";
import { findRoute } from "./route_index.ts";

/** Up to so many, looking at each costs less than looking them up. */
const FEW = 4;

/** What {@linkcode matchRoute} needs to know of a request. */
export interface RouteRequest {
  /** The host as the request names it: `Host` or `:authority`, with a port or without. */
  readonly host: string;
  /** The path as the request names it, without the query: `new URL(request.url).pathname`. */
  readonly path: string;
}

/** Where a request goes. */
export interface RouteMatch {
  /** The service that answers. */
  readonly service: string;
  /** The path that the service sees; it starts with one slash, never with two. */
  readonly path: string;
  /** What holds for the request; absent when the route says nothing. */
  readonly limits?: RouteLimits;
}

/**
 * Finds the route of a request: among the routes for its host, else among those for any host, the
 * one with the longest path that is a prefix of the request's path on the boundary of a segment.
 *
 * @example
 * ```ts
 * import { matchRoute } from "./routes.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const routes = [{ path: "/greeter", service: "greeter", keepPrefix: false }];
 * assertEquals(matchRoute(routes, { host: "localhost:8080", path: "/greeter/hello/Ada" }), {
 *   service: "greeter",
 *   path: "/hello/Ada",
 * });
 * assertEquals(matchRoute(routes, { host: "localhost:8080", path: "/greeters" }), undefined);
 * ```
 *
 * @param routes The routes of the mesh.
 * @param request The host and path of the request.
 * @returns The service and the path for it, or `undefined` when nothing is reachable there.
 */
export function matchRoute(
  routes: readonly Route[],
  request: RouteRequest,
): RouteMatch | undefined {
  const path = onlySpelling(request.path);
  if (path === undefined) return undefined;
  const host = hostName(request.host);
  const best = routes.length > FEW
    ? findRoute(routes, { host, path })
    : findAmongFew(routes, { host, path });
  if (best === undefined) return undefined;
  const rest = best.keepPrefix || best.path === "/" ? path : path.slice(best.path.length);
  // With two slashes at its start, a receiver could take the first segment for a host.
  const match = { service: best.service, path: rest.replace(/^\/*/, "/") };
  return best.limits === undefined ? match : { ...match, limits: best.limits };
}

function findAmongFew(
  routes: readonly Route[],
  { host, path }: RouteRequest,
): Route | undefined {
  let best: Route | undefined;
  for (const route of routes) {
    if (route.host !== undefined && route.host !== host) continue;
    if (isPrefix(route.path, path) && (best === undefined || isCloser(route, best))) best = route;
  }
  return best;
}

function isPrefix(prefix: string, path: string): boolean {
  if (prefix === "/") return true;
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === "/");
}

function isCloser(route: Route, than: Route): boolean {
  const hasHost = route.host !== undefined;
  if (hasHost !== (than.host !== undefined)) return hasHost;
  return route.path.length > than.path.length;
}

function onlySpelling(path: string): string | undefined {
  // deno-lint-ignore no-control-regex -- URL parsers drop some, which joins what was apart.
  if (!path.startsWith("/") || /[\u0000-\u0020\u007f?#]/.test(path)) return undefined;
  // Nearly every request ends here: nothing in it has a second spelling.
  if (!/[%\\.]/.test(path)) return path;
  const decoded = path.replace(/%[\da-f]{2}/gi, decodeUnreserved);
  const separated = decoded.replace(/%2f|%5c|\\/gi, "/");
  if (separated.split("/").some((segment) => segment === "." || segment === "..")) return undefined;
  return decoded;
}

function decodeUnreserved(encoded: string): string {
  const character = String.fromCharCode(parseInt(encoded.slice(1), 16));
  return /[\w.~-]/.test(character) ? character : encoded;
}

/** The name in a host, as routes spell it: lower case, without port and final dot. */
function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

/** A route's key that was read, or why it cannot be. */
export type RouteKey = { readonly host?: string; readonly path: string } | string;

/**
 * Reads the key of a route in mesh.json: a path, or a host and a path.
 *
 * @param key Such as `/greeter` or `shop.example.com/`.
 * @returns The host and path in their only spelling, or what is wrong with the key.
 */
export function parseRouteKey(key: string): RouteKey {
  const slash = key.indexOf("/");
  if (key.includes("://")) return "expected a host without a scheme, such as shop.example.com/";
  if (slash === -1) {
    const guess = key.includes(".") ? `${key}/` : `/${key}`;
    return `expected a path that starts with "/", or a host and a path: did you mean "${guess}"?`;
  }
  const path = key.slice(slash).replace(/(?!^)\/+$/, "");
  const pathProblem = findPathProblem(path);
  if (pathProblem !== undefined) return pathProblem;
  if (slash === 0) return { path };
  const host = key.slice(0, slash).toLowerCase();
  return findHostProblem(host) ?? { host, path };
}

function findPathProblem(path: string): string | undefined {
  if (/[?#]/.test(path)) return "expected a path without query and fragment";
  if (!/^[\w\-.~!$&'()*+,;=:@/]*$/.test(path)) {
    return "expected a path of letters, digits and -._~!$&'()*+,;=:@ only, nothing percent-encoded";
  }
  if (path.includes("//")) return "expected a path without empty segments";
  if (path.split("/").some((segment) => segment === "." || segment === "..")) {
    return 'expected a path without the segments "." and ".."';
  }
  return undefined;
}

function findHostProblem(host: string): string | undefined {
  if (/:\d+$/.test(host)) return "expected a host without a port: a route serves every port";
  if (host.includes("*")) return "expected a whole host: patterns are not supported";
  const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  const isAddress = /^\[[\da-f:.]+\]$/.test(host);
  if (!isAddress && (host.length > 253 || !new RegExp(`^${label}(\\.${label})*$`).test(host))) {
    return `expected a host such as shop.example.com, found "${host}"`;
  }
  if (host === "mesh" || host.endsWith(".mesh")) {
    return "hosts under .mesh are how services reach each other inside the mesh";
  }
  return undefined;
}
