/**
 * Flow 5, a connection from its request to its confirmation, and flow 2, its use.
 *
 * @module
 */

import type { MessageOf } from "../../../../protocol/messages.ts";
import { isDone, STATUS } from "../../../../protocol/status.ts";
import type { LinkID } from "../../../step.ts";
import { closeConnection, closeUnknown } from "./closes.ts";
import { connectionIdleMs, isToldOften } from "../idle.ts";
import { endConnection, unpark } from "../instances/endings.ts";
import { type Connection, endsOf, findConnection } from "../../memory/registry.ts";
import { answerOffer, offerConnection, openConnection } from "./offers.ts";
import { failRequest, parkedKey, parkRequest } from "./parking.ts";
import { askSoon, endRest } from "../instances/health.ts";
import { chooseInstance, type Failure } from "../instances/placement.ts";
import { askForAnother } from "../scale/demand.ts";
import type { Parked } from "../../state.ts";
import { record, refuse, send, type Turn } from "../../turn.ts";

/** Flow 5, first message: who asks must be allowed to, and gets an answer now or later. */
export function onConnectionRequest(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"connectionRequest">,
): void {
  const { messageID, serviceID, sourcePlug, destServiceName, avoid, waiting } = message;
  const parked: Parked = {
    link,
    messageID,
    serviceID,
    sourcePlug,
    ...(avoid === undefined ? {} : { avoid }),
    ...(waiting === undefined ? {} : { waiting }),
  };
  const source = turn.state.registry.instances.get(serviceID);
  if (source?.agent !== turn.state.agentOfLink.get(link)) {
    // The history says nothing of it: who asks would write it in the name of another.
    const reason = `Cannot connect "${serviceID}": this agent has no such instance`;
    const status = STATUS.notFound;
    // One that has just ended may have asked before.
    if (source !== undefined) refuse(turn, { link, type: message.type }, { status, reason });
    return send(turn, link, { type: "connectionResponse", messageID, status, reason });
  }
  const failure = failureOf(turn, message);
  if (failure !== undefined) {
    return failRequest(turn, parked, { ...failure, destService: destServiceName });
  }
  const before = findConnection(turn.state.registry, serviceID, sourcePlug);
  if (before !== undefined) return repeatOffer(turn, parked, { before, type: message.type });
  for (const avoided of avoid ?? []) askIfOf(turn, destServiceName, avoided);
  if (isLeftWaiting(turn, destServiceName, parked)) return;
  // It may have waited before it was repeated: then it would be answered twice.
  unpark(turn, destServiceName, parkedKey(parked));
}

/** An instance that a source does not want is full, or sick: it is asked which. */
function askIfOf(turn: Turn, service: string, serviceID: number): void {
  const instance = turn.state.registry.instances.get(serviceID);
  if (instance?.service === service) askSoon(turn, instance);
}

/** Answers a request, unless it has to wait; whether it has to. */
function isLeftWaiting(turn: Turn, service: string, parked: Parked): boolean {
  const { avoid } = parked;
  const dest = turn.state.stopping ? undefined : chooseInstance(turn, service, avoid);
  if (dest !== undefined) {
    offerConnection(turn, dest, parked);
    return false;
  }
  if (avoid !== undefined && chooseInstance(turn, service) !== undefined) {
    return askForAnother(turn, service, parked);
  }
  const failure = parkRequest(turn, service, parked);
  if (failure === undefined) return true;
  failRequest(turn, parked, { ...failure, destService: service });
  return false;
}

/** Why a request is refused on sight, or undefined. */
function failureOf(turn: Turn, message: MessageOf<"connectionRequest">): Failure | undefined {
  const { registry } = turn.state;
  const { serviceID, destServiceName, sourcePlug } = message;
  const source = registry.instances.get(serviceID);
  if (source === undefined) return undefined;
  if (source.plugs.out !== "*" && !source.plugs.out.includes(destServiceName)) {
    const reason = `Cannot connect "${source.service}" to "${destServiceName}": ` +
      `the graph has no such edge (add "${destServiceName}" to the plugs of ${source.service})`;
    return { status: STATUS.forbidden, reason };
  }
  const before = findConnection(registry, serviceID, sourcePlug);
  if (before !== undefined && before.destService !== destServiceName) {
    const reason = `Cannot use plug "${sourcePlug}": it is connected to ${before.destService}`;
    return { status: STATUS.conflict, reason };
  }
  return undefined;
}

