/**
 * A connection among those of its two instances. The lists are dense, and each connection knows
 * where it stands in them, so that it comes and goes at the same cost in a list of any length.
 *
 * @module
 */

import type { Connection, Instance } from "./registry.ts";

/** Adds a connection to what its source dialled and its destination accepts; part of the fold. */
export function joinEnds(connection: Connection, source: Instance, dest: Instance): void {
  connection.outgoingAt = source.outgoing.push(connection) - 1;
  connection.incomingAt = dest.incoming.push(connection) - 1;
}

/** Takes a connection from both lists; the last one of each takes its place. Part of the fold. */
export function leaveEnds(connection: Connection, source: Instance, dest: Instance): void {
  const lastOutgoing = source.outgoing.pop();
  if (lastOutgoing !== undefined && lastOutgoing !== connection) {
    source.outgoing[connection.outgoingAt] = lastOutgoing;
    lastOutgoing.outgoingAt = connection.outgoingAt;
  }
  const lastIncoming = dest.incoming.pop();
  if (lastIncoming !== undefined && lastIncoming !== connection) {
    dest.incoming[connection.incomingAt] = lastIncoming;
    lastIncoming.incomingAt = connection.incomingAt;
  }
}
