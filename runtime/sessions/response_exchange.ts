/**
 * One exchange at the accepting end: hands the request to the handler and sends its response.
 *
 * @module
 */

import { IncomingBody, OutgoingBody } from "./bodies.ts";
import type { Connection, Exchange } from "./connection.ts";
import { RESET } from "./frames.ts";
import { BODILESS, type RequestHead, responseParts } from "./heads.ts";
import { type BodyReader, readAhead } from "./read_ahead.ts";
import { SessionBrokenError } from "./session.ts";

/** What an exchange needs of its session. */
export interface ResponseExchangeOptions {
  /** The number of the exchange. */
  readonly id: number;
  /** What was asked. */
  readonly head: RequestHead;
  /** Whether the request has no body. */
  readonly ended: boolean;
  /** Answers; may throw. */
  readonly handler: (request: Request) => Response | Promise<Response>;
  /** The handler or its response failed. */
  readonly failed: (error: unknown) => void;
}

/** A request that is being answered. */
export class ResponseExchange implements Exchange {
  /** The body of the request. */
  readonly incoming: IncomingBody | undefined;
  /** The body of the response. */
  readonly outgoing: OutgoingBody;
  /** Settles when the handler and the body of its response are done. Never rejects. */
  readonly done: Promise<void>;
  readonly #connection: Connection;
  readonly #options: ResponseExchangeOptions;
  readonly #controller = new AbortController();

  /** Enters the connection and calls the handler. */
  constructor(connection: Connection, options: ResponseExchangeOptions) {
    this.#connection = connection;
    this.#options = options;
    this.outgoing = new OutgoingBody(options.id, connection.outbox.ready);
    if (!options.ended) this.incoming = this.#receive();
    connection.exchanges.set(options.id, this);
    this.done = this.#answer();
  }

  /** The request is whole; its exchange ends with the response only. */
  arrived(): void {}

  /** The requester has ended the exchange. */
  reset(_code: number, reason: string): void {
    this.#over(new DOMException(`Cannot go on: ${reason}`, "AbortError"));
  }

  /** The session is over. */
  broke(error: SessionBrokenError): void {
    this.#over(error);
  }

  get #isOpen(): boolean {
    return this.#connection.exchanges.get(this.#options.id) === this;
  }

  #receive(): IncomingBody {
    const { outbox, windows } = this.#connection;
    const { id } = this.#options;
    return new IncomingBody(windows, {
      grant(bytes) {
        outbox.frames.credit(id, bytes);
        outbox.wake();
      },
      cancelled() {
        outbox.frames.stop(id);
        outbox.wake();
      },
    });
  }

  async #answer(): Promise<void> {
    const response = await this.#respond();
    if (!this.#isOpen) {
      // The requester has gone; that the body cannot be cancelled concerns nobody.
      await response.body?.cancel("nobody waits for it").catch(() => {});
      return;
    }
    try {
      await this.#send(response);
    } catch (error) {
      if (!this.#isOpen) return;
      this.#options.failed(error);
      this.#connection.outbox.frames.reset(this.#options.id, RESET.failed, "the response broke");
      this.#connection.outbox.wake();
      this.#over(error);
      this.#connection.remove(this.#options.id);
    }
    this.#finish();
  }

  /** Whatever the handler does, there is a response. */
  async #respond(): Promise<Response> {
    const request = this.#request();
    if (request === undefined) return problem(400, "The method, URL or headers are malformed.");
    try {
      const response = await this.#options.handler(request);
      if (!(response instanceof Response)) throw new TypeError("the handler returned no Response");
      if (response.status < 200) throw new TypeError(`status ${response.status} cannot be sent`);
      if (response.bodyUsed || response.body?.locked) {
        throw new TypeError("the body of the response has been used");
      }
      return response;
    } catch (error) {
      // A handler that fails because it was told to stop has not failed.
      if (this.#isOpen) this.#options.failed(error);
      return problem(500, "The service failed to answer this request.");
    }
  }

  /** The request, or undefined when the platform refuses to make one of what the peer sent. */
  #request(): Request | undefined {
    const { url, method, headers } = this.#options.head;
    try {
      const { protocol } = new URL(url);
      if (protocol !== "http:" && protocol !== "https:") return undefined;
      const body = this.incoming?.stream ?? null;
      return new Request(url, { method, headers, body, signal: this.#controller.signal });
    } catch {
      // What is malformed is the peer's fault and is answered with 400, not reported.
      return undefined;
    }
  }

  async #send(response: Response): Promise<void> {
    const { outbox } = this.#connection;
    const { id, head } = this.#options;
    const parts = responseParts(response);
    let reader: BodyReader | undefined = response.body?.getReader();
    if (reader !== undefined && !response.headers.has("content-length")) {
      const known = await readAhead(reader);
      reader = known.reader;
      if (known.length !== undefined) parts.push("content-length", String(known.length));
      if (!this.#isOpen) return void reader.cancel("nobody waits for it").catch(() => {});
    }
    if (reader !== undefined && (BODILESS.has(response.status) || head.method === "HEAD")) {
      // A body that the protocol has no place for; its source is told.
      reader.cancel("the response has no body").catch(() => {});
      reader = undefined;
    }
    if (!outbox.frames.response(id, parts, reader === undefined)) {
      reader?.cancel("the headers are too large").catch(() => {});
      this.#options.failed(new RangeError("Cannot send the response: its headers are too large"));
      return await this.#send(problem(500, "The service answered with headers too large."));
    }
    outbox.wake();
    if (reader !== undefined) await this.outgoing.send(reader);
  }

  /** The response has gone; what is left of the request is of no use. */
  #finish(): void {
    if (!this.#isOpen) return;
    const { outbox } = this.#connection;
    if (this.incoming?.arriving) {
      outbox.frames.stop(this.#options.id);
      outbox.wake();
      this.incoming.fail(new DOMException("Cannot read on: it has been answered", "AbortError"));
    }
    this.#connection.remove(this.#options.id);
  }

  #over(error: unknown): void {
    this.#controller.abort(error);
    this.incoming?.fail(error);
    this.outgoing.stop(error);
  }
}

function problem(status: number, text: string): Response {
  return new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}
