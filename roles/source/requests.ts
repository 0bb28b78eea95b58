/**
 * Requests at the source: each gets an open connection, or waits for the one that is asked for once
 * for all of them, or is rejected with the reason.
 *
 * @module
 */

import { LIMITS } from "../../protocol/limits.ts";
import { STATUS } from "../../protocol/status.ts";
import { clearDeadline, hasDeadline, setDeadline } from "../deadlines.ts";
import { chooseConnection, hasRoom } from "./choice.ts";
import { outOfOrder, sickOf } from "./health.ts";
import {
  type OutConnection,
  type RequestWanted,
  sendToAgent,
  type SourceState,
  type SourceTurn,
} from "./state.ts";

/** The wait for a further connection doubles so many times at most. */
const VAIN_MAX = 5;

/** A request wants a service. */
export function onRequestWanted(turn: SourceTurn, event: RequestWanted): void {
  const { source, nowMs } = turn;
  const { requestID, service } = event;
  const open = chooseConnection(source, service, event.stickyKey);
  if (open !== undefined) return assign(turn, requestID, open);
  const waiting = source.waiting.get(service) ?? new Map();
  const reason = outOfOrder(turn, service) ?? tooMany(source, event, waiting.size);
  if (reason !== undefined) {
    turn.emit({ kind: "reject", requestID, status: STATUS.unavailable, reason });
    return;
  }
  waiting.set(requestID, { requestID, service, sinceMs: nowMs });
  source.waiting.set(service, waiting);
  source.waitingCount += 1;
  source.requests.set(requestID, { service });
  setDeadline(source.deadlines, `wait:${requestID}`, nowMs + event.timeoutMs);
  askIfNeeded(turn, service);
}

/** Why no more may wait, or undefined. */
function tooMany(
  { options, waitingCount }: SourceState,
  { service, waitingMax = options.waitingMax }: RequestWanted,
  waiting: number,
): string | undefined {
  if (waiting >= waitingMax) {
    return `Cannot wait for "${service}": ${waiting} requests wait already`;
  }
  if (waitingCount < options.waitingAllMax) return undefined;
  return `Cannot wait for "${service}": ${waitingCount} requests wait for services already`;
}

/**
 * Asks for a connection if somebody waits, unless one is on its way, or one that could not be had
 * is about to be asked for again.
 */
export function askIfNeeded(turn: SourceTurn, service: string): void {
  const { source, nowMs } = turn;
  if (source.serviceID === undefined || source.agentLink === undefined) return;
  if (!source.waiting.has(service) || hasDeadline(source.deadlines, `retry:${service}`)) return;
  const others = source.connectionsTo.get(service);
  if (others !== undefined && !(mayHaveMore(turn, service, others) && isPatient(turn, service))) {
    return;
  }
  source.lastPlug += 1;
  source.lastMessageID += 1;
  const sourcePlug = source.lastPlug;
  const messageID = source.lastMessageID;
  const connection: OutConnection = {
    sourcePlug,
    service,
    messageID,
    state: "asking",
    destPlug: 0,
    destServiceID: 0,
    isFurther: others !== undefined,
    capacity: 0,
    capacityMax: 0,
    isBounded: false,
    verdict: undefined,
    isGone: false,
    inFlight: 0,
    endedCount: 0,
    reportedMs: nowMs,
    phaseMs: nowMs,
    firstMs: undefined,
    isFirstTold: false,
    isUseNoted: false,
    closeMessageIDs: [],
    known: true,
  };
  source.connections.set(sourcePlug, connection);
  source.asking.set(messageID, sourcePlug);
  setDeadline(source.deadlines, `ask:${sourcePlug}`, nowMs + source.options.askMs);
  sendRequest(turn, connection);
  if (others === undefined) source.connectionsTo.set(service, [connection]);
  else others.push(connection);
}

/** Whether one more connection may be had beside those that there are: all of them are full. */
function mayHaveMore(
  { source }: SourceTurn,
  service: string,
  others: readonly OutConnection[],
): boolean {
  const isBounded = others[0]?.isBounded === true;
  return others.length < (isBounded ? LIMITS.instances : source.options.connectionsMax) &&
    !hasDeadline(source.deadlines, `more:${service}`) &&
    others.every((other) => other.state === "open" && !hasRoom(other));
}

/** Whether somebody has waited for so long that one more is asked for; else it is looked again. */
function isPatient({ source, nowMs }: SourceTurn, service: string): boolean {
  const [first] = source.waiting.get(service)?.values() ?? [];
  const dueAtMs = (first?.sinceMs ?? nowMs) + source.options.patienceMs;
  if (dueAtMs <= nowMs) return true;
  setDeadline(source.deadlines, `more:${service}`, dueAtMs);
  return false;
}

/**
 * There was no further connection to be had: it is asked for again later, if somebody waits.
 *
 * @param times How often in a row that was so before.
 */
