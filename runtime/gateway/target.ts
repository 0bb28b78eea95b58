/**
 * What a request from outside names: host, path and query.
 *
 * @module
 */

import { PLAIN_URL } from "../sessions/parts/plain_url.ts";

/** The parts of a URL, normalized. */
export interface Target {
  /** The host, with its port if it is not that of HTTP. */
  readonly host: string;
  /** The path. */
  readonly path: string;
  /** The query with its question mark, which is kept even when nothing follows it; or nothing. */
  readonly search: string;
}

/**
 * Takes the URL of a request apart.
 *
 * @example
 * ```ts
 * import { targetOf } from "./target.ts";
 * const { host, path, search } = targetOf("http://localhost:8080/a/../b?c=d");
 * console.log(host, path, search); // localhost:8080 /b ?c=d
 * ```
 */
export function targetOf(url: string): Target {
  const [, host, path, search = ""] = PLAIN_URL.exec(url) ?? [];
  if (host !== undefined && path !== undefined) return { host, path, search };
  const parsed = new URL(url);
  return { host: parsed.host, path: parsed.pathname, search: searchOf(parsed) };
}

function searchOf({ href, search }: URL): string {
  return search === "" && /^[^#]*\?(#|$)/.test(href) ? "?" : search;
}
