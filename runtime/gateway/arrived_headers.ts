/**
 * The headers of a request that arrived, sorted in one pass by whom they are for.
 *
 * @module
 */

import { isHop, withoutNamed } from "../hop_headers.ts";
import type { HeaderList } from "../sessions/session.ts";
import { headerList } from "./header_list.ts";

/** What a gateway knows of the headers of a request. Names are in lower case. */
export interface ArrivedHeaders {
  /** Those that go on to the service as they are; a list of its own. */
  readonly kept: HeaderList;
  /** What was said of the request's way: `forwarded`, `x-forwarded-*` and `x-real-ip`. */
  readonly way: HeaderList;
  /** The host that it names. */
  readonly host: string | undefined;
  /** What the connection shall become. */
  readonly upgrade: string | undefined;
  /** How the body is coded between the two neighbours. */
  readonly transferCoding: string | undefined;
  /** The name that the request has already. */
  readonly requestID: string | undefined;
}

/** Values of the headers that are for the gateway itself. */
type Own = Record<
  "host" | "connection" | "upgrade" | "transferCoding" | "requestID",
  string | undefined
>;

const OWN: ReadonlyMap<string, keyof Own> = new Map([
  ["host", "host"],
  ["connection", "connection"],
  ["upgrade", "upgrade"],
  ["transfer-encoding", "transferCoding"],
  ["x-request-id", "requestID"],
]);

/**
 * Sorts the headers of a request. Cookies that came one by one, as HTTP/2 sends them, become one
 * header (RFC 9113, 8.2.3).
 *
 * @example
 * ```ts
 * import { arrivedHeaders } from "./arrived_headers.ts";
 * const { kept, host } = arrivedHeaders(new Headers({ host: "a.test", accept: "text/html" }));
 * console.log(host, kept); // a.test [["accept", "text/html"]]
 * ```
 */
export function arrivedHeaders(headers: Headers): ArrivedHeaders {
  const kept: HeaderList = [];
  const way: HeaderList = [];
  const own: Own = {
    host: undefined,
    connection: undefined,
    upgrade: undefined,
    transferCoding: undefined,
    requestID: undefined,
  };
  let cookieAt = -1;
  for (const header of headerList(headers)) {
    const [given, value] = header;
    const name = given.toLowerCase();
    const key = OWN.get(name);
    const cookies = cookieAt < 0 || name !== "cookie" ? undefined : kept[cookieAt];
    if (key !== undefined) own[key] = own[key] === undefined ? value : `${own[key]}, ${value}`;
    else if (cookies !== undefined) kept[cookieAt] = ["cookie", `${cookies[1]}; ${value}`];
    else if (tellsWay(name)) way.push([name, value]);
    else if (!isHop(name)) {
      if (name === "cookie") cookieAt = kept.length;
      kept.push(name === given ? header : [name, value]);
    }
  }
  return { ...own, kept: withoutNamed(kept, own.connection), way };
}

/** Many a program knows headers as variables do, in which `_` and `-` are one. */
function tellsWay(given: string): boolean {
  const name = given.includes("_") ? given.replaceAll("_", "-") : given;
  return name.startsWith("x-forwarded-") || name === "x-real-ip" || name === "forwarded" ||
    name === "x-request-id";
}
