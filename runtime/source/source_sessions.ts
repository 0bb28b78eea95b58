/**
 * The hands of a source: sends requests by sessions as the role assigns them, dials and closes
 * sessions as it says, and tells it what became of them. A gateway and a service share it.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { RequestWanted, SourceEffect, SourceEvent } from "../../roles/source/state.ts";
import { NumberTable } from "../../roles/number_table.ts";
import { problemParts } from "../problem.ts";
import { dialSession } from "../sessions/dial.ts";
import { responseOf } from "../sessions/parts/parts.ts";
import { ReplayableBody } from "./replayable_body.ts";
import { endOf, type ExchangeTerms, wantedOf } from "./terms.ts";
import { isIdempotent, RETRY_LIMITS, RetryBudgets, retryWaitMs } from "./retries.ts";
import {
  type RequestParts,
  type ResponseParts,
  type Session,
  SessionBrokenError,
  SessionRefusedError,
} from "../sessions/session.ts";

/** Effects that a {@linkcode SourceSessions} performs. */
export type SessionEffect = Exclude<SourceEffect, { kind: "send" | "refuse" }>;

/** How a source is set up. */
export interface SourceSessionsOptions {
  /** Takes what the role must know. */
  readonly dispatch: (event: SourceEvent) => void;
  /** How long a request may wait for a connection. Milliseconds. @default {150_000} */
  readonly waitMs?: number;
  /** How long a dial may take. Milliseconds. @default {5_000} */
  readonly connectTimeoutMs?: number;
}

/** How long a request may wait for a connection if nobody says so, in milliseconds. */
const WAIT_MS = 150_000;

/** How often a request is sent elsewhere after nothing of it was handled. */
const REFUSALS_MAX = 3;

/** Nothing besides. */
const NO_TERMS: ExchangeTerms = {};

/** A request that has not been given a session. */
interface Pending {
  readonly wanted: RequestWanted;
  /** What it was given, or why it is given none. */
  outcome: Session | ResponseParts | undefined;
  /** Tells whoever waits that there is an outcome. */
  settled: () => void;
}

const NOBODY_WAITS = () => {};

/** How a request is cancelled. */
type Cancellable = Pick<RequestParts, "signal" | "lateSignal">;

/** What is kept of a body, so that the request can be sent once more; undefined if nothing is. */
function keptBody({ body, method }: RequestParts): ReplayableBody | undefined {
  if (body === null || body.locked || !isIdempotent(method)) return undefined;
  return new ReplayableBody(body, RETRY_LIMITS.bodyBytes);
}

/**
 * What is said when there will be no answer: the connection broke, and the request may have been
 * handled (502), or it took nothing, so that whoever sent it may send it again (503).
 */
function answerless(
  service: string,
  { respond = responseOf }: RequestParts,
  error: SessionBrokenError | SessionRefusedError,
): Response {
  const detail = `Cannot get an answer of "${service}": ${error.reason}`;
  const outcome = error instanceof SessionRefusedError
    ? { status: 503, retryAfterSeconds: 1 }
    : { status: 502 };
  return respond(problemParts({ ...outcome, detail, service }));
}

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, delayMs));
}

/** The sessions that start here, by out-plug, and the requests that wait for one. */
export class SourceSessions {
  readonly #options: SourceSessionsOptions;
  readonly #sessions = new Map<number, Session>();
  readonly #pending = new NumberTable<Pending>();
  readonly #budgets = new RetryBudgets();
  /** Requests whose answer is waited for by others. */
  readonly #trials = new Set<number>();
  #lastRequestID = 0;

  /** No sessions yet. */
  constructor(options: SourceSessionsOptions) {
    this.#options = options;
  }

  /**
   * Sends a request to a service of the mesh, which is started if it has to be. Always resolves:
   * what the mesh can't do is a problem+json response with the reason. Rejects only with the reason
   * of the request's own signal, or if its body has been used.
   *
   * A request is handled once, but for two cases. What was certainly not handled is sent elsewhere.
   * What may have been is sent once more if its method allows that, nothing of an answer has come,
   * its body is small, and the budget of the service is not used up; see {@linkcode RETRY_LIMITS}.
   */
  async exchange(
    service: string,
    request: RequestParts,
    terms: ExchangeTerms = NO_TERMS,
  ): Promise<Response> {
    this.#budgets.note(service);
    const { retry = true } = terms;
    const body = retry ? keptBody(request) : undefined;
    let sent = body === undefined ? request : { ...request, body: body.stream() };
    for (let refusals = 0, retries = 0;;) {
      const wanted = this.#want(service, terms);
      const { requestID } = wanted;
      const outcome = await this.#connect(wanted, request);
      if (!("exchange" in outcome)) return (request.respond ?? responseOf)(outcome);
      try {
        const ended = (isWhole: boolean) => {
          const hasFailed = terms.left?.() ?? false;
          if (!isWhole && this.#trials.size > 0) this.#trials.delete(requestID);
          this.#options.dispatch(endOf(requestID, { isWhole, hasFailed }));
        };
        const response = await outcome.exchange(sent, ended);
        this.#answered(requestID);
        return response;
      } catch (error) {
        signalOf(request)?.throwIfAborted();
        const isRefused = error instanceof SessionRefusedError;
        if (!isRefused && !(error instanceof SessionBrokenError)) throw error;
        const isKept = body === undefined ? !request.body?.locked : body.isWhole;
        if (isRefused && isKept && refusals < REFUSALS_MAX) refusals += 1;
        else if (!isRefused && isKept && retry && this.#mayRepeat(service, request, retries)) {
          await sleep(retryWaitMs(retries));
          signalOf(request)?.throwIfAborted();
          retries += 1;
        } else return answerless(service, request, error);
        if (body !== undefined) sent = { ...request, body: body.stream() };
      }
    }
  }

  /**
   * Waits for a connection as a request would, and sends nothing. Resolves when there is one, or
   * with what a request would be answered instead.
   */
  async reach(
    service: string,
    terms: ExchangeTerms = NO_TERMS,
  ): Promise<ResponseParts | undefined> {
    const wanted = this.#want(service, terms);
    const { requestID } = wanted;
    const outcome = await this.#connect(wanted, {});
    if (!("exchange" in outcome)) return outcome;
    this.#trials.delete(requestID);
    this.#options.dispatch({ kind: "requestEnded", requestID, outcome: "unused" });
    return undefined;
  }

  /** A new request, as the role is told of it. */
  #want(service: string, terms: ExchangeTerms): RequestWanted {
    const requestID = this.#lastRequestID += 1;
    const timeoutMs = terms.connectMs ?? this.#options.waitMs ?? WAIT_MS;
    return wantedOf({ kind: "requestWanted", requestID, service, timeoutMs }, terms);
  }

