/**
 * What becomes of requests, and what that says of the instances that had them.
 *
 * @module
 */

import { LIMITS } from "../../protocol/limits.ts";
import { beginClose } from "./closes.ts";
import { heal, noteFailure } from "./health.ts";
import { leaveWaiting, noteUse, serveWaiting } from "./requests.ts";
import type { OutConnection, RequestAnswered, RequestEnded, SourceTurn } from "./state.ts";

/** A request has ended, wherever it was. Its place is free for one that waits. */
export function onRequestEnded(turn: SourceTurn, event: RequestEnded): void {
  const { source } = turn;
  const { requestID, outcome } = event;
  const place = source.requests.get(requestID);
  if (place === undefined) return;
  source.requests.delete(requestID);
  if ("service" in place) return leaveWaiting(turn, place.service, requestID);
  const connection = source.connections.get(place.sourcePlug);
  if (connection === undefined) return;
  connection.inFlight -= 1;
  if (outcome !== "unused") {
    connection.endedCount += 1;
    connection.firstMs ??= Math.min(turn.nowMs - connection.phaseMs, LIMITS.durationMs);
    noteUse(turn, connection);
  }
  if (outcome === "failed") onFailure(turn, connection);
  else if (outcome === undefined && source.health.size > 0) heal(turn, connection.destServiceID);
  if (source.waiting.size > 0) serveWaiting(turn, connection);
}

/** The instance answers: whoever waits need not wait for the end of that answer. */
export function onRequestAnswered(turn: SourceTurn, { requestID }: RequestAnswered): void {
  const { source } = turn;
  const place = source.requests.get(requestID);
  if (place === undefined || "service" in place) return;
  const connection = source.connections.get(place.sourcePlug);
  if (connection === undefined) return;
  heal(turn, connection.destServiceID);
  serveWaiting(turn, connection);
}

/** An instance that does not answer is left alone, and the manager hears why. */
function onFailure(turn: SourceTurn, connection: OutConnection): void {
  const { options, connectionsTo } = turn.source;
  if (!noteFailure(turn, connection)) return;
  const verdict = `${options.failuresMax} requests in a row got no answer in time`;
  for (const other of [...connectionsTo.get(connection.service) ?? []]) {
    if (other.destServiceID !== connection.destServiceID || other.state !== "open") continue;
    other.verdict = verdict;
    beginClose(turn, other);
  }
}
