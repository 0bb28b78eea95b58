/**
 * The headers of a request of `Deno.serve`, as they came. Whoever goes through a `Headers` has them
 * sorted, joined and copied first, which takes a tenth of all that the gateway does with a request.
 *
 * @module
 */

import type { HeaderList } from "../sessions/session.ts";

/** Where this version of the platform keeps what has the list, if it does. */
const TARGET = Object.getOwnPropertySymbols(new Headers())
  .find(({ description }) => description === "header target");

/**
 * Names and values in their order, names repeated and as they were written; where the platform does
 * not show them so, sorted, joined and in lower case.
 *
 * @example
 * ```ts
 * import { headerList } from "./header_list.ts";
 * console.log(headerList(new Headers({ Accept: "text/html" }))); // [["accept", "text/html"]]
 * ```
 */
export function headerList(headers: Headers): HeaderList {
  if (TARGET === undefined) return [...headers];
  const target: unknown = Reflect.get(headers, TARGET);
  if (typeof target !== "object" || target === null || !("headerList" in target)) {
    return [...headers];
  }
  const { headerList } = target;
  return isHeaderList(headerList) ? headerList : [...headers];
}

/** The first one tells: it is the platform that made them. */
function isHeaderList(value: unknown): value is HeaderList {
  return Array.isArray(value) &&
    (value.length === 0 || (Array.isArray(value[0]) && typeof value[0][0] === "string"));
}
