/**
 * The typed way from one service to another.
 *
 * @module
 */

import { type FetchLimits, fetchService, meshFetch } from "./mesh_fetch.ts";

/**
 * The services that a program knows by name. Declare yours to have their names checked:
 *
 * ```ts ignore
 * declare module "smmp" {
 *   interface Services {
 *     counter: true;
 *   }
 * }
 * ```
 */
// deno-lint-ignore no-empty-interface -- programs add their services to it.
export interface Services {}

/** A name of a declared service, or any name while none is declared. */
export type ServiceName = keyof Services extends never ? string : keyof Services;

/**
 * How requests are sent by a plug. A deadline that passes before an answer has begun is a response
 * with 504 that names it; one that passes later breaks the body of the answer.
 */
export interface PlugOptions {
  /** The longest wait for a connection, the start of the service included. @default {150_000} */
  readonly connectMs?: number;
  /** The longest wait for an answer to begin, once the request was sent. @default {for ever} */
  readonly firstByteMs?: number;
  /** The longest time without a byte in either direction. Milliseconds. @default {for ever} */
  readonly idleMs?: number;
  /** The longest time to the last byte of an answer. Milliseconds. @default {for ever} */
  readonly totalMs?: number;
  /** Whether what may have been handled is sent once more if its method allows. @default {true} */
  readonly retry?: boolean;
}

/** An out-plug: the way to one service. */
export interface Plug {
  /** The service that it leads to. */
  readonly service: string;
  /**
   * Sends a request to the service, which is started if it does not run. What the mesh can't do is
   * a response with a 4xx or 5xx status and an RFC 9457 body that says why.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /**
   * Opens a WebSocket to the service, which is started if it does not run. What the mesh can't do
   * is an `error` event that says why, and a `close` with code 1006.
   */
  webSocket(path: string, protocols?: string | string[]): WebSocket;
  /**
   * Opens a connection to a service that speaks tcp, which is started if it does not run.
   *
   * @throws {Error} what the mesh can't do, with the reason.
   */
  connect(): Promise<PlugConnection>;
}

/** A connection to a service that speaks tcp. Each of its directions ends by itself. */
export interface PlugConnection extends Disposable {
  /** What the service says; errors when the connection breaks. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What is said to the service; to close it ends this direction only. */
  readonly writable: WritableStream<Uint8Array<ArrayBufferLike>>;
  /** Ends both directions at once. */
  close(): void;
}

/**
 * The plug to a service. A path is enough: `plug("counter").fetch("/visits")`.
 *
 * @param service The name of the service.
 * @param options The deadlines of its requests. WebSockets and connections have none.
 * @throws {TypeError} when a deadline is no number above 0.
 *
 * @example
 * ```ts
 * import { plug } from "./plug.ts";
 * const counter = plug("counter");
 * console.log(counter.service);
 * ```
 */
export function plug(service: ServiceName, options?: PlugOptions): Plug {
  const limits = options === undefined ? undefined : limitsOf(service, options);
  const origin = `http://${service}.mesh`;
  const base = `${origin}/`;
  return {
    service,
    fetch(input, init) {
      if (input instanceof Request) return fetchService(service, input, { init, limits });
      // Two slashes begin a host, which is for a parser to see.
      const isPath = typeof input === "string" && /^\/(?!\/)/.test(input);
      const url = isPath ? `${origin}${input}` : new URL(input, base);
      return fetchService(service, url, { init, limits });
    },
    webSocket(path, protocols = []) {
      const url = new URL(path, `ws://${service}.mesh/`);
      // Whatever the path looks like, it leads nowhere else.
      url.host = `${service}.mesh`;
      return new WebSocket(url, protocols);
    },
    async connect() {
      const exchange = meshFetch(service);
      const { connectTo } = await import("../../tcp/connect.ts");
      return await connectTo(service, exchange);
    },
  };
}

function limitsOf(service: string, { retry, ...deadlines }: PlugOptions): FetchLimits {
  for (const [name, value] of Object.entries(deadlines)) {
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue;
    throw new TypeError(`Cannot plug "${service}": ${name} must be above 0, found ${value}`);
  }
  return { ...deadlines, ...(retry === undefined ? {} : { retry }) };
}
