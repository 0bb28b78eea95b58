/**
 * An HTTP server of a role.
 *
 * @module
 */

import { reasonOf } from "../protocol/errors.ts";
import { isBug } from "./bug.ts";
import { LastingServer } from "./lasting_server.ts";
import { problemResponse } from "./problem.ts";
import { PLAIN_URL } from "./sessions/parts/plain_url.ts";

/** Where to listen, and how to say that it can't be done. */
export interface ListenHttpOptions {
  /** The address. */
  readonly hostname: string;
  /** The port; 0 for a free one. */
  readonly port: number;
  /** What listens, for an error. */
  readonly what: string;
  /** The flag with which another port can be chosen, for an error. */
  readonly flag: string;
  /** Whether others of this user may listen there too, who share what comes. @default {false} */
  readonly isShared?: boolean;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
  /** Serves HTTPS with this certificate and key, in PEM. @default {HTTP} */
  readonly secure?: { readonly cert: string; readonly key: string } | undefined;
}

/** What listens for users, and how another port is chosen for it. */
export const GATEWAY_PLACE = { what: "the gateway", flag: "--port" } as const;

/** A server that listens. */
export interface HttpServer {
  /** The port that it has. */
  readonly port: number;
  /**
   * Accepts nothing new; resolves when every request in flight has been answered. While a request
   * body is still arriving, what comes new is answered with 503; after that nobody listens.
   */
  drain(): Promise<void>;
  /**
   * Listens no more, so that another server can have the port; resolves when what is in flight has
   * been answered.
   */
  retire(): Promise<void>;
  /** Breaks what is in flight; resolves when all is closed. */
  abort(): Promise<void>;
}

/** What is known of a request besides itself. */
export interface HttpBindings {
  /** The other end of its connection. */
  readonly remoteAddr: Deno.NetAddr;
}

/** What answers requests: a Hono app, or anything with its `fetch`. */
export interface HttpApp {
  /** Answers one request. */
  fetch(request: Request, bindings: HttpBindings): Response | Promise<Response>;
}

/**
 * Listens for HTTP.
 *
 * @throws {Error} when the port is taken or the address is not this machine's, with what to do.
 */
export function listenHttp(options: ListenHttpOptions, app: HttpApp): HttpServer {
  const controller = new AbortController();
  const uploads = new Uploads();
  let isDraining = false;
  const server = open(options, {
    signal: controller.signal,
    handler(request, info) {
      const { url } = request;
      if (!PLAIN_URL.test(url) && !URL.canParse(url)) return refuseHost();
      if (isDraining) return refuse();
      if (request.body !== null) uploads.add(info.completed);
      return app.fetch(request, info);
    },
  });
  const retire = async () => {
    // The shutdown of the platform's server breaks a request body that is still arriving.
    await uploads.ended();
    await server.shutdown();
  };
  return {
    port: server.port,
    drain: async () => {
      isDraining = true;
      await retire();
    },
    retire,
    abort: async () => {
      controller.abort();
      await server.aborted();
    },
  };
}

function open(
  options: ListenHttpOptions,
  { signal, handler }: {
    readonly signal: AbortSignal;
    readonly handler: Deno.ServeHandler<Deno.NetAddr>;
  },
): LastingServer {
  const { hostname, warn, what } = options;
  const listen = (port: number) => {
    let isUsed = false;
    const server = Deno.serve({
      hostname,
      port,
      signal,
      onListen: () => {},
      onError: failed,
      ...(options.isShared ? { reusePort: true } : {}),
      ...options.secure,
    }, (request, info) => {
      isUsed = true;
      return handler(request, info);
    });
    return { server, isUsed: () => isUsed };
  };
  try {
    return new LastingServer({
      port: options.port,
      listen,
      failed: (why) => warn(`Cannot accept connections for ${what}: ${why}; it listens again soon`),
    });
  } catch (error) {
    throw new Error(cannotListen(options, error), { cause: error });
  }
}

/**
 * An app answers its own errors, so what gets here is the body of a response that broke. When its
 * client or its service went away, whoever is left sees that, and the history has it.
 */
function failed(error: unknown): Response {
  if (isBug(error)) console.error(error);
  return problemResponse({ status: 500, detail: "Cannot answer: see the log" });
}

/**
 * Whoever shares a place with others finds out only here that a stranger shares it too.
 *
 * @throws {Error} when somebody listens there already, with what to do.
 */
export function assertFree(options: Omit<ListenHttpOptions, "secure" | "warn">): void {
  const { hostname, port } = options;
  try {
    Deno.listen({ hostname, port }).close();
  } catch (error) {
    throw new Error(cannotListen(options, error), { cause: error });
  }
}

/** Why something can't listen, and what to do. */
export function cannotListen(
  { hostname, port, what, flag }: Omit<ListenHttpOptions, "secure" | "warn">,
  error: unknown,
): string {
  const isTaken = error instanceof Deno.errors.AddrInUse;
  const why = isTaken
    ? `another program listens there (choose another port with ${flag})`
    : reasonOf(error);
  return `Cannot listen on "${hostname}:${port}" for ${what}: ${why}`;
}

/**
 * The address of a server in a URL; one that listens everywhere is told by the loopback.
 *
 * @param options `isSecure`: it serves HTTPS. @default {{ isSecure: false }}
 */
export function urlOf(
  hostname: string,
  port: number,
  { isSecure = false }: { readonly isSecure?: boolean } = {},
): string {
  const isAny = hostname === "0.0.0.0" || hostname === "::";
  const host = isAny ? "127.0.0.1" : hostname.includes(":") ? `[${hostname}]` : hostname;
  return `${isSecure ? "https" : "http"}://${host}:${port}`;
}

/** A host that makes no URL would be an exception in every app, so it does not get there. */
function refuseHost(): Response {
  return problemResponse({
    status: 400,
    detail: "Cannot read the request: it names no valid host",
  });
}

function refuse(): Response {
  const detail = "Cannot take the request: the mesh is stopping";
  const response = problemResponse({ status: 503, detail, retryAfterSeconds: 1 });
  response.headers.set("connection", "close");
  return response;
}

/** The requests with a body that are not answered yet. */
class Uploads {
  readonly #open = new Set<Promise<void>>();

  add(completed: Promise<void>): void {
    // How it ended is told to whoever reads the body; here it only counts that it did.
    const ended = completed.catch(() => {}).finally(() => this.#open.delete(ended));
    this.#open.add(ended);
  }

  async ended(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }
}
