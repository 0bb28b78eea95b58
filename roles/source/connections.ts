/**
 * Connections at the source: answered, dialled, opened or broken.
 *
 * @module
 */

import type { MessageOf } from "../../protocol/messages.ts";
import { isDone, STATUS } from "../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../deadlines.ts";
import { answerCloses, breakSession, remove } from "./closes.ts";
import { capacityOf, isSick, noteAlone, noteFailure } from "./health.ts";
import { askIfNeeded, onUseDue, rejectWaiting, serveWaiting, waitForMore } from "./requests.ts";
import {
  type Dialed,
  type DialFailed,
  type OutConnection,
  sendToAgent,
  type SessionEnded,
  type SourceTurn,
} from "./state.ts";

/** There will be no such connection; whoever waits for the others goes on waiting. */
function failConnection(
  turn: SourceTurn,
  connection: OutConnection,
  failure: { status: number; reason: string },
): void {
  const { service } = connection;
  const times = turn.source.vain.get(service);
  remove(turn, connection);
  if (turn.source.connectionsTo.has(service)) waitForMore(turn, service, times);
  // Those that it should have been beside are gone, so any instance will do now.
  else if (connection.isFurther) askIfNeeded(turn, service);
  else rejectWaiting(turn, service, failure);
}

/** Flow 5: where to dial, or why nowhere. */
export function onConnectionResponse(
  turn: SourceTurn,
  message: MessageOf<"connectionResponse">,
): void {
  const { source } = turn;
  const sourcePlug = source.asking.get(message.messageID);
  const connection = source.connections.get(sourcePlug ?? 0);
  if (connection === undefined || source.serviceID === undefined) {
    const reason = `Cannot match response "${message.messageID}": nothing was asked`;
    const link = source.agentLink ?? "";
    const status = STATUS.notFound;
    return turn.emit({ kind: "refuse", link, type: message.type, status, reason });
  }
  source.asking.delete(message.messageID);
  clearDeadline(source.deadlines, `ask:${connection.sourcePlug}`);
  const { destServiceNetwork: network, destPlug: port } = message;
  if (!isDone(message.status) || network === undefined || port === undefined) {
    const status = isDone(message.status) ? STATUS.unreachable : message.status;
    const reason = message.reason ?? `Cannot connect to "${connection.service}": ${status}`;
    if (status === STATUS.unavailable) noteAlone(turn, connection.service);
    return failConnection(turn, connection, { status, reason });
  }
  connection.destPlug = port;
  const refusal = takeAnswer(turn, connection, message);
  if (refusal !== undefined) {
    confirm(turn, connection, refusal);
    return failConnection(turn, connection, refusal);
  }
  connection.state = "dialing";
  connection.phaseMs = turn.nowMs;
  turn.emit({
    kind: "dial",
    sourcePlug: connection.sourcePlug,
    network,
    port,
    serviceID: source.serviceID,
    destServiceID: connection.destServiceID,
    ticket: message.ticket,
    destCertificate: message.destCertificate,
  });
}

/** Takes what an answer says of the instance; why it is not dialled, if it is not. */
function takeAnswer(
  turn: SourceTurn,
  connection: OutConnection,
  { destServiceID = 0, concurrency }: MessageOf<"connectionResponse">,
): { status: number; reason: string } | undefined {
  const { connectionsTo, options } = turn.source;
  const { service } = connection;
  if (isSick(turn, destServiceID)) {
    noteAlone(turn, service);
    const reason = `Cannot use "${service}": instance ${destServiceID} fails, and is left alone`;
    return { status: STATUS.unavailable, reason };
  }
  const isFull = destServiceID !== 0 &&
    connectionsTo.get(service)?.some((other) =>
      other.isBounded && other.destServiceID === destServiceID
    );
  if (isFull) {
    const reason = `Cannot use "${service}": instance ${destServiceID} is connected already`;
    return { status: STATUS.conflict, reason };
  }
  connection.destServiceID = destServiceID;
  connection.isBounded = concurrency !== undefined;
  connection.capacityMax = Math.min(concurrency ?? options.exchangesMax, options.exchangesMax);
  connection.capacity = capacityOf(turn, destServiceID, connection.capacityMax);
  // Every source fills the oldest instances first, so that what is too much is too much for all.
  connectionsTo.get(service)?.sort((left, right) => rankOf(left) - rankOf(right));
  return undefined;
}

