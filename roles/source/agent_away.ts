/**
 * A source whose agent is away, and comes back: what is open goes on, and what was asked is asked
 * again.
 *
 * @module
 */

import type { ReportedConnection } from "../../protocol/announcements.ts";
import { beginClose } from "./closes.ts";
import { askIfNeeded, noteUse, sendRequest } from "./requests.ts";
import type { SourceTurn } from "./state.ts";

/** The link to the agent ended: what was asked by it can't be answered by another one. */
export function forgetCloseRequests(turn: SourceTurn): void {
  for (const connection of turn.source.connections.values()) connection.closeMessageIDs.length = 0;
}

/**
 * What an agent that came back is told: connections that are open, or about to close.
 *
 * @param most How many of them at most, so that they fit in one line of the link; what is beyond is
 *   closed.
 */
export function openConnections(turn: SourceTurn, most: number): ReportedConnection[] {
  const { serviceID, connections } = turn.source;
  const reported: ReportedConnection[] = [];
  if (serviceID === undefined) return reported;
  for (const { sourcePlug, state, known, destServiceID, destPlug } of connections.values()) {
    const isOpen = state === "open" || state === "closing";
    if (!isOpen || !known || destServiceID === 0 || reported.length === most) continue;
    reported.push({ serviceID, sourcePlug, destServiceID, destPlug });
  }
  return reported;
}

/**
 * An agent is there again, and has been told what is open. What is being dialled it could not match
 * with a request that it passed on, so that is given up and asked for anew.
 */
export function goOnWithAgent(turn: SourceTurn): void {
  const { source } = turn;
  for (const connection of [...source.connections.values()]) {
    if (connection.state === "asking") sendRequest(turn, connection);
    else if (connection.state === "dialing") {
      connection.known = false;
      beginClose(turn, connection);
    } else if (connection.endedCount > 0 || connection.inFlight > 0) {
      noteUse(turn, connection);
    }
  }
  for (const service of [...source.waiting.keys()]) askIfNeeded(turn, service);
}
