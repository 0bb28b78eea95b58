/**
 * Who may use the admin API: programs of this machine, and nobody's browser page.
 *
 * A page of another origin can send requests to a loopback address. It is told by its Origin, by
 * Sec-Fetch-Site, and, when it gave its own name the address of this machine (DNS rebinding), by
 * its Host. What changes something needs the token beside that.
 *
 * @module
 */

import { isSameText } from "../../protocol/same_text.ts";
import { problemResponse } from "../problem.ts";
import { OPERATIONS, type OperationSpec } from "./operations.ts";

/** What the guard knows. */
export interface AdminGuardOptions {
  /** What changes something must carry it as a bearer token. */
  readonly token: string;
  /** Whether another token is as good now. */
  readonly accepts: (token: string) => boolean;
  /** Names and addresses, beside those of the loopback, by which the API may be called. */
  readonly hosts: readonly string[];
}

/** Paths that tell nothing but whether the mesh is alive, to anybody who can reach them. */
const PUBLIC_PATHS: readonly string[] = ["/healthz", "/readyz"];

/** Paths that need the token even to be read. */
const SECRET_PATHS: readonly string[] = Object.values<OperationSpec>(OPERATIONS)
  .filter(({ secret }) => secret === true).map(({ path }) => path);

/** Whether a name or address means this machine itself. */
export function isLoopback(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(bare);
}

/**
 * Refuses a request that its sender may not make.
 *
 * @param request The request.
 * @param options The token and hosts, and the address of the sender where it is known.
 * @returns A response when it is refused.
 */
export function guardRequest(
  request: Request,
  options: AdminGuardOptions & { readonly remoteHostname: string | undefined },
): Response | undefined {
  const url = new URL(request.url);
  const hostname = hostnameOf(request.headers.get("host") ?? url.host);
  const isListed = options.hosts.some((host) => host.toLowerCase() === hostname);
  if (hostname === undefined || !(isLoopback(hostname) || isListed)) {
    return refuse(403, `Cannot answer for the host "${hostname ?? ""}": it is not this API's`);
  }
  const origin = request.headers.get("origin");
  if (origin !== null && !isOwnOrigin(origin, request.headers.get("host") ?? url.host)) {
    return refuse(403, `Cannot answer a page of "${origin.slice(0, 100)}": it is another origin`);
  }
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") {
    return refuse(403, "Cannot answer a page of another site");
  }
  const isRead = request.method === "GET" || request.method === "HEAD";
  const isLocal = isLoopback(hostname) && isLoopback(options.remoteHostname ?? hostname);
  const isOpen = isLocal && !SECRET_PATHS.includes(url.pathname);
  if (isRead && (isOpen || PUBLIC_PATHS.includes(url.pathname))) return undefined;
  const given = request.headers.get("authorization") ?? "";
  if (isSameText(given, `Bearer ${options.token}`)) return undefined;
  if (given.startsWith("Bearer ") && options.accepts(given.slice(7))) return undefined;
  return refuse(401, "Cannot do this without the token of the mesh, which is in its data folder");
}

function hostnameOf(host: string): string | undefined {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined;
}

function isOwnOrigin(origin: string, host: string): boolean {
  const own = host.toLowerCase();
  return origin === `http://${own}` || origin === `https://${own}`;
}

function refuse(status: number, detail: string): Response {
  const response = problemResponse({ status, detail });
  if (status === 401) response.headers.set("www-authenticate", "Bearer");
  return response;
}
