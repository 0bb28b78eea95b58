/**
 * The middle of flow 5: a connection is offered to who asked, and is open once it is confirmed.
 *
 * @module
 */

import { STATUS } from "../../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../../deadlines.ts";
import type { LinkID } from "../../step.ts";
import { closeConnection } from "./closes.ts";
import { armConnectionIdle } from "./idle.ts";
import { type Connection, endsOf, type Instance, isUnconnected } from "../memory/registry.ts";
import type { Parked } from "../state.ts";
import { record, send, type Turn } from "../turn.ts";

/** Offers a connection to an instance: from now on it counts as connected. */
export function offerConnection(turn: Turn, dest: Instance, parked: Parked): void {
  const { registry, deadlines, options } = turn.state;
  const source = registry.instances.get(parked.serviceID);
  if (source === undefined || dest.plugs.in === null) return;
  const connectionID = registry.lastConnectionID + 1;
  // Only what has no connection has an idle time that ends here.
  for (const instance of [source, dest]) {
    if (isUnconnected(instance)) clearDeadline(deadlines, `instance:${instance.serviceID}`);
  }
  record(turn, {
    kind: "connectionOffered",
    connectionID,
    serviceID: source.serviceID,
    service: source.service,
    sourcePlug: parked.sourcePlug,
    destServiceID: dest.serviceID,
    destService: dest.service,
    destPlug: dest.plugs.in,
  });
  setDeadline(deadlines, connectionID, turn.nowMs + options.offerMs);
  answerOffer(turn, parked, { network: dest.network, plug: dest.plugs.in, destID: dest.serviceID });
}

/** Tells who asked where to dial. */
export function answerOffer(
  turn: Turn,
  to: { link: LinkID; messageID: number },
  dest: { network: string; plug: number; destID: number },
): void {
  send(turn, to.link, {
    type: "connectionResponse",
    messageID: to.messageID,
    status: STATUS.done,
    destServiceNetwork: dest.network,
    destPlug: dest.plug,
    destServiceID: dest.destID,
  });
}

/** Marks a connection as open; one to an instance that is closing is closed again at once. */
export function openConnection(turn: Turn, connection: Connection): void {
  record(turn, { kind: "connectionOpened", ...endsOf(connection) });
  const dest = turn.state.registry.instances.get(connection.destServiceID);
  if (dest?.state === "closing") {
    return closeConnection(turn, connection, `${dest.service}#${dest.serviceID} is closing`);
  }
  armConnectionIdle(turn, connection);
}
