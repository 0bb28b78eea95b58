/**
 * What `fetch` adds to one exchange: it follows redirects, and says in the response where it came
 * from. A response of a service is the same for a program as one of any server.
 *
 * @module
 */

import { statusTextOf } from "./status_texts.ts";

/** Sends one request, wherever its URL leads, and follows nothing. */
export type Send = (request: Request) => Promise<Response>;

/** As many as the Fetch standard allows. */
const REDIRECTS_MAX = 20;

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Whether a response may say where else to go. */
export function isRedirect({ status }: Response): boolean {
  return REDIRECT_STATUSES.has(status);
}

/** Headers that speak of a body that does not go on. */
const BODY_HEADERS = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type",
];

/**
 * Sends a request, and others as its redirects say, by the rules of the Fetch standard.
 *
 * @param first The request; its `redirect` says whether to follow.
 * @param options What it was made of, whose body may be sent again, and what sends a request.
 * @throws {TypeError} when a redirect may not, or cannot be followed.
 */
export async function fetchFollowing(
  first: Request,
  options: {
    readonly init: RequestInit | undefined;
    readonly send: Send;
    /** The response to the first request, if it was sent already. */
    readonly answer?: Response;
  },
): Promise<Response> {
  let request = first;
  for (let count = 0;; count++) {
    const known = count === 0 ? options.answer : undefined;
    const response = known ?? await options.send(request);
    const location = isRedirect(response) ? response.headers.get("location") : null;
    if (location === null || first.redirect === "manual") {
      return located(response, request.url, count > 0);
    }
    // What it says besides where to go is read by nobody.
    await response.body?.cancel();
    const what = `Cannot fetch "${first.url}"`;
    if (first.redirect === "error") throw new TypeError(`${what}: it redirects to "${location}"`);
    if (count === REDIRECTS_MAX) {
      throw new TypeError(`${what}: more than ${REDIRECTS_MAX} redirects`);
    }
    const url = URL.parse(location, request.url);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new TypeError(`${what}: it redirects to "${location}", which is no address of HTTP`);
    }
    if (url.hash === "") url.hash = new URL(request.url).hash;
    request = redirected(request, { url, status: response.status, init: options.init });
  }
}

/** The request that follows a redirect. */
function redirected(
  request: Request,
  { url, status, init }: { url: URL; status: number; init: RequestInit | undefined },
): Request {
  const { method, signal, redirect } = request;
  const headers = new Headers(request.headers);
  if (url.origin !== new URL(request.url).origin) headers.delete("authorization");
  const isGet = status === 303
    ? !["GET", "HEAD"].includes(method)
    : method === "POST" && [301, 302].includes(status);
  if (isGet || request.body === null) {
    if (isGet) { for (const name of BODY_HEADERS) headers.delete(name); }
    return new Request(url, { method: isGet ? "GET" : method, headers, signal, redirect });
  }
  const body = init?.body ?? null;
  if (body === null || body instanceof ReadableStream) {
    throw new TypeError(`Cannot follow the redirect to "${url}": the body has been sent already`);
  }
  return new Request(url, { method, headers, signal, redirect, body });
}

/** Adds what no constructor can say. */
function located(response: Response, requested: string, isRedirected: boolean): Response {
  const [url = ""] = requested.split("#");
  const properties: PropertyDescriptorMap = { url: { value: url } };
  // A response of another server has its own.
  if (response.statusText === "") {
    properties.statusText = { value: statusTextOf(response.status) };
  }
  if (isRedirected) properties.redirected = { value: true };
  return Object.defineProperties(response, properties);
}
