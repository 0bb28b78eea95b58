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

/** A body that arrives, taken in one of two ways. */
export interface ArrivedBody {
  /** In pieces. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** As the only bytes of their buffer; it may be told how many are expected. */
  whole(expectedBytes?: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** What a request consists of. */
export interface ArrivedRequest {
  /** The method, as it arrived. */
  readonly method: string;
  /** The URL, as it arrived. */
  readonly url: string;
  /** Names and values, as they arrived. */
  readonly headers: HeaderList;
  /** The body. */
  readonly body: ArrivedBody | null;
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
  return new Request(url, { method, headers, body: body?.stream ?? null, signal });
}

/** The symbols are no private names, so that a proxy of a request works as for the platform's. */
const ARRIVED = Symbol("arrived");
const HEADERS = Symbol("headers that were asked for");
const REAL = Symbol("real request");
const TAKEN = Symbol("whether the body was taken whole");

interface Lazy {
  readonly [ARRIVED]: ArrivedRequest;
  [HEADERS]: Headers | undefined;
  [REAL]: Request | undefined;
  [TAKEN]: boolean;
}

function realOf(lazy: Lazy): Request {
  return lazy[REAL] ??= makeReal(lazy);
}

function makeReal(lazy: Lazy): Request {
  const arrived = lazy[ARRIVED];
  // Headers that were asked for may have been changed since.
  const headers = lazy[HEADERS] === undefined ? arrived.headers : [...lazy[HEADERS]];
  if (!lazy[TAKEN]) return realRequest({ ...arrived, headers });
  const real = realRequest({ ...arrived, headers, body: NO_BODY });
  // Its body has been used, too.
  void real.arrayBuffer();
  return real;
}

const NO_BODY: ArrivedBody = {
  get stream() {
    return new ReadableStream({ start: (controller) => controller.close() });
  },
  whole: () => Promise.resolve(new Uint8Array(0)),
};

/** All of a body, if that can be had without a real request. */
function takeWhole(lazy: Lazy): Promise<Uint8Array<ArrayBuffer>> | undefined {
  const { body, headers } = lazy[ARRIVED];
  if (body === null || lazy[REAL] !== undefined || lazy[TAKEN]) return undefined;
  lazy[TAKEN] = true;
  const length = headers.find(([name]) => name === "content-length")?.[1] ?? "";
  return body.whole(/^\d{1,15}$/.test(length) ? Number(length) : undefined);
}

class LazyRequest implements Lazy {
  readonly [ARRIVED]: ArrivedRequest;
  [HEADERS]: Headers | undefined;
  [REAL]: Request | undefined;
  [TAKEN]: boolean;

  constructor(arrived: ArrivedRequest) {
    this[ARRIVED] = arrived;
    this[HEADERS] = undefined;
    this[REAL] = undefined;
    this[TAKEN] = false;
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

  get bodyUsed(): boolean {
    return this[TAKEN] || (this[REAL]?.bodyUsed ?? false);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const whole = takeWhole(this);
    return whole === undefined ? await realOf(this).arrayBuffer() : (await whole).buffer;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return await (takeWhole(this) ?? realOf(this).bytes());
  }

  async text(): Promise<string> {
    const whole = takeWhole(this);
    return whole === undefined ? await realOf(this).text() : decoder.decode(await whole);
  }

  async json(): Promise<unknown> {
    const whole = takeWhole(this);
    return whole === undefined
      ? await realOf(this).json()
      : JSON.parse(decoder.decode(await whole));
  }
}

const decoder = new TextDecoder();

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
