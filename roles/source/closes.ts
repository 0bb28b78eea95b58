/**
 * How connections end at the source: on command, since the instance at the other end takes nothing
 * new, or since there is no such instance any more.
 *
 * @module
 */

import type { MessageOf } from "../../protocol/messages.ts";
import { STATUS } from "../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../deadlines.ts";
import { askIfNeeded, onUseDue } from "./requests.ts";
import { type OutConnection, sendToAgent, type SessionLeaving, type SourceTurn } from "./state.ts";

/** A connection is over. */
export function remove(turn: SourceTurn, connection: OutConnection): void {
  const { source } = turn;
  const { sourcePlug } = connection;
  source.connections.delete(sourcePlug);
  source.asking.delete(connection.messageID);
  source.vain.delete(connection.service);
  for (const kind of ["ask", "use", "gone"]) {
    clearDeadline(source.deadlines, `${kind}:${sourcePlug}`);
  }
  leaveChoice(turn, connection);
}

/** From now on a connection gets no request any more, so another one may be asked for. */
export function leaveChoice({ source }: SourceTurn, connection: OutConnection): void {
  const choices = source.connectionsTo.get(connection.service) ?? [];
  const index = choices.indexOf(connection);
  if (index === -1) return;
  choices.splice(index, 1);
  if (choices.length === 0) source.connectionsTo.delete(connection.service);
}

/** Whoever asked for the end of a connection hears that it has ended. */
export function answerCloses(turn: SourceTurn, connection: OutConnection): void {
  for (const messageID of connection.closeMessageIDs) {
    sendToAgent(turn, { type: "connectionCloseResponse", messageID, status: STATUS.done });
  }
}

/** The instance at the other end takes nothing new: what comes gets another connection. */
export function onSessionLeaving(turn: SourceTurn, { sourcePlug }: SessionLeaving): void {
  const connection = turn.source.connections.get(sourcePlug);
  if (connection?.state !== "open") return;
  connection.state = "closing";
  leaveChoice(turn, connection);
  askIfNeeded(turn, connection.service);
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
  if (message.isGone === true) leaveGone(turn, connection);
  else beginClose(turn, connection);
}

/** What an instance answered before its end arrives within this. Milliseconds. */
const GONE_MS = 1_000;

/**
 * The instance at the other end is gone, which its session may not show: the thread of a worker
 * that was given up keeps it open. So it ends here, after what may be on its way has arrived.
 */
function leaveGone(turn: SourceTurn, connection: OutConnection): void {
  const { sourcePlug, service } = connection;
  connection.isGone = true;
  connection.state = "closing";
  leaveChoice(turn, connection);
  if (connection.inFlight === 0) breakSession(turn, connection);
  else setDeadline(turn.source.deadlines, `gone:${sourcePlug}`, turn.nowMs + GONE_MS);
  askIfNeeded(turn, service);
}

/** What was on its way from an instance that is gone has had the time to arrive. */
export function onGoneDue(turn: SourceTurn, sourcePlug: number): void {
  const connection = turn.source.connections.get(sourcePlug);
  if (connection !== undefined) breakSession(turn, connection);
}

/** Ends a session at whose other end nobody is. */
export function breakSession(turn: SourceTurn, { sourcePlug }: OutConnection): void {
  turn.emit({ kind: "breakSession", sourcePlug, reason: "its instance has ended" });
}

/** Closes a connection as soon as nothing is in flight on it; new requests get another one. */
export function beginClose(turn: SourceTurn, connection: OutConnection): void {
  const wasOpen = connection.state === "open";
  connection.state = "closing";
  leaveChoice(turn, connection);
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
