/**
 * Sends a request within the limits of its route. One without limits passes as if this was not
 * there.
 *
 * @module
 */

import type { RouteLimits } from "../../protocol/route_limits.ts";
import { problemParts } from "../problem.ts";
import { responseOf } from "../sessions/parts/parts.ts";
import type { RequestParts } from "../sessions/session.ts";
import type { ExchangeTerms } from "../source/terms.ts";
import { DeadlineTimer } from "./deadline_timer.ts";
import { stickyKeyOf } from "./sticky_key.ts";
import { DeadlineError, ExchangeWatch, hasDeadlines } from "./exchange_watch.ts";

/** Sends a request to a service, on terms. */
export type Exchange = (
  service: string,
  request: RequestParts,
  terms?: ExchangeTerms,
) => Promise<Response>;

/** Sends a request to a service, within limits. */
export type LimitedExchange = (
  service: string,
  request: RequestParts,
  limits?: RouteLimits,
) => Promise<Response>;

/**
 * Adds limits to a way to send requests. A deadline that passes before an answer has begun is a
 * response with 504 that names it; one that passes later breaks the body of the answer.
 */
export function limitedExchange(exchange: Exchange): LimitedExchange {
  const timer = new DeadlineTimer();
  return (service, request, limits) => {
    if (limits === undefined) return exchange(service, request);
    const { connectMs, waitingMax, retry, sticky } = limits;
    const stickyKey = sticky === undefined ? undefined : stickyKeyOf(request.headers, sticky);
    const terms = { connectMs, waitingMax, retry, stickyKey };
    if (!hasDeadlines(limits)) return exchange(service, request, terms);
    const watch = new ExchangeWatch(limits, { timer, request });
    const { lateSignal, started } = watch;
    // One that must be heard at once is heard at once; the others when it takes long.
    const signal = request.signal === undefined ? undefined : lateSignal();
    const left = () => watch.left();
    const sent = { ...request, signal, lateSignal, started };
    return exchange(service, sent, { ...terms, left }).then(
      (response) => {
        watch.answered();
        return response;
      },
      (error) => {
        watch.end();
        if (!(error instanceof DeadlineError)) throw error;
        const detail = `Cannot get an answer of "${service}": ${error.reason}`;
        const { respond = responseOf } = request;
        return respond(problemParts({ status: 504, detail, service }));
      },
    );
  };
}