  /** The head of an answer has come, for which others may wait. */
  #answered(requestID: number): void {
    if (this.#trials.size === 0 || !this.#trials.delete(requestID)) return;
    this.#options.dispatch({ kind: "requestAnswered", requestID });
  }

  /** Whether a request that may have been handled is sent once more. */
  #mayRepeat(service: string, { method }: RequestParts, retries: number): boolean {
    return isIdempotent(method) && retries < RETRY_LIMITS.attempts &&
      this.#budgets.take(service, performance.now());
  }

  /** Does what the role says. */
  perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case "dial":
        void this.#dial(effect);
        return;
      case "assign":
        if (effect.isTrial) this.#trials.add(effect.requestID);
        return this.#assign(effect.requestID, effect.sourcePlug);
      case "reject": {
        const { requestID, status, reason: detail } = effect;
        const service = this.#pending.get(requestID)?.wanted.service;
        if (service === undefined) return;
        const retryAfter = status === 503 ? { retryAfterSeconds: 1 } : {};
        return this.#settle(requestID, problemParts({ status, detail, service, ...retryAfter }));
      }
      case "closeSession":
        // Its end is told by the session itself, which is listened to since it was dialled.
        void this.#sessions.get(effect.sourcePlug)?.close();
        return;
      case "breakSession":
        // A dial that is under way fails by itself.
        this.#sessions.get(effect.sourcePlug)?.abort(effect.reason);
    }
  }

  /** Ends every session at once. */
  abort(reason: string): void {
    for (const session of this.#sessions.values()) session.abort(reason);
  }

  /** Waits for a session to a service, or for the reason why there is none. */
  async #connect(
    wanted: RequestWanted,
    request: Cancellable,
  ): Promise<Session | ResponseParts> {
    request.signal?.throwIfAborted();
    const { requestID } = wanted;
    const pending: Pending = { wanted, outcome: undefined, settled: NOBODY_WAITS };
    this.#pending.set(requestID, pending);
    this.#options.dispatch(wanted);
    // The role is stepped in a microtask before this one: most requests need to wait no longer.
    await null;
    return pending.outcome ?? await this.#wait(requestID, pending, signalOf(request));
  }

  #wait(
    requestID: number,
    pending: Pending,
    signal: AbortSignal | undefined,
  ): Promise<Session | ResponseParts> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#pending.delete(requestID);
        this.#options.dispatch({ kind: "requestEnded", requestID });
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      pending.settled = () => {
        signal?.removeEventListener("abort", onAbort);
        if (pending.outcome !== undefined) resolve(pending.outcome);
      };
    });
  }

  #settle(requestID: number, outcome: Session | ResponseParts): void {
    const pending = this.#pending.get(requestID);
    if (pending === undefined) return;
    this.#pending.delete(requestID);
    pending.outcome = outcome;
    pending.settled();
  }

  #assign(requestID: number, sourcePlug: number): void {
    const pending = this.#pending.get(requestID);
    if (pending === undefined) return;
    const session = this.#sessions.get(sourcePlug);
    if (session !== undefined) return this.#settle(requestID, session);
    // The session has ended and the role is about to hear of it: it gives another one then.
    this.#options.dispatch({ kind: "requestEnded", requestID });
    this.#options.dispatch(pending.wanted);
  }

  async #dial(effect: Extract<SourceEffect, { kind: "dial" }>): Promise<void> {
    const { sourcePlug, network: hostname, port, serviceID, destServiceID, ticket } = effect;
    const { destCertificate: certificate } = effect;
    const { dispatch, connectTimeoutMs } = this.#options;
    const hello = { serviceID, sourcePlug, destServiceID };
    const timeout = connectTimeoutMs === undefined ? {} : { connectTimeoutMs };
    try {
      const session = await dialSession({ hostname, port, hello, ticket, certificate, ...timeout });
      this.#sessions.set(sourcePlug, session);
      dispatch({ kind: "dialed", sourcePlug });
      const { leaving } = session;
      const left = () => dispatch({ kind: "sessionLeaving", sourcePlug });
      if (leaving.aborted) left();
      else leaving.addEventListener("abort", left, { once: true });
      const { status, reason } = await session.ended;
      this.#sessions.delete(sourcePlug);
      dispatch({ kind: "sessionEnded", sourcePlug, status, reason });
    } catch (error) {
      const isRefused = error instanceof SessionRefusedError && error.isByPeer;
      const failed = { kind: "dialFailed", sourcePlug, reason: reasonOf(error) } as const;
      dispatch(isRefused ? { ...failed, isRefused } : failed);
    }
  }
}

function signalOf({ signal, lateSignal }: Cancellable): AbortSignal | undefined {
  return signal ?? lateSignal?.();
}
