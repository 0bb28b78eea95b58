/**
 * An HTTP server of a role.
 *
 * @module
 */

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
}

/** A server that listens. */
export interface HttpServer {
  /** The port that it has. */
  readonly port: number;
  /** Accepts nothing new; resolves when every request in flight has been answered. */
  drain(): Promise<void>;
  /** Breaks what is in flight; resolves when all is closed. */
  abort(): Promise<void>;
}

/** What answers requests: a Hono app, or anything with its `fetch`. */
export interface HttpApp {
  /** Answers one request. */
  fetch(request: Request): Response | Promise<Response>;
}

/**
 * Listens for HTTP.
 *
 * @throws {Error} when the port is taken or the address is not this machine's, with what to do.
 */
export function listenHttp(options: ListenHttpOptions, app: HttpApp): HttpServer {
  const { hostname, port, what, flag } = options;
  const controller = new AbortController();
  try {
    const server = Deno.serve({
      hostname,
      port,
      signal: controller.signal,
      onListen: () => {},
    }, (request) => app.fetch(request));
    return {
      port: server.addr.port,
      drain: () => server.shutdown(),
      abort: async () => {
        controller.abort();
        await server.finished;
      },
    };
  } catch (error) {
    const isTaken = error instanceof Deno.errors.AddrInUse;
    const why = isTaken
      ? `another program listens there (choose another port with ${flag})`
      : (error instanceof Error ? error.message : String(error));
    throw new Error(`Cannot listen on "${hostname}:${port}" for ${what}: ${why}`, { cause: error });
  }
}
