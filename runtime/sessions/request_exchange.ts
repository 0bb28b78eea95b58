/**
 * One exchange at the dialling end: sends the request, resolves with the head of the response and
 * delivers its body.
 *
 * @module
 */

import { IncomingBody } from "./bodies/incoming_body.ts";
import { OutgoingBody } from "./bodies/outgoing_body.ts";
import type { Connection, Exchange } from "./connection.ts";
import { FrameError, RESET } from "./frames/frames.ts";
import { BODILESS, type ResponseHead } from "./frames/heads.ts";
import { responseOf, wholeBody } from "./parts/parts.ts";
import { readerOf } from "./bodies/reused_reader.ts";
import type { BodyReader } from "./bodies/read_ahead.ts";
import { RequestBodyError } from "./bodies/request_body_error.ts";
import {
  type RequestParts,
  type ResponseParts,
  SessionBrokenError,
  SessionRefusedError,
} from "./session.ts";

/** What an exchange is about. */
export interface RequestExchangeOptions {
  /** Its number. */
  readonly id: number;
  /** What is asked. */
  readonly request: RequestParts;
  /** What fails if it fails. */
  readonly what: string;
  /** Called once, when it has left the connection: whole, or before its time. */
  readonly ended: (isWhole: boolean) => void;
}

/** A request that is under way. */
export class RequestExchange implements Exchange {
  /** The response, once its head has come. */
  readonly response: Promise<Response>;
  /** The body of the response. */
  incoming: IncomingBody | undefined;
  /** The body of the request. */
  readonly outgoing: OutgoingBody | undefined;
  readonly #connection: Connection;
  readonly #id: number;
  readonly #lateSignal: RequestParts["lateSignal"];
  #signal: AbortSignal | undefined;
  readonly #what: string;
  readonly #respond: (parts: ResponseParts) => Response;
  readonly #isHead: boolean;
  /** The batch before the one that the head leaves in. */
  readonly #batch: number;
  readonly #ended: (isWhole: boolean) => void;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  readonly #aborted = () => this.#giveUp(RESET.cancelled, this.#signal?.reason);
  #answered = false;
  #sent = true;
  #received = false;

  /** Enters the connection; the head must have been written with the same id. */
  constructor(connection: Connection, options: RequestExchangeOptions) {
    const { id, request, what, ended } = options;
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    this.response = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#connection = connection;
    this.#id = id;
    this.#what = what;
    this.#respond = request.respond ?? responseOf;
    this.#ended = ended;
    this.#isHead = request.method === "HEAD";
    this.#batch = connection.outbox.batches;
    this.#lateSignal = request.lateSignal;
    this.#signal = request.signal;
    this.#signal?.addEventListener("abort", this.#aborted);
    connection.exchanges.set(id, this);
    request.started?.(() => this.#movedBytes);
    if (request.body === null) return;
    this.#sent = false;
    this.outgoing = new OutgoingBody(id, connection.outbox.ready);
    this.#send(this.outgoing, readerOf(request.body));
  }

  get #movedBytes(): number {
    return (this.incoming?.movedBytes ?? 0) + (this.outgoing?.movedBytes ?? 0);
  }

  /** The exchange takes long: from now on it can be cancelled by a late signal too. */
  linger(): void {
    if (this.#signal !== undefined || this.#lateSignal === undefined) return;
    this.#signal = this.#lateSignal();
    this.#signal.addEventListener("abort", this.#aborted);
    if (this.#signal.aborted) this.#aborted();
  }

  /** The head of the response has come. */
  responded(head: ResponseHead, ended: boolean): void {
    const { status, headers } = this.#check(head, !ended);
    if (!ended) {
      this.incoming = new IncomingBody(this.#connection.windows, {
        grant: (bytes) => {
          this.#connection.outbox.frames.credit(this.#id, bytes);
          this.#connection.outbox.wake();
        },
        cancelled: (reason) => this.#giveUp(RESET.cancelled, reason),
      });
    }
    const body = this.incoming?.stream ?? null;
    this.#resolve(this.#respond({ status, headers, body }));
    if (ended) this.arrived();
  }

  /** The whole response has come; the body is a view that is valid during this call only. */
  respondedWhole(head: ResponseHead, view: Uint8Array<ArrayBuffer>): void {
    const { status, headers } = this.#check(head, true);
    const body = wholeBody(headers, view);
    this.#resolve(this.#respond({ status, headers, body, bodyBytes: view.length }));
    this.arrived();
  }

  /** The response is whole. */
  arrived(): void {
    this.#received = true;
    this.#finish();
  }

  /** The peer has ended the exchange. */
  reset(code: number, reason: string): void {
    if (code === RESET.refused && !this.#answered) {
      this.#over(new SessionRefusedError(this.#what, reason));
    } else {
      this.#over(new SessionBrokenError(this.#what, reason));
    }
  }

  /** The session is over. What has not begun to leave can't have been handled. */
  broke(error: SessionBrokenError): void {
    const isUnsent = this.#connection.outbox.batches === this.#batch;
    this.#over(isUnsent ? new SessionRefusedError(this.#what, error.reason) : error);
  }

  async #send(body: OutgoingBody, reader: BodyReader): Promise<void> {
    try {
      await body.send(reader);
      this.#sent = true;
      this.#finish();
    } catch (error) {
      this.#giveUp(RESET.failed, new RequestBodyError(this.#what, error));
    }
  }

  /** Ends the exchange from this end; the peer is told, but not the words of the error. */
  #giveUp(code: number, error: unknown): void {
    if (this.#connection.exchanges.get(this.#id) !== this) return;
    const failed = code === RESET.failed;
    const reason = failed ? "the body of the request broke" : "the requester cancelled";
    this.#connection.outbox.frames.reset(this.#id, code, reason);
    this.#connection.outbox.wake();
    this.#over(error);
    this.#connection.remove(this.#id);
  }

  /** The head, if there may be one. */
  #check(head: ResponseHead, hasBody: boolean): ResponseHead {
    if (this.#answered) throw new FrameError("a second response");
    this.#answered = true;
    if (hasBody && (this.#isHead || BODILESS.has(head.status))) {
      throw new FrameError("a body for nobody");
    }
    return head;
  }

  #finish(): void {
    if (!this.#sent || !this.#received) return;
    this.#signal?.removeEventListener("abort", this.#aborted);
    this.#connection.remove(this.#id);
    this.#ended(true);
  }

  #over(error: unknown): void {
    this.#signal?.removeEventListener("abort", this.#aborted);
    this.#reject(error);
    this.incoming?.fail(error);
    this.outgoing?.stop(error);
    this.#ended(false);
  }
}
