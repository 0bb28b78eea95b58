/**
 * Flow 6, the close of a connection by its ends, and flow 7, its close on the manager's command.
 *
 * @module
 */

import type { MessageOf } from "../../../../protocol/messages.ts";
import { STATUS } from "../../../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../../../deadlines.ts";
import type { LinkID } from "../../../step.ts";
import { endConnection } from "../instances/endings.ts";
import { askSoon } from "../instances/health.ts";
import { type Connection, endsOf, findConnection } from "../../memory/registry.ts";
import { newMessageID, record, refuse, send, type Turn } from "../../turn.ts";

/** Asks the source of a connection to finish and close; its destination if the source is away. */
export function closeConnection(turn: Turn, connection: Connection, reason: string): void {
  if (connection.state === "closing") return;
  record(turn, { kind: "connectionClosing", ...endsOf(connection), reason });
  if (!askToClose(turn, connection, { end: "source", reason })) {
    askToClose(turn, connection, { end: "dest", reason });
  }
  const dueAtMs = turn.nowMs + turn.state.options.closeMs;
  setDeadline(turn.state.deadlines, connection.connectionID, dueAtMs);
}

/**
 * The destination of a connection is killed: its source leaves it at once, also when it was asked
 * to close it before.
 */
export function abandonConnection(turn: Turn, connection: Connection, reason: string): void {
  if (connection.state !== "closing") return closeConnection(turn, connection, reason);
  askToClose(turn, connection, { end: "source", reason });
}

/** Has a connection closed that the history does not have; nothing is recorded of it. */
export function closeUnknown(
  turn: Turn,
  link: LinkID,
  { reason = "the manager does not know it", ...ends }: {
    serviceID: number;
    sourcePlug: number;
    destPlug: number;
    /** Set when its destination is asked. */
    destServiceID?: number;
    reason?: string;
  },
): void {
  const { closeRequests, deadlines, options } = turn.state;
  const messageID = newMessageID(turn);
  closeRequests.set(messageID, { link, connectionID: 0 });
  setDeadline(deadlines, `asked:${messageID}`, turn.nowMs + 4 * options.closeMs);
  send(turn, link, { type: "connectionCloseRequest", messageID, ...ends, reason });
}

/** Sends the request to the agent of one end; false when that end can't be reached. */
export function askToClose(
  turn: Turn,
  connection: Connection,
  ask: { end: "source" | "dest"; reason: string },
): boolean {
  const { registry, closeRequests, closeEnds, deadlines, linkOfAgent, options } = turn.state;
  const { connectionID, serviceID, sourcePlug, destPlug, destServiceID } = connection;
  closeEnds.set(connectionID, ask.end);
  const isSource = ask.end === "source";
  const dest = registry.instances.get(destServiceID);
  const instance = isSource ? registry.instances.get(serviceID) : dest;
  const link = linkOfAgent.get(instance?.agent ?? "");
  if (link === undefined) return false;
  const messageID = newMessageID(turn);
  closeRequests.set(messageID, { link, connectionID });
  setDeadline(deadlines, `asked:${messageID}`, turn.nowMs + 4 * options.closeMs);
  send(turn, link, {
    type: "connectionCloseRequest",
    messageID,
    serviceID,
    sourcePlug,
    destPlug,
    reason: ask.reason,
    ...(isSource ? {} : { destServiceID }),
    // A session does not show that of each instance: the threads of a process that goes on have it.
    ...(isSource && dest?.phase === "hard" ? { isGone: true } : {}),
  });
  return true;
}

/** One end did not close in time: unless it was still at work, the other is asked, then it ends. */
export function onCloseDue(turn: Turn, connectionID: number): void {
  const { registry, options, deadlines, closeEnds } = turn.state;
  const connection = registry.connections.get(connectionID);
  if (connection?.state !== "closing") return;
  const stillUsedUntilMs = connection.lastUsedMs + options.closeMs;
  if (stillUsedUntilMs > turn.nowMs) {
    return setDeadline(deadlines, connectionID, stillUsedUntilMs);
  }
  const reason = "the source did not close it in time";
  const askedBoth = closeEnds.get(connectionID) === "dest";
  if (!askedBoth && askToClose(turn, connection, { end: "dest", reason })) {
    return setDeadline(deadlines, connectionID, turn.nowMs + options.closeMs);
  }
  endConnection(turn, connection, {
    status: STATUS.deadline,
    reason: "closed without an answer: neither end closed it in time",
  });
}

/** Flow 7: the source (or destination) has closed the connection, or never had it. */
export function onConnectionCloseResponse(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"connectionCloseResponse">,
): void {
  const { registry, closeRequests } = turn.state;
  const asked = closeRequests.get(message.messageID);
  if (asked === undefined || asked.link !== link) {
    const reason = `Cannot match response "${message.messageID}": nothing was asked`;
    return refuse(turn, { link, type: message.type }, { status: STATUS.notFound, reason });
  }
  closeRequests.delete(message.messageID);
  clearDeadline(turn.state.deadlines, `asked:${message.messageID}`);
  const connection = registry.connections.get(asked.connectionID);
  if (connection === undefined) return;
  endConnection(turn, connection, {
    status: STATUS.ownDecision,
    reason: message.reason ?? "closed on command",
  });
}

/** Flow 6: an end closed a connection or found it broken. The second notice changes nothing. */
export function onConnectionClose(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"sourceConnectionClose" | "destConnectionClose">,
): void {
  const { registry, agentOfLink } = turn.state;
  const isSource = message.type === "sourceConnectionClose";
  const reporter = registry.instances.get(message.serviceID);
  if (reporter !== undefined && reporter.agent !== agentOfLink.get(link)) {
    const reason = `Cannot close connection of "${message.serviceID}": it is at another agent`;
    return refuse(turn, { link, type: message.type }, { status: STATUS.forbidden, reason });
  }
  const sourceID = isSource ? message.serviceID : message.sourceServiceID;
  const connection = sourceID === undefined
    ? findByPlugs(turn, message)
    : findConnection(registry, sourceID, message.sourcePlug);
  if (connection === undefined) return;
  const destID = isSource ? connection.destServiceID : message.serviceID;
  if (connection.destPlug !== message.destPlug || connection.destServiceID !== destID) {
    const reason = `Cannot close connection "${connection.connectionID}": its plugs differ`;
    return refuse(turn, { link, type: message.type }, { status: STATUS.conflict, reason });
  }
  if (sourceID === undefined) {
    // Sources number their plugs alike: it may be another connection, so its source decides.
    return closeConnection(turn, connection, "its destination says that it ended");
  }
  const dest = registry.instances.get(connection.destServiceID);
  // The source gave it up, or it broke by itself: the instance may be sick.
  if (isSource && message.status === STATUS.brokenLink && dest !== undefined) askSoon(turn, dest);
  endConnection(turn, connection, {
    status: message.status ?? STATUS.ownDecision,
    reason: message.reason ?? `closed by ${isSource ? connection.service : connection.destService}`,
  });
}

/** A destination that speaks just the catalogue does not say who its source was. */
function findByPlugs(
  turn: Turn,
  message: { serviceID: number; sourcePlug: number },
): Connection | undefined {
  const { instances } = turn.state.registry;
  const { sourcePlug, serviceID } = message;
  return instances.get(serviceID)?.incoming.find((one) => one.sourcePlug === sourcePlug);
}
