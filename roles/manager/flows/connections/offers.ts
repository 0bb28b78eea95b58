/**
 * The middle of flow 5: a connection is offered to who asked, and is open once it is confirmed.
 *
 * @module
 */

import { concurrencyOf } from "../../../../protocol/manifest.ts";
import { STATUS } from "../../../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../../../deadlines.ts";
import { closeConnection } from "./closes.ts";
import { armConnectionIdle } from "../idle.ts";
import {
  agentOf,
  type Connection,
  endsOf,
  type Instance,
  isUnconnected,
  manifestOf,
} from "../../memory/registry.ts";
import type { Parked } from "../../state.ts";
import { record, type Turn } from "../../turn.ts";

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
  answerOffer(turn, dest, parked);
}

/** Tells who asked where to dial, and introduces it there. */
export function answerOffer(turn: Turn, dest: Instance, parked: Parked): void {
  const { ticketKeys, registry } = turn.state;
  const { link, messageID, serviceID: sourceID, sourcePlug } = parked;
  const { serviceID: destServiceID, network: destServiceNetwork, plugs } = dest;
  if (plugs.in === null) return;
  const certificate = agentOf(registry, dest)?.sessionCertificate;
  const ticketKey = ticketKeys.get(destServiceID);
  const concurrency = concurrencyOf(manifestOf(registry, dest.service));
  turn.effects.push({
    kind: "send",
    link,
    message: {
      type: "connectionResponse",
      messageID,
      status: STATUS.done,
      destServiceNetwork,
      destPlug: plugs.in,
      destServiceID,
      ...(certificate === undefined ? {} : { destCertificate: certificate }),
      ...(concurrency === undefined ? {} : { concurrency }),
    },
    ...(ticketKey === undefined
      ? {}
      : { introduces: { sourceID, sourcePlug, destServiceID, ticketKey } }),
  });
}

/** Marks a connection as open; one to an instance that is closing is closed again at once. */
export function openConnection(turn: Turn, connection: Connection, connectMs?: number): void {
  const took = connectMs === undefined ? {} : { connectMs };
  record(turn, { kind: "connectionOpened", ...endsOf(connection), ...took });
  const dest = turn.state.registry.instances.get(connection.destServiceID);
  if (dest?.state === "closing") {
    return closeConnection(turn, connection, `${dest.service}#${dest.serviceID} is closing`);
  }
  armConnectionIdle(turn, connection);
}
