/**
 * What a request from outside names: host, path and query.
 *
 * @module
 */

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
 * URLs in which there is nothing to normalize, which is nearly every one: no segment of dots, no
 * `%` in the path, no character that would be encoded, no port that would be left out, no address
 * in an odd form. The parser of the platform takes longer than a match.
 */
const PLAIN = new RegExp(
  "^http://((?:(?:[a-z0-9-]+[.])*[a-z][a-z0-9-]*|[1-9]\\d{0,2}(?:[.](?:0|[1-9]\\d{0,2})){3})" +
    "(?::(?!80/)[1-9]\\d{0,4})?)" +
    "((?:/(?![.]{1,2}(?:[/?]|$))[\\w.~!$&()*+,;=:@-]*)+)" +
    "([?][\\w.~!$&()*+,;=:@/?%-]*)?$",
);

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
  const [, host, path, search = ""] = PLAIN.exec(url) ?? [];
  if (host !== undefined && path !== undefined) return { host, path, search };
  const parsed = new URL(url);
  return { host: parsed.host, path: parsed.pathname, search: searchOf(parsed) };
}

function searchOf({ href, search }: URL): string {
  return search === "" && /^[^#]*\?(#|$)/.test(href) ? "?" : search;
}