/** What is not known yet comes last. */
function rankOf({ destServiceID }: OutConnection): number {
  return destServiceID === 0 ? Infinity : destServiceID;
}

/** The manager did not answer; those who wait hear that. */
export function onAskDue(turn: SourceTurn, sourcePlug: number): void {
  const connection = turn.source.connections.get(sourcePlug);
  if (connection?.state !== "asking") return;
  const reason = `Cannot connect to "${connection.service}": the manager did not answer in time`;
  failConnection(turn, connection, { status: STATUS.deadline, reason });
}

function confirm(
  turn: SourceTurn,
  connection: OutConnection,
  outcome: { status: number; reason?: string; connectMs?: number },
): void {
  if (!connection.known) return;
  const { messageID, sourcePlug, destPlug } = connection;
  sendToAgent(turn, {
    type: "connectionConfirmation",
    messageID,
    sourcePlug,
    destPlug,
    ...outcome,
  });
}

/** Flow 5: the session is open. It may have been ordered to close meanwhile. */
export function onDialed(turn: SourceTurn, event: Dialed): void {
  const connection = turn.source.connections.get(event.sourcePlug);
  if (connection === undefined) return;
  const connectMs = turn.nowMs - connection.phaseMs;
  connection.phaseMs = turn.nowMs;
  confirm(turn, connection, {
    status: STATUS.done,
    ...(connectMs > 0 ? { connectMs } : {}),
  });
  turn.source.retries.delete(connection.service);
  turn.source.vain.delete(connection.service);
  if (connection.state === "closing") {
    if (connection.isGone) return breakSession(turn, connection);
    return turn.emit({ kind: "closeSession", sourcePlug: connection.sourcePlug });
  }
  connection.state = "open";
  serveWaiting(turn, connection);
  askIfNeeded(turn, connection.service);
}

/** Flow 5: nobody was there. The instance may be ending just now, so it is asked again soon. */
export function onDialFailed(turn: SourceTurn, event: DialFailed): void {
  const { source, nowMs } = turn;
  const connection = source.connections.get(event.sourcePlug);
  if (connection === undefined) return;
  const { service } = connection;
  confirm(turn, connection, { status: STATUS.unreachable, reason: event.reason });
  answerCloses(turn, connection);
  noteFailure(turn, connection);
  const times = source.vain.get(service);
  remove(turn, connection);
  if (!source.waiting.has(service)) return;
  if (source.connectionsTo.has(service)) return waitForMore(turn, service, times);
  const retries = (source.retries.get(service) ?? 0) + 1;
  if (retries > source.options.retriesMax) {
    source.retries.delete(service);
    const reason = `Cannot connect to "${service}": ${event.reason}`;
    const status = event.isRefused === true ? STATUS.unavailable : STATUS.unreachable;
    return rejectWaiting(turn, service, { status, reason });
  }
  source.retries.set(service, retries);
  const waitMs = source.options.retryMs * 2 ** (retries - 1);
  setDeadline(source.deadlines, `retry:${service}`, nowMs + waitMs);
}

/** Flow 6, or the end of flow 7: a session has ended. */
export function onSessionEnded(turn: SourceTurn, event: SessionEnded): void {
  const { source } = turn;
  const connection = source.connections.get(event.sourcePlug);
  if (connection === undefined) return;
  // A close on command waits for its answer, so what was used until then can be told before it.
  const isAwaited = connection.closeMessageIDs.length > 0;
  if (isAwaited && connection.endedCount > 0) onUseDue(turn, event.sourcePlug);
  remove(turn, connection);
  const { sourcePlug, destPlug, known, closeMessageIDs, verdict } = connection;
  if (event.status === STATUS.brokenLink) noteFailure(turn, connection);
  const { status, reason } = verdict === undefined
    ? event
    : { status: STATUS.brokenLink, reason: verdict };
  const { serviceID } = source;
  if (closeMessageIDs.length > 0) answerCloses(turn, connection);
  else if (known && serviceID !== undefined) {
    sendToAgent(turn, {
      type: "sourceConnectionClose",
      serviceID,
      sourcePlug,
      destPlug,
      status,
      reason,
    });
  }
  askIfNeeded(turn, connection.service);
}
