/**
 * Headers that are for the neighbour alone.
 *
 * @module
 */

import type { HeaderList } from "./sessions/session.ts";

/** Headers between two neighbours only, which a proxy must not pass on (RFC 9110, 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * The headers that go on to who comes next: neither those that are always for the neighbour alone,
 * nor those that `connection` names. Names are in lower case.
 *
 * @example
 * ```ts
 * import { withoutHops } from "./hop_headers.ts";
 * const kept = withoutHops([["connection", "x-own"], ["x-own", "1"], ["accept", "text/html"]]);
 * console.log(kept); // [["accept", "text/html"]]
 * ```
 */
export function withoutHops(headers: Iterable<[name: string, value: string]>): HeaderList {
  const kept: HeaderList = [];
  let connection = "";
  for (const header of headers) {
    if (header[0] === "connection") connection += `,${header[1]}`;
    else if (!HOP_BY_HOP.has(header[0])) kept.push(header);
  }
  if (connection === "") return kept;
  const named = connection.split(",").map((name) => name.trim().toLowerCase());
  return kept.filter(([name]) => !named.includes(name));
}
