/**
 * A `Request` that becomes one when something needs it. Most handlers ask for the method and the
 * URL, and some for the headers; to make a real one for that takes longer than all else that a
 * session does with a request.
 *
 * It is an instance of `Request`, and the platform takes it for one: the slots of a request are
 * properties named by symbols, and whoever asks for one of them, as `new Request(request)` does,
 * gets that of the real one, which is made then. Where that is not so, real ones are made at once.
 *
 * @module
 */

import { areWellFormed } from "./parts.ts";
import { PLAIN_URL } from "./plain_url.ts";
import type { HeaderList } from "../session.ts";

/** What a request consists of. */
export interface ArrivedRequest {
  /** The method, as it arrived. */
  readonly method: string;
  /** The URL, as it arrived. */
  readonly url: string;
  /** Names and values, as they arrived. */
  readonly headers: HeaderList;
  /** The body. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Aborts when nobody waits for the response any more. */
  readonly signal: AbortSignal;
}

/** Methods that make a valid request with or without a body, as they are. */
const BODILESS_METHOD = /^(?:GET|HEAD)$/;
const BODY_METHOD = /^(?:POST|PUT|PATCH|DELETE|OPTIONS)$/;

/**
 * Makes a request of what arrived.
 *
 * @throws {TypeError} the platform refuses to make one of it.
 */
export function requestOf(arrived: ArrivedRequest): Request {
  const { method, url, headers, body } = arrived;
  const isValid = (BODILESS_METHOD.test(method) ? body === null : BODY_METHOD.test(method)) &&
    PLAIN_URL.test(url) && areWellFormed(headers);
  canBeLazy ??= isTakenForRequest();
  return isValid && canBeLazy ? lazyRequest(arrived) : realRequest(arrived);
}

function realRequest({ method, url, headers, body, signal }: ArrivedRequest): Request {
  const { protocol } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:") {
    throw new TypeError(`Cannot make a request of "${url}": it is not of HTTP`);
  }
  return new Request(url, { method, headers, body, signal });
}

/** The symbols are no private names, so that a proxy of a request works as for the platform's. */
const ARRIVED = Symbol("arrived");
const HEADERS = Symbol("headers that were asked for");
const REAL = Symbol("real request");

interface Lazy {
  readonly [ARRIVED]: ArrivedRequest;
  [HEADERS]: Headers | undefined;
  [REAL]: Request | undefined;
}

function realOf(lazy: Lazy): Request {
  const arrived = lazy[ARRIVED];
  // Headers that were asked for may have been changed since.
  const headers = lazy[HEADERS] === undefined ? arrived.headers : [...lazy[HEADERS]];
  return lazy[REAL] ??= realRequest({ ...arrived, headers });
}

class LazyRequest implements Lazy {
  readonly [ARRIVED]: ArrivedRequest;
  [HEADERS]: Headers | undefined;
  [REAL]: Request | undefined;

  constructor(arrived: ArrivedRequest) {
    this[ARRIVED] = arrived;
    this[HEADERS] = undefined;
    this[REAL] = undefined;
  }

  get method(): string {
    return this[ARRIVED].method;
  }

  get url(): string {
    return this[ARRIVED].url;
  }

  get headers(): Headers {
    if (this[REAL] !== undefined) return this[HEADERS] ?? this[REAL].headers;
    return this[HEADERS] ??= new Headers(this[ARRIVED].headers);
  }
}

/** Everything that is not answered above is asked of the real request. */
function forwardTheRest(): void {
  const prototype = LazyRequest.prototype;
  const { signal } = new AbortController();
  const real = new Request("http://a.mesh/", { signal });
  // Some slots are there only once they have been used.
  if (real.signal.aborted || [...real.headers].length > 0) return;
  const own = Object.getOwnPropertySymbols(real);
  const names = Object.getOwnPropertyNames(Request.prototype);
  for (const key of [...names, ...own]) {
    if (Object.hasOwn(prototype, key)) continue;
    const given = Object.getOwnPropertyDescriptor(Request.prototype, key)?.value;
    Object.defineProperty(prototype, key, {
      configurable: true,
      get(this: Lazy) {
        const real = realOf(this);
        const value = Reflect.get(real, key, real);
        return typeof given === "function" ? value.bind(real) : value;
      },
      set(this: Lazy, value: unknown) {
        const real = realOf(this);
        Reflect.set(real, key, value, real);
      },
    });
  }
  Object.setPrototypeOf(prototype, Request.prototype);
}

function lazyRequest(arrived: ArrivedRequest): Request {
  const lazy: unknown = new LazyRequest(arrived);
  if (lazy instanceof Request) return lazy;
  throw new TypeError("Cannot be lazy: the prototype of requests is not in place");
}

let canBeLazy: boolean | undefined;

/**
 * Makes real requests for now: to find out whether they can be lazy takes 2 to 3 ms, for which the
 * first request of a service need not wait.
 *
 * @returns What finds it out.
 */
export function postponeLazyRequests(): () => void {
  canBeLazy = false;
  return () => void (canBeLazy = isTakenForRequest());
}

/** Whether this version of the platform takes a lazy request for a request. */
function isTakenForRequest(): boolean {
  try {
    forwardTheRest();
    const url = "http://a.mesh/b?c";
    const controller = new AbortController();
    const { signal } = controller;
    const lazy = lazyRequest({ method: "POST", url, headers: [["d", "e"]], body: null, signal });
    const copy = new Request(lazy);
    controller.abort();
    return copy.method === "POST" && copy.url === url && copy.headers.get("d") === "e" &&
      copy.signal.aborted;
  } catch {
    // It does not; that is why this was tried.
    return false;
  }
}