export function waitForMore(turn: SourceTurn, service: string, times = 0): void {
  const { vain, options, deadlines } = turn.source;
  vain.set(service, Math.min(times + 1, VAIN_MAX));
  setDeadline(deadlines, `more:${service}`, turn.nowMs + options.moreMs * 2 ** times);
}

/** The time to ask for a further connection again. */
export function onMoreDue(turn: SourceTurn, service: string): void {
  askIfNeeded(turn, service);
  if (!turn.source.waiting.has(service)) turn.source.vain.delete(service);
}

/** Instances that the next connection shall not lead to: they are full, or sick. */
function avoidedBy(turn: SourceTurn, service: string): number[] {
  const avoided = sickOf(turn, service);
  for (const { isBounded, destServiceID } of turn.source.connectionsTo.get(service) ?? []) {
    if (isBounded && !avoided.includes(destServiceID)) avoided.push(destServiceID);
  }
  return avoided;
}

/** Asks the manager for a connection; asked again with the same numbers it is one request. */
export function sendRequest(
  turn: SourceTurn,
  asked: Pick<OutConnection, "messageID" | "sourcePlug" | "service">,
): void {
  const { messageID, sourcePlug, service: destServiceName } = asked;
  const { serviceID } = turn.source;
  if (serviceID === undefined) return;
  const avoid = avoidedBy(turn, destServiceName);
  const waiting = turn.source.waiting.get(destServiceName)?.size ?? 0;
  sendToAgent(turn, {
    type: "connectionRequest",
    messageID,
    serviceID,
    sourcePlug,
    destServiceName,
    ...(avoid.length === 0 ? {} : { avoid }),
    ...(waiting > 1 ? { waiting } : {}),
  });
}

function assign(turn: SourceTurn, requestID: number, connection: OutConnection): void {
  const { sourcePlug } = connection;
  connection.inFlight += 1;
  turn.source.requests.set(requestID, { sourcePlug });
  const isTrial = connection.capacity < connection.capacityMax;
  const assigned = { kind: "assign", requestID, sourcePlug } as const;
  turn.emit(isTrial ? { ...assigned, isTrial } : assigned);
  noteUse(turn, connection);
}

/** Gives a connection to those who wait for its service, as long as it has room. */
export function serveWaiting(turn: SourceTurn, connection: OutConnection): void {
  const { service } = connection;
  // What leaves a map while it is gone through is not seen again.
  for (const requestID of turn.source.waiting.get(service)?.keys() ?? []) {
    if (!hasRoom(connection)) break;
    leaveWaiting(turn, service, requestID);
    assign(turn, requestID, connection);
  }
}

/** Rejects everybody who waits for a service. */
export function rejectWaiting(
  turn: SourceTurn,
  service: string,
  failure: { status: number; reason: string },
): void {
  for (const requestID of turn.source.waiting.get(service)?.keys() ?? []) {
    leaveWaiting(turn, service, requestID);
    turn.source.requests.delete(requestID);
    turn.emit({ kind: "reject", requestID, ...failure });
  }
}

/** A request waits no more, for whatever reason. */
export function leaveWaiting(turn: SourceTurn, service: string, requestID: number): void {
  const { waiting, retries, deadlines } = turn.source;
  clearDeadline(deadlines, `wait:${requestID}`);
  const ofService = waiting.get(service);
  if (ofService?.delete(requestID)) turn.source.waitingCount -= 1;
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
  if (!connection.known || connection.isUseNoted) return;
  connection.isUseNoted = true;
  const dueAtMs = Math.max(nowMs, connection.reportedMs + source.options.reportMs);
  setDeadline(source.deadlines, `use:${connection.sourcePlug}`, dueAtMs);
}

/** The time to report the use of a connection; an open request is use too. */
export function onUseDue(turn: SourceTurn, sourcePlug: number): void {
  const { source, nowMs } = turn;
  const connection = source.connections.get(sourcePlug);
  if (connection === undefined) return;
  connection.isUseNoted = false;
  if (!connection.known || source.serviceID === undefined) return;
  // Nobody hears it now, so it is counted on until an agent is there again.
  if (source.agentLink === undefined) return;
  const { endedCount, inFlight, reportedMs, destPlug, firstMs } = connection;
  if (connection.state === "asking" || connection.state === "dialing") return;
  if (endedCount === 0 && inFlight === 0) return;
  source.lastMessageID += 1;
  sendToAgent(turn, {
    type: "processData",
    messageID: source.lastMessageID,
    serviceID: source.serviceID,
    sourcePlug,
    destPlug,
    count: endedCount,
    intervalMs: Math.max(0, nowMs - reportedMs),
    ...(inFlight === 0 ? {} : { inFlight }),
    ...(connection.isFirstTold || firstMs === undefined ? {} : { firstMs }),
  });
  connection.isFirstTold = firstMs !== undefined;
  connection.endedCount = 0;
  connection.reportedMs = nowMs;
  if (inFlight > 0) noteUse(turn, connection);
}
