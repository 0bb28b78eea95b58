/**
 * One exchange at the accepting end: hands the request to the handler and sends its response.
 *
 * @module
 */

import { IncomingBody } from "./bodies/incoming_body.ts";
import { OutgoingBody } from "./bodies/outgoing_body.ts";
import type { Connection, Exchange } from "./connection.ts";
import { RESET } from "./frames/frames.ts";
import { BODILESS, type RequestHead, responseParts } from "./frames/heads.ts";
import { requestOf } from "./parts/lazy_request.ts";
import type { Outgoing } from "./wires/outbox.ts";
import { type BodyReader, readAhead } from "./bodies/read_ahead.ts";
import { SESSION_LIMITS, type SessionBrokenError, TUNNEL_METHOD } from "./session.ts";
import { staticBodyOf } from "./bodies/static_body.ts";
import { fitsOneFrame, WholeAnswer } from "./bodies/whole_answer.ts";

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
  /** The handler and the body of its response are done, whatever became of the exchange. */
  readonly done: () => void;
}

/** A request that is being answered. */
export class ResponseExchange implements Exchange {
  /** The body of the request. */
  readonly incoming: IncomingBody | undefined;
  /** The response, or its body, once there is something to send. */
  outgoing: Outgoing | undefined;
  readonly #connection: Connection;
  readonly #options: ResponseExchangeOptions;
  readonly #controller = new AbortController();
  /** Of a tunnel only: runs when nothing more comes of its request. */
  #requestOver: (() => void) | undefined;

  /** Enters the connection and calls the handler. */
  constructor(connection: Connection, options: ResponseExchangeOptions) {
    this.#connection = connection;
    this.#options = options;
    if (!options.ended) this.incoming = this.#receive();
    connection.exchanges.set(options.id, this);
    this.#answer();
  }

  /** The request is whole; its exchange ends with the response, or, of a tunnel, with both. */
  arrived(): void {
    this.#requestOver?.();
  }

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
      cancelled: () => {
        outbox.frames.stop(id);
        outbox.wake();
        this.#requestOver?.();
      },
    });
  }

  /** Never rejects. */
  async #answer(): Promise<void> {
    const response = await this.#respond();
    if (this.#isOpen) {
      try {
        await this.#send(response);
      } catch (error) {
        this.#break(error);
      }
    } else {
      // The requester has gone; that the body cannot be cancelled concerns nobody.
      await response.body?.cancel("nobody waits for it").catch(() => {});
    }
    this.#options.done();
  }

  #break(error: unknown): void {
    if (!this.#isOpen) return;
    // That a connection broke at the other end of a tunnel is no failure of who digs it.
    if (!this.#isTunnel) this.#options.failed(error);
    this.#connection.outbox.frames.reset(this.#options.id, RESET.failed, "the response broke");
    this.#connection.outbox.wake();
    this.#over(error);
    this.#connection.remove(this.#options.id);
  }

  /** Whatever the handler does, there is a response. */
  async #respond(): Promise<Response> {
    const request = this.#request();
    if (request === undefined) return problem(400, "The method, URL or headers are malformed.");
    try {
      const response = await this.#options.handler(request);
      if (!(response instanceof Response)) throw new TypeError("the handler returned no Response");
      if (response.status < 200) throw new TypeError(`status ${response.status} cannot be sent`);
      // To look at the body makes a stream of it, which most bodies need not become.
      if (response.bodyUsed || staticBodyOf(response) === undefined && response.body?.locked) {
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
    const body = this.incoming ?? null;
    try {
      return requestOf({ url, method, headers, body, signal: this.#controller.signal });
    } catch {
      // What is malformed is the peer's fault and is answered with 400, not reported.
      return undefined;
    }
  }

  async #send(response: Response): Promise<void> {
    const parts = responseParts(response);
    const made = this.#isBodiless(response) ? undefined : staticBodyOf(response);
    if (made !== undefined && this.#sendWhole(parts, made)) return;
    let reader: BodyReader | undefined = response.body?.getReader();
    // A direction that ends early is no whole answer: the other one goes on.
    if (reader !== undefined && this.#isTunnel) return await this.#stream(parts, reader);
    let whole: Uint8Array | undefined;
    if (reader !== undefined) {
      const known = await readAhead(reader);
      ({ reader, whole } = known);
      const isTold = known.length === undefined || response.headers.has("content-length");
      if (!isTold) parts.push("content-length", String(known.length));
      if (!this.#isOpen) return void reader.cancel("nobody waits for it").catch(() => {});
    }
    if (reader !== undefined && this.#isBodiless(response)) {
      // A body that the protocol has no place for; its source is told.
      reader.cancel("the response has no body").catch(() => {});
      reader = undefined;
    }
    if (reader === undefined) {
      if (this.#sendHead(parts, true)) this.#finish();
      else await this.#sendTooLarge();
    } else if (whole === undefined || !this.#sendWhole(parts, whole)) {
      await this.#stream(parts, reader);
    }
  }

  #isBodiless({ status }: Response): boolean {
    return BODILESS.has(status) || this.#options.head.method === "HEAD";
  }

  /** Sends a small response in one frame; returns false if it is not sure to fit. */
  #sendWhole(parts: readonly string[], body: Uint8Array | string): boolean {
    const head = parts.join("\0");
    if (parts.length > 1 + 2 * SESSION_LIMITS.headers || !fitsOneFrame(head, body)) return false;
    const taken = () => this.#finish();
    const answer = new WholeAnswer(this.#options.id, { head, body, taken });
    this.outgoing = answer;
    this.#connection.outbox.ready(answer);
    return true;
  }

  async #stream(parts: readonly string[], reader: BodyReader): Promise<void> {
    if (!this.#sendHead(parts, false)) {
      reader.cancel("the headers are too large").catch(() => {});
      return await this.#sendTooLarge();
    }
    const outgoing = new OutgoingBody(this.#options.id, this.#connection.outbox.ready);
    this.outgoing = outgoing;
    await outgoing.send(reader);
    if (this.#isTunnel) await this.#requestEnded();
    this.#finish();
  }

  get #isTunnel(): boolean {
    return this.#options.head.method === TUNNEL_METHOD;
  }

  /** Resolves when nothing more comes of the request, for whatever reason. */
  async #requestEnded(): Promise<void> {
    if (!this.#isOpen || !this.incoming?.arriving) return;
    await new Promise<void>((resolve) => this.#requestOver = resolve);
  }

  /** Sends nothing and returns false when the head is over the limits. */
  #sendHead(head: readonly string[], end: boolean): boolean {
    const { outbox } = this.#connection;
    if (!outbox.frames.response(this.#options.id, head, end)) return false;
    outbox.wake();
    return true;
  }

  async #sendTooLarge(): Promise<void> {
    this.#options.failed(new RangeError("Cannot send the response: its headers are too large"));
    await this.#send(problem(500, "The service answered with headers too large."));
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
    this.outgoing?.stop(error);
    this.#requestOver?.();
  }
}

function problem(status: number, text: string): Response {
  return new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}
