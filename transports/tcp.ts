/**
 * Links over TCP: how to get one by listening and by dialing.
 *
 * @module
 */

import { acceptNext } from "./accepting.ts";
import { textOf } from "./codec.ts";
import type { AcceptLink, Link } from "./link.ts";
import { acceptTcp, type TcpLinkOptions } from "./tcp_link.ts";
import { deadline } from "./timer.ts";

export {
  acceptTcp,
  linkTcp,
  SILENT_BEATS_MAX,
  type TcpLinkOptions,
  WAITING_BYTES_MAX,
} from "./tcp_link.ts";

/** How many links a listener holds at once. */
export const LINKS_MAX = 16_384;

/** How long a listener rests after a failure to accept, which mostly means: no descriptor left. */
const ACCEPT_RETRY_MS = 100;

/** Where to listen, and how to link what connects. */
export interface TcpListenOptions extends Omit<TcpLinkOptions, "name"> {
  /**
   * The address to listen on.
   *
   * @default {"127.0.0.1"}
   */
  hostname?: string;
  /**
   * The port to listen on; 0 lets the system choose.
   *
   * @default {0}
   */
  port?: number;
  /**
   * How many links may be open at once; what connects beyond that is closed without a word.
   *
   * @default {LINKS_MAX}
   */
  linksMax?: number;
  /**
   * Is told why a connection was not taken: over the limit, or a failure of the system.
   *
   * @default {() => {}}
   */
  refused?: (reason: string) => void;
}

/** What listens for links. */
export interface TcpListener {
  /** The address that is listened on. */
  readonly hostname: string;
  /** The port that is listened on, never 0. */
  readonly port: number;
  /** How many of its links are open. */
  readonly links: number;
  /** Takes no more connections. The links that are open stay open. */
  close(): void;
}

/**
 * Listens for connections and makes a link of each.
 *
 * @throws {Deno.errors.AddrInUse} when the port is taken.
 *
 * @example Listen and dial
 * ```ts
 * import { dialTcp, listenTcp } from "./tcp.ts";
 *
 * const quiet = { received() {}, malformed() {}, closed() {} };
 * const listener = listenTcp({ port: 0 }, (link) => ({
 *   ...quiet,
 *   received: (value) => link.send({ echo: value }),
 * }));
 * const dialed = await dialTcp({ port: listener.port }, () => ({
 *   ...quiet,
 *   received: (value) => console.log(value),
 * }));
 * dialed.send("hello");
 * dialed.close();
 * listener.close();
 * ```
 */
export function listenTcp(options: TcpListenOptions, accept: AcceptLink): TcpListener {
  const { hostname = "127.0.0.1", port = 0 } = options;
  return new Listener(Deno.listen({ hostname, port }), options, accept);
}

class Listener implements TcpListener {
  readonly hostname: string;
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #options: TcpListenOptions;
  readonly #accept: AcceptLink;
  #closed = false;
  #links = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(listener: Deno.TcpListener, options: TcpListenOptions, accept: AcceptLink) {
    this.hostname = listener.addr.hostname;
    this.port = listener.addr.port;
    this.#listener = listener;
    this.#options = options;
    this.#accept = accept;
    this.#run();
  }

  get links(): number {
    return this.#links;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#listener.close();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      let conn: Deno.TcpConn;
      try {
        conn = await acceptNext(this.#listener);
      } catch (error) {
        if (this.#closed) return;
        this.#options.refused?.(`Cannot accept on port "${this.port}": ${textOf(error)}`);
        this.#retry = setTimeout(() => this.#run(), ACCEPT_RETRY_MS);
        return;
      }
      this.#take(conn);
    }
  }

  #take(conn: Deno.TcpConn): void {
    const { linksMax = LINKS_MAX } = this.#options;
    if (this.#links >= linksMax) {
      conn.close();
      this.#options.refused?.(`Cannot accept on port "${this.port}": ${linksMax} links are open`);
      return;
    }
    this.#links += 1;
    acceptTcp(conn, this.#options, (link) => {
      const events = this.#accept(link);
      return {
        received: (value) => events.received(value),
        malformed: (reason) => events.malformed(reason),
        closed: (reason) => {
          this.#links -= 1;
          events.closed(reason);
        },
      };
    });
  }
}

/** Where to dial, and how to link the connection. */
export interface TcpDialOptions extends TcpLinkOptions {
  /**
   * The address to dial.
   *
   * @default {"127.0.0.1"}
   */
  hostname?: string;
  /** The port to dial. */
  port: number;
  /**
   * How long to wait for the connection.
   *
   * @default {5000}
   */
  connectTimeoutMs?: number;
}

/** A connection that could not be made; `cause` is what the system said, if it did. */
export class DialError extends Error {
  /** Makes an error with the given text. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DialError";
  }
}

/**
 * Connects and makes a link of the connection.
 *
 * @throws {DialError} when the connection is refused or takes longer than `connectTimeoutMs`.
 */
export async function dialTcp(options: TcpDialOptions, accept: AcceptLink): Promise<Link> {
  return acceptTcp(await connectTcp(options), options, accept);
}

/**
 * Connects, and makes no link of it yet.
 *
 * @throws {DialError} when the connection is refused or takes longer than `connectTimeoutMs`.
 */
export function connectTcp(options: TcpDialOptions): Promise<Deno.TcpConn> {
  const { hostname = "127.0.0.1", port, connectTimeoutMs = 5000 } = options;
  const what = `Cannot connect to "${hostname}:${port}"`;
  return new Promise((resolve, reject) => {
    let late = false;
    const cancel = deadline(connectTimeoutMs, () => {
      late = true;
      reject(new DialError(`${what}: no answer within ${connectTimeoutMs} ms`));
    });
    Deno.connect({ hostname, port }).then(
      (conn) => {
        cancel();
        if (!late && !isToItself(conn)) return resolve(conn);
        conn.close();
        reject(new DialError(`${what}: nobody listens there`));
      },
      (cause) => {
        cancel();
        reject(new DialError(`${what}: ${textOf(cause)}`, { cause }));
      },
    );
  });
}

/**
 * Whether a connection is its own other end: whoever dials a port of the range from which the
 * system takes its own, while nobody listens there, may get that very port, and so occupies it.
 */
function isToItself({ localAddr, remoteAddr }: Deno.TcpConn): boolean {
  return localAddr.port === remoteAddr.port && localAddr.hostname === remoteAddr.hostname;
}
