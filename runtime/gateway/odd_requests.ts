/**
 * Requests that the platform's server takes, and that two servers in a row could read in two ways.
 * None of them reaches a service.
 *
 * @module
 */

import { problemResponse } from "../problem.ts";
import type { ArrivedHeaders } from "./arrived_headers.ts";

/** What would end a host, or stand before it, in the URL that is made of it. */
const NO_HOST = /[/?#@\\]/;

/**
 * Why a request is refused as it is, whatever its route; undefined for nearly every request.
 *
 * - A `Host` with a path, a query, a fragment or a user in it would move what is the path.
 * - A transfer coding besides `chunked` would reach the service as bytes of which nothing tells
 *   how they are coded, since transfer-encoding is a header between two neighbours.
 *
 * @example
 * ```ts
 * import { arrivedHeaders } from "./arrived_headers.ts";
 * import { refuseOdd } from "./odd_requests.ts";
 * const headers = new Headers({ "transfer-encoding": "gzip, chunked" });
 * console.log(refuseOdd(arrivedHeaders(headers), { hasBody: true })?.status); // 501
 * ```
 */
export function refuseOdd(
  { host, transferCoding }: ArrivedHeaders,
  { hasBody }: { readonly hasBody: boolean },
): Response | undefined {
  if (host !== undefined && NO_HOST.test(host)) {
    const detail = "Cannot read the request: its host is more than a host";
    return problemResponse({ status: 400, detail });
  }
  if (hasBody && transferCoding !== undefined && transferCoding.toLowerCase() !== "chunked") {
    const detail =
      `Cannot pass on the transfer coding "${transferCoding}": only chunked is supported`;
    return problemResponse({ status: 501, detail });
  }
  return undefined;
}
