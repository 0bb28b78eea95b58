/**
 * Messages of services as the agent takes them: each link may speak for its own instance only.
 *
 * @module
 */

import type { Message, MessageOf } from "../../protocol/messages.ts";
import { isDone, STATUS } from "../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../deadlines.ts";
import type { LinkID } from "../step.ts";
import { forgetInstance } from "./processes.ts";
import { onStartServiceResponse } from "./proofs.ts";
import {
  closeIfUnknown,
  dropRelay,
  forgetLink,
  onConnectionConfirmation,
  passAnswerUp,
  passUp,
  relayOf,
} from "./relays.ts";
import {
  type AgentTurn,
  type LocalInstance,
  newInstance,
  newMessageID,
  refuse,
  send,
  sendUp,
} from "./state.ts";

/** Takes a message of a service, after it is clear whose it is. */
export function onServiceMessage(turn: AgentTurn, link: LinkID, message: Message): void {
  const known = turn.state.links.get(link);
  if (known === undefined) return;
  if (message.type === "startServiceResponse" && known.serviceID === undefined) {
    return onStartServiceResponse(turn, link, message);
  }
  if (message.type === "serviceRegisterRequest" && !isNamedProcess(known)) {
    return onServiceRegisterRequest(turn, link, { message, known });
  }
  const instance = turn.state.instances.get(known.serviceID ?? 0);
  if (instance === undefined) {
    const reason = `Cannot take "${message.type}": this link did not say who it is`;
    return refuse(turn, { link, type: message.type }, { status: STATUS.unauthorized, reason });
  }
  const claimed = "serviceID" in message ? message.serviceID : undefined;
  if (claimed !== undefined && claimed !== instance.serviceID) {
    return refuseClaim(turn, instance, message);
  }
  onOwnMessage(turn, instance, message);
}

type KnownLink = NonNullable<ReturnType<AgentTurn["state"]["links"]["get"]>>;

function isNamedProcess(known: KnownLink): boolean {
  return !known.trusted && known.serviceID !== undefined;
}

/** Flow 1: a service comes by itself. Of several requests by one link the newest counts. */
function onServiceRegisterRequest(
  turn: AgentTurn,
  link: LinkID,
  asked: { message: MessageOf<"serviceRegisterRequest">; known: KnownLink },
): void {
  const { message, known } = asked;
  const { messageID, type } = message;
  if (!known.trusted) {
    const reason = `Cannot register "${message.typeOfService}": this link is not trusted`;
    refuse(turn, { link, type }, { status: STATUS.unauthorized, reason });
    turn.effects.push({ kind: "closeLink", link, reason });
    return;
  }
  const { serviceID } = known;
  if (serviceID !== undefined) {
    // The answer crossed a request that was repeated: it is the same instance.
    const status = STATUS.done;
    return send(turn, link, { type: "serviceRegisterResponse", messageID, status, serviceID });
  }
  for (const [id, relay] of turn.state.relays) {
    const isEarlier = relay.link === link && relay.messageID !== messageID;
    if (isEarlier && relay.message.type === type) dropRelay(turn, id);
  }
  passUp(turn, link, message);
  const isPassed = turn.state.relayIDs.has(`${link}/${messageID}`);
  if (isPassed) clearDeadline(turn.state.deadlines, `hello:${link}`);
}

/** An instance speaks for another one: it is told so where it waits for an answer. */
function refuseClaim(turn: AgentTurn, instance: LocalInstance, message: Message): void {
  const link = instance.link ?? "";
  const reason =
    `Cannot take "${message.type}": the link is that of instance ${instance.serviceID}`;
  const status = STATUS.forbidden;
  if (message.type === "connectionRequest") {
    const { messageID } = message;
    send(turn, link, { type: "connectionResponse", messageID, status, reason });
  }
  refuse(turn, { link, type: message.type }, { status, reason });
}

function onOwnMessage(turn: AgentTurn, instance: LocalInstance, message: Message): void {
  const link = instance.link ?? "";
  switch (message.type) {
    case "connectionRequest":
      return passUp(turn, link, message);
    case "connectionConfirmation":
      return onConnectionConfirmation(turn, instance, message);
    case "processData":
      if (closeIfUnknown(turn, instance, message)) return;
      return sendUp(turn, { ...message, messageID: newMessageID(turn) });
    case "sourceConnectionClose":
      instance.connections.delete(message.sourcePlug);
      return sendUp(turn, message);
    case "destConnectionClose":
      return sendUp(turn, message);
    case "connectionCloseResponse":
    case "softShutdownResponse":
    case "serviceHealthResponse":
      return passAnswerUp(turn, instance, message);
    case "serviceTerminationInfo":
      // The exit of the process, or the end of the link, follows and tells this with it.
      instance.lastWords = { status: message.status, reason: message.reason ?? "it ended itself" };
      return;
    default: {
      const reason = `Cannot take "${message.type}": a service does not send it now`;
      refuse(turn, { link, type: message.type }, { status: STATUS.badRequest, reason });
    }
  }
}

/** Flow 1: the service that came by itself is an instance now, and its link may speak for it. */
export function onServiceRegisterResponse(
  turn: AgentTurn,
  message: MessageOf<"serviceRegisterResponse">,
): void {
  const relay = relayOf(turn, message);
  const { serviceID } = message;
  if (relay === undefined) {
    const isNobody = serviceID !== undefined && !turn.state.instances.has(serviceID);
    if (!isNobody || !isDone(message.status)) return;
    // Whoever asked is gone, or has asked again: the manager must not take it for an instance.
    const status = STATUS.gone;
    const reason = "its link ended before it was registered";
    return sendUp(turn, { type: "serviceTerminationInfo", serviceID, status, reason });
  }
  if (relay.message.type !== "serviceRegisterRequest") return;
  const known = turn.state.links.get(relay.link);
  if (isDone(message.status) && serviceID !== undefined && known !== undefined) {
    known.serviceID = serviceID;
    clearDeadline(turn.state.deadlines, `hello:${relay.link}`);
    const { typeOfService: service, plugsConfiguration: plugs } = relay.message;
    const { link } = relay;
    turn.state.instances.set(
      serviceID,
      newInstance({ serviceID, service, plugs, launched: false, phase: "running", link }),
    );
  }
  send(turn, relay.link, { ...message, messageID: relay.messageID });
  dropRelay(turn, message.messageID);
}

/**
 * A link of a service ended. A process has a moment to end too, or to come by another link; what
 * came by itself is gone.
 */
export function onServiceUnlinked(turn: AgentTurn, link: LinkID, reason: string): void {
  const { links, instances, deadlines, options } = turn.state;
  const serviceID = links.get(link)?.serviceID;
  forgetLink(turn, link);
  const instance = instances.get(serviceID ?? 0);
  if (instance === undefined || instance.link !== link) return;
  instance.link = undefined;
  if (instance.launched) {
    return setDeadline(deadlines, `orphan:${instance.serviceID}`, turn.nowMs + options.orphanMs);
  }
  forgetInstance(turn, instance);
  const words = instance.lastWords ??
    { status: STATUS.unreachable, reason: `its link to the agent ended: ${reason}` };
  sendUp(turn, { type: "serviceTerminationInfo", serviceID: instance.serviceID, ...words });
}
