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
  let connection: string | undefined;
  for (const header of headers) {
    if (header[0] === "connection") connection = `${connection ?? ""},${header[1]}`;
    else if (!isHop(header[0])) kept.push(header);
  }
  return withoutNamed(kept, connection);
}

/** Whether a header, by its name in lower case, is always for the neighbour alone. */
export function isHop(name: string): boolean {
  return HOP_BY_HOP.has(name);
}

/** The headers but those that the value of `connection` names; the same list if it names none. */
export function withoutNamed(headers: HeaderList, connection: string | undefined): HeaderList {
  if (connection === undefined || connection === "keep-alive") return headers;
  const named = connection.split(",").map((name) => name.trim().toLowerCase());
  return headers.filter(([name]) => !named.includes(name));
}
