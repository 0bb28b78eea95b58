/**
 * Requests at the source: each gets an open connection, or waits for the one that is asked for once
 * for all of them, or is rejected with the reason.
 *
 * @module
 */

import { STATUS } from "../../protocol/status.ts";
import { clearDeadline, hasDeadline, setDeadline } from "../deadlines.ts";
import {
  type OutConnection,
  type RequestEnded,
  type RequestWanted,
  sendToAgent,
  type SourceTurn,
} from "./state.ts";

/** The open connection to a service with the fewest requests on it. */
function findOpen(turn: SourceTurn, service: string): OutConnection | undefined {
  let found: OutConnection | undefined;
  for (const sourcePlug of turn.source.plugsOf.get(service) ?? []) {
    const connection = turn.source.connections.get(sourcePlug);
    if (connection?.state !== "open") continue;
    if (found === undefined || connection.requests.size < found.requests.size) found = connection;
  }
  return found;
}

/** A request wants a service. */
export function onRequestWanted(turn: SourceTurn, event: RequestWanted): void {
  const { source, nowMs } = turn;
  const { requestID, service } = event;
  const open = findOpen(turn, service);
  if (open !== undefined) return assign(turn, requestID, open);
  const waiting = source.waiting.get(service) ?? new Map();
  if (waiting.size >= source.options.waitingMax) {
    const reason = `Cannot wait for "${service}": ${waiting.size} requests wait already`;
    turn.emit({ kind: "reject", requestID, status: STATUS.unavailable, reason });
    return;
  }
  waiting.set(requestID, { requestID, service });
  source.waiting.set(service, waiting);
  source.requests.set(requestID, { service });
  setDeadline(source.deadlines, `wait:${requestID}`, nowMs + event.timeoutMs);
  askIfNeeded(turn, service);
}

/** Asks for a connection, unless one is on its way or a failed one is about to be tried again. */
export function askIfNeeded(turn: SourceTurn, service: string): void {
  const { source } = turn;
  if (source.serviceID === undefined || source.agentLink === undefined) return;
  if (!source.waiting.has(service) || source.plugsOf.has(service)) return;
  if (hasDeadline(source.deadlines, `retry:${service}`)) return;
  source.lastPlug += 1;
  source.lastMessageID += 1;
  const sourcePlug = source.lastPlug;
  const messageID = source.lastMessageID;
  source.connections.set(sourcePlug, {
    sourcePlug,
    service,
    messageID,
    state: "asking",
    destPlug: 0,
    destServiceID: 0,
    requests: new Set(),
    endedCount: 0,
    reportedMs: turn.nowMs,
    closeMessageIDs: [],
    known: true,
  });
  source.plugsOf.set(service, new Set([sourcePlug]));
  source.asking.set(messageID, sourcePlug);
  setDeadline(source.deadlines, `ask:${sourcePlug}`, turn.nowMs + source.options.askMs);
  sendRequest(turn, { messageID, sourcePlug, service });
}

/** Asks the manager for a connection; asked again with the same numbers it is one request. */
export function sendRequest(
  turn: SourceTurn,
  asked: Pick<OutConnection, "messageID" | "sourcePlug" | "service">,
): void {
  const { messageID, sourcePlug, service: destServiceName } = asked;
  const { serviceID } = turn.source;
  if (serviceID === undefined) return;
  sendToAgent(turn, {
    type: "connectionRequest",
    messageID,
    serviceID,
    sourcePlug,
    destServiceName,
  });
}

function assign(turn: SourceTurn, requestID: number, connection: OutConnection): void {
  const { sourcePlug } = connection;
  connection.requests.add(requestID);
  turn.source.requests.set(requestID, { sourcePlug });
  turn.emit({ kind: "assign", requestID, sourcePlug });
  noteUse(turn, connection);
}

/** Gives a connection that has just opened to everybody who waits for it. */
export function assignWaiting(turn: SourceTurn, connection: OutConnection): void {
  for (const requestID of takeWaiting(turn, connection.service)) {
    assign(turn, requestID, connection);
  }
}

