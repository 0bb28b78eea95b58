/**
 * What tells the requests of one user, so that they go to one instance.
 *
 * @module
 */

import type { Sticky } from "../../protocol/route_limits.ts";
import type { RequestParts } from "../sessions/session.ts";

/**
 * A number for the value of a request's cookie or header; undefined when it has none, or an empty
 * one. Equal values have equal numbers, everywhere and at any time.
 *
 * @example
 * ```ts
 * import { stickyKeyOf } from "./sticky_key.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const key = stickyKeyOf([["cookie", "theme=dark; sid=a1"]], { cookie: "sid" });
 * assertEquals(key, stickyKeyOf([["x-user", "a1"]], { header: "x-user" }));
 * ```
 *
 * @param headers Names in lower case and values.
 */
export function stickyKeyOf(
  headers: RequestParts["headers"],
  sticky: Sticky,
): number | undefined {
  const wanted = "header" in sticky ? sticky.header : "cookie";
  for (const [name, value] of headers) {
    if (name !== wanted) continue;
    const text = "header" in sticky ? value.trim() : cookieOf(value, sticky.cookie);
    if (text !== "") return hash(text);
  }
  return undefined;
}

function cookieOf(cookies: string, wanted: string): string {
  for (const cookie of cookies.split(";")) {
    const equals = cookie.indexOf("=");
    if (equals > 0 && cookie.slice(0, equals).trim() === wanted) {
      return cookie.slice(equals + 1).trim();
    }
  }
  return "";
}

/** FNV-1a of the text's code units. */
function hash(text: string): number {
  let sum = 0x811c_9dc5;
  for (let at = 0; at < text.length; at += 1) {
    sum = Math.imul(sum ^ text.charCodeAt(at), 0x0100_0193);
  }
  return sum >>> 0;
}
