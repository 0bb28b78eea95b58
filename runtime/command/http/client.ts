/**
 * Exchanges with one HTTP/1.1 server on this host, on connections that are used again.
 *
 * @module
 */

import { ClosedError, HttpConnection, type HttpRequest, type HttpResponse } from "./connection.ts";

/** Connections that are kept while nothing is asked. */
const KEPT_MAX = 64;
/** Many servers close what is unused for 2 to 5 s; this is well before. Milliseconds. */
const KEPT_MS = 1_000;

/** Methods that may be sent again, when nobody knows whether they arrived (RFC 9110, 9.2.2). */
const REPEATABLE = /^(?:GET|HEAD|OPTIONS|PUT|DELETE)$/;

/** A connection that is used by nothing. */
interface Kept {
  readonly connection: HttpConnection;
  readonly sinceMs: number;
}

/** A server, by the addresses at which it may listen. */
export class HttpClient {
  readonly #port: number;
  /** Programs that listen on "localhost" have either of them. */
  #hostnames: readonly [string, string] = ["127.0.0.1", "::1"];
  #kept: Kept[] = [];
  #answers = 0;

  /** Connects to nothing yet. */
  constructor(port: number) {
    this.#port = port;
  }

  /**
   * Sends a request and resolves with the head of its response; both bodies stream. No redirect is
   * followed, nothing is decoded and no header is added.
   *
   * @throws {unknown} it can't connect, the server breaks the connection, or the request is over.
   */
  async exchange(request: HttpRequest): Promise<HttpResponse> {
    const kept = this.#take();
    if (kept !== undefined) {
      try {
        return this.#count(await kept.exchange(request, () => this.#keep(kept)));
      } catch (error) {
        // The server closed it at the very moment in which it was used again.
        const isStale = error instanceof ClosedError && request.body === null;
        if (!isStale || !REPEATABLE.test(request.method)) throw error;
      }
    }
    const connection = await this.connect();
    return this.#count(await connection.exchange(request, () => this.#keep(connection)));
  }

  /** How many responses there were so far. */
  get answers(): number {
    return this.#answers;
  }

  #count(response: HttpResponse): HttpResponse {
    this.#answers += 1;
    return response;
  }

  /** A connection that nobody else uses. */
  async connect(): Promise<HttpConnection> {
    return new HttpConnection(await this.open());
  }

  /** The same for another protocol than HTTP. */
  async open(): Promise<Deno.TcpConn> {
    const [first, second] = this.#hostnames;
    try {
      return await this.#dial(first);
    } catch (error) {
      try {
        const connection = await this.#dial(second);
        this.#hostnames = [second, first];
        return connection;
      } catch {
        // Why the usual address is not there says more.
        throw error;
      }
    }
  }

  /** Where WebSockets to it lead. */
  async webSocketOrigin(): Promise<string> {
    (await this.connect()).close();
    const [hostname] = this.#hostnames;
    return `ws://${hostname.includes(":") ? `[${hostname}]` : hostname}:${this.#port}`;
  }

  async #dial(hostname: string): Promise<Deno.TcpConn> {
    const connection = await Deno.connect({ hostname, port: this.#port });
    connection.setNoDelay(true);
    return connection;
  }

  #take(): HttpConnection | undefined {
    const oldestMs = performance.now() - KEPT_MS;
    for (let kept = this.#kept.pop(); kept !== undefined; kept = this.#kept.pop()) {
      if (!kept.connection.isClosed && kept.sinceMs >= oldestMs) return kept.connection;
      kept.connection.close();
    }
    return undefined;
  }

  #keep(connection: HttpConnection): void {
    if (this.#kept.length >= KEPT_MAX || connection.reader.buffered > 0) return connection.close();
    const kept = { connection, sinceMs: performance.now() };
    this.#kept.push(kept);
    // Whatever comes while nothing was asked, an end most of all, makes it unusable.
    const drop = () => {
      const at = this.#kept.indexOf(kept);
      if (at < 0) return;
      this.#kept.splice(at, 1);
      connection.close();
    };
    connection.reader.fill().then(drop, drop);
  }
}
