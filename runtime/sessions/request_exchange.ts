/**
 * One exchange at the dialling end: sends the request, resolves with the head of the response and
 * delivers its body.
 *
 * @module
 */

import { IncomingBody, OutgoingBody } from "./bodies.ts";
import type { Connection, Exchange } from "./connection.ts";
import { FrameError, RESET } from "./frames.ts";
import { BODILESS, type ResponseHead } from "./heads.ts";
import { SessionBrokenError, SessionRefusedError } from "./session.ts";

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
  readonly #signal: AbortSignal;
  readonly #what: string;
  readonly #isHead: boolean;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  readonly #aborted = () => this.#giveUp(RESET.cancelled, this.#signal.reason);
  #answered = false;
  #sent = true;
  #received = false;

  /** Enters the connection; the head must have been written with the same id. */
  constructor(connection: Connection, options: { id: number; request: Request; what: string }) {
    const { id, request, what } = options;
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    this.response = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#connection = connection;
    this.#id = id;
    this.#what = what;
    this.#isHead = request.method === "HEAD";
    this.#signal = request.signal;
    this.#signal.addEventListener("abort", this.#aborted);
    connection.exchanges.set(id, this);
    if (request.body === null) return;
    this.#sent = false;
    this.outgoing = new OutgoingBody(id, connection.outbox.ready);
    this.#send(this.outgoing, request.body.getReader());
  }

  /** The head of the response has come. */
  responded(head: ResponseHead, ended: boolean): void {
    if (this.#answered) throw new FrameError("a second response");
    this.#answered = true;
    const { status, headers } = head;
    if (!ended && (this.#isHead || BODILESS.has(status))) throw new FrameError("a body for nobody");
    if (!ended) {
      this.incoming = new IncomingBody(this.#connection.windows, {
        grant: (bytes) => {
          this.#connection.outbox.frames.credit(this.#id, bytes);
          this.#connection.outbox.wake();
        },
        cancelled: (reason) => this.#giveUp(RESET.cancelled, reason),
      });
    }
    try {
      this.#resolve(new Response(this.incoming?.stream ?? null, { status, headers }));
    } catch (error) {
      throw new FrameError("a response has malformed headers", { cause: error });
    }
    if (ended) this.arrived();
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

  /** The session is over. */
  broke(error: SessionBrokenError): void {
    this.#over(error);
  }

  async #send(
    body: OutgoingBody,
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<void> {
    try {
      await body.send(reader);
      this.#sent = true;
      this.#finish();
    } catch (error) {
      this.#giveUp(RESET.failed, error);
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

  #finish(): void {
    if (!this.#sent || !this.#received) return;
    this.#signal.removeEventListener("abort", this.#aborted);
    this.#connection.remove(this.#id);
  }

  #over(error: unknown): void {
    this.#signal.removeEventListener("abort", this.#aborted);
    this.#reject(error);
    this.incoming?.fail(error);
    this.outgoing?.stop(error);
  }
}