/** Rejects everybody who waits for a service. */
export function rejectWaiting(
  turn: SourceTurn,
  service: string,
  failure: { status: number; reason: string },
): void {
  for (const requestID of takeWaiting(turn, service)) {
    turn.source.requests.delete(requestID);
    turn.emit({ kind: "reject", requestID, ...failure });
  }
}

function takeWaiting(turn: SourceTurn, service: string): number[] {
  const { waiting, retries, deadlines } = turn.source;
  const requestIDs = [...(waiting.get(service)?.keys() ?? [])];
  waiting.delete(service);
  retries.delete(service);
  for (const requestID of requestIDs) clearDeadline(deadlines, `wait:${requestID}`);
  return requestIDs;
}

/** A request has ended, wherever it was. */
export function onRequestEnded(turn: SourceTurn, event: RequestEnded): void {
  const { source } = turn;
  const { requestID } = event;
  const place = source.requests.get(requestID);
  if (place === undefined) return;
  source.requests.delete(requestID);
  if ("service" in place) return leaveWaiting(turn, place.service, requestID);
  const connection = source.connections.get(place.sourcePlug);
  if (connection === undefined) return;
  connection.requests.delete(requestID);
  connection.endedCount += 1;
  noteUse(turn, connection);
}

function leaveWaiting(turn: SourceTurn, service: string, requestID: number): void {
  const { waiting, retries, deadlines } = turn.source;
  clearDeadline(deadlines, `wait:${requestID}`);
  const ofService = waiting.get(service);
  ofService?.delete(requestID);
  if (ofService?.size !== 0) return;
  waiting.delete(service);
  retries.delete(service);
}

/** A request has waited too long. */
export function onWaitDue(turn: SourceTurn, requestID: number): void {
  const place = turn.source.requests.get(requestID);
  if (place === undefined || !("service" in place)) return;
  turn.source.requests.delete(requestID);
  leaveWaiting(turn, place.service, requestID);
  const { serviceID, agentLink } = turn.source;
  const why = serviceID === undefined
    ? "the mesh is not ready"
    : agentLink === undefined
    ? "the agent is away"
    : "no connection within the request's deadline";
  const reason = `Cannot connect to "${place.service}": ${why}`;
  turn.emit({ kind: "reject", requestID, status: STATUS.deadline, reason });
}

/** Flow 2: use is reported at once when it begins, and then at most once per interval. */
export function noteUse(turn: SourceTurn, connection: OutConnection): void {
  const { source, nowMs } = turn;
  const key = `use:${connection.sourcePlug}`;
  if (!connection.known || hasDeadline(source.deadlines, key)) return;
  const dueAtMs = Math.max(nowMs, connection.reportedMs + source.options.reportMs);
  setDeadline(source.deadlines, key, dueAtMs);
}

/** The time to report the use of a connection; an open request is use too. */
export function onUseDue(turn: SourceTurn, sourcePlug: number): void {
  const { source, nowMs } = turn;
  const connection = source.connections.get(sourcePlug);
  if (connection === undefined || source.serviceID === undefined) return;
  // Nobody hears it now, so it is counted on until an agent is there again.
  if (source.agentLink === undefined) return;
  const { endedCount, requests, reportedMs, destPlug } = connection;
  if (connection.state === "asking" || connection.state === "dialing") return;
  if (endedCount === 0 && requests.size === 0) return;
  source.lastMessageID += 1;
  sendToAgent(turn, {
    type: "processData",
    messageID: source.lastMessageID,
    serviceID: source.serviceID,
    sourcePlug,
    destPlug,
    count: endedCount,
    intervalMs: Math.max(0, nowMs - reportedMs),
  });
  connection.endedCount = 0;
  connection.reportedMs = nowMs;
  if (requests.size > 0) noteUse(turn, connection);
}
