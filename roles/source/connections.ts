/**
 * Connections at the source: answered, dialled, opened, closed on command or broken.
 *
 * @module
 */

import type { MessageOf } from "../../protocol/messages.ts";
import { isDone, STATUS } from "../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../deadlines.ts";
import { askIfNeeded, assignWaiting, onUseDue, rejectWaiting } from "./requests.ts";
import {
  type Dialed,
  type DialFailed,
  type OutConnection,
  sendToAgent,
  type SessionEnded,
  type SourceTurn,
} from "./state.ts";

function remove(turn: SourceTurn, connection: OutConnection): void {
  const { source } = turn;
  const { sourcePlug, service } = connection;
  source.connections.delete(sourcePlug);
  source.asking.delete(connection.messageID);
  for (const kind of ["ask", "use"]) clearDeadline(source.deadlines, `${kind}:${sourcePlug}`);
  leavePlugs(turn, service, sourcePlug);
}

/** From now on a connection gets no request any more, so another one may be asked for. */
function leavePlugs(turn: SourceTurn, service: string, sourcePlug: number): void {
  const plugs = turn.source.plugsOf.get(service);
  plugs?.delete(sourcePlug);
  if (plugs?.size === 0) turn.source.plugsOf.delete(service);
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
    remove(turn, connection);
    const status = isDone(message.status) ? STATUS.unreachable : message.status;
    const reason = message.reason ?? `Cannot connect to "${connection.service}": ${status}`;
    return rejectWaiting(turn, connection.service, { status, reason });
  }
  connection.state = "dialing";
  connection.destPlug = port;
  connection.destServiceID = message.destServiceID ?? 0;
  turn.emit({
    kind: "dial",
    sourcePlug: connection.sourcePlug,
    network,
    port,
    serviceID: source.serviceID,
    destServiceID: message.destServiceID ?? 0,
    ticket: message.ticket,
    destCertificate: message.destCertificate,
  });
}

/** The manager did not answer; those who wait hear that. */
export function onAskDue(turn: SourceTurn, sourcePlug: number): void {
  const connection = turn.source.connections.get(sourcePlug);
  if (connection?.state !== "asking") return;
  remove(turn, connection);
  const reason = `Cannot connect to "${connection.service}": the manager did not answer in time`;
  rejectWaiting(turn, connection.service, { status: STATUS.deadline, reason });
}

function confirm(
  turn: SourceTurn,
  connection: OutConnection,
  outcome: { status: number; reason?: string },
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
  confirm(turn, connection, { status: STATUS.done });
  turn.source.retries.delete(connection.service);
  if (connection.state === "closing") {
    return turn.emit({ kind: "closeSession", sourcePlug: connection.sourcePlug });
  }
  connection.state = "open";
  assignWaiting(turn, connection);
}

/** Flow 5: nobody was there. The instance may be ending just now, so it is asked again soon. */
export function onDialFailed(turn: SourceTurn, event: DialFailed): void {
  const { source, nowMs } = turn;
  const connection = source.connections.get(event.sourcePlug);
  if (connection === undefined) return;
  const { service } = connection;
  confirm(turn, connection, { status: STATUS.unreachable, reason: event.reason });
  answerCloses(turn, connection);
  remove(turn, connection);
  if (!source.waiting.has(service)) return;
  const retries = (source.retries.get(service) ?? 0) + 1;
  if (retries > source.options.retriesMax) {
    source.retries.delete(service);
    const reason = `Cannot connect to "${service}": ${event.reason}`;
    return rejectWaiting(turn, service, { status: STATUS.unreachable, reason });
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
  const { sourcePlug, destPlug, known, closeMessageIDs } = connection;
  const { status, reason } = event;
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

function answerCloses(turn: SourceTurn, connection: OutConnection): void {
  for (const messageID of connection.closeMessageIDs) {
    sendToAgent(turn, { type: "connectionCloseResponse", messageID, status: STATUS.done });
  }
}

/** Flow 7: the manager wants a connection closed. What is in flight on it finishes first. */
export function onConnectionCloseRequest(
  turn: SourceTurn,
  message: MessageOf<"connectionCloseRequest">,
): void {
  const connection = turn.source.connections.get(message.sourcePlug);
  const isOther = connection === undefined || connection.state === "asking" ||
    connection.destPlug !== message.destPlug;
  if (isOther) {
    const { messageID } = message;
    const status = STATUS.notFound;
    const reason = `Cannot close plug "${message.sourcePlug}": it is not connected`;
    return sendToAgent(turn, { type: "connectionCloseResponse", messageID, status, reason });
  }
  // What it was used for is told while the manager still knows it.
  if (connection.endedCount > 0) onUseDue(turn, connection.sourcePlug);
  connection.closeMessageIDs.push(message.messageID);
  beginClose(turn, connection);
}

/** Closes a connection as soon as nothing is in flight on it; new requests get another one. */
export function beginClose(turn: SourceTurn, connection: OutConnection): void {
  const wasOpen = connection.state === "open";
  connection.state = "closing";
  leavePlugs(turn, connection.service, connection.sourcePlug);
  if (wasOpen) turn.emit({ kind: "closeSession", sourcePlug: connection.sourcePlug });
  askIfNeeded(turn, connection.service);
}

/** Closes every connection, because their owner ends or is registered anew. */
export function closeConnections(turn: SourceTurn, options: { known: boolean }): void {
  // Those that are asked for meanwhile are not among them.
  for (const connection of [...turn.source.connections.values()]) {
    if (!options.known) connection.known = false;
    if (connection.state === "asking") remove(turn, connection);
    else if (connection.state !== "closing") beginClose(turn, connection);
  }
}