/** A repeated request gets the same answer while its offer stands. */
function repeatOffer(
  turn: Turn,
  parked: Parked,
  repeated: { before: Connection; type: "connectionRequest" },
): void {
  const { before, type } = repeated;
  const { link, messageID } = parked;
  const dest = turn.state.registry.instances.get(before.destServiceID);
  if (before.state !== "offered" || dest === undefined) {
    // Nothing failed, so the history says nothing of it: the request was answered before.
    const reason = `Cannot use plug "${parked.sourcePlug}": it is connected already`;
    const status = STATUS.conflict;
    refuse(turn, { link, type }, { status, reason });
    return send(turn, link, { type: "connectionResponse", messageID, status, reason });
  }
  answerOffer(turn, dest, parked);
}

/** Finds the connection that a message of its source is about, or refuses the message. */
function connectionOfSource(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"connectionConfirmation" | "processData">,
): Connection | undefined {
  const { registry, agentOfLink } = turn.state;
  const serviceID = message.serviceID ?? 0;
  const source = registry.instances.get(serviceID);
  const connection = findConnection(registry, serviceID, message.sourcePlug);
  const isMine = source?.agent === agentOfLink.get(link);
  if (connection !== undefined && isMine && connection.destPlug === message.destPlug) {
    return connection;
  }
  const ends = `${serviceID}:${message.sourcePlug} -> ${message.destPlug}`;
  // The other end may have told first that it is closed: then this is late, and no fault.
  const isLate = connection === undefined && isMine && source !== undefined;
  refuse(turn, { link, type: message.type }, {
    status: isLate ? STATUS.gone : STATUS.notFound,
    reason: isLate
      ? `Cannot use connection "${ends}": it has ended`
      : `Cannot find connection "${ends}": this agent has no such connection`,
  });
  return undefined;
}

/** Flow 5, last message: the connection is open, or the source could not dial. */
export function onConnectionConfirmation(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"connectionConfirmation">,
): void {
  const connection = connectionOfSource(turn, link, message);
  if (connection === undefined) return closeIfOpen(turn, link, message);
  if (connection.state !== "offered") {
    const reason = `Cannot confirm connection "${connection.connectionID}": ${connection.state}`;
    // What is to be closed may have been dialled before its source heard of it: no fault.
    const status = connection.state === "closing" ? STATUS.gone : STATUS.conflict;
    return refuse(turn, { link, type: message.type }, { status, reason });
  }
  if (!isDone(message.status)) {
    const reason = message.reason ?? "the source could not dial";
    return endConnection(turn, connection, { status: message.status, reason });
  }
  openConnection(turn, connection, message.connectMs);
}

/** A connection that was offered by a manager that forgot it is closed, not left unknown. */
function closeIfOpen(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"connectionConfirmation">,
): void {
  const { registry, agentOfLink } = turn.state;
  const { serviceID = 0, sourcePlug, destPlug } = message;
  const isMine = registry.instances.get(serviceID)?.agent === agentOfLink.get(link);
  if (isMine && isDone(message.status)) {
    closeUnknown(turn, link, { serviceID, sourcePlug, destPlug });
  }
}

/** Nobody confirmed an offer in time: the source may be gone, or never got it. */
export function onOfferDue(turn: Turn, connectionID: number): void {
  const connection = turn.state.registry.connections.get(connectionID);
  if (connection?.state !== "offered") return;
  closeConnection(turn, connection, "the source did not confirm it in time");
}

/** Flow 2: the instance and both plugs were used now. */
export function onProcessData(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"processData">,
): void {
  const connection = connectionOfSource(turn, link, message);
  if (connection === undefined) return;
  const { count = 1, inFlight = 0, firstMs } = message;
  const { lastUsedMs, connectionID } = connection;
  const dest = turn.state.registry.instances.get(connection.destServiceID);
  if (dest !== undefined) endRest(turn, dest);
  if (inFlight > 0) turn.state.inFlight.set(connectionID, inFlight);
  else turn.state.inFlight.delete(connectionID);
  const idleMs = connectionIdleMs(turn.state.registry, connection);
  const isOpen = connection.state === "open";
  if (count === 0 && isOpen && isToldOften(turn, { lastUsedMs, idleMs })) return;
  const first = firstMs === undefined ? {} : { firstMs };
  record(turn, { kind: "connectionUsed", ...endsOf(connection), count, ...first });
}
