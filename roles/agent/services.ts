/**
 * Messages of services as the agent takes them: each link may speak for its own instance only.
 *
 * @module
 */

import type { Message } from "../../protocol/messages.ts";
import { STATUS } from "../../protocol/status.ts";
import { setDeadline } from "../deadlines.ts";
import type { LinkID } from "../step.ts";
import type { ServiceLinked } from "./events.ts";
import { onGatewayUnlinked, onServiceRegisterRequest } from "./gateways.ts";
import { onStartServiceResponse } from "./proofs.ts";
import {
  closeIfUnknown,
  forgetLink,
  holdUnanswered,
  onConnectionConfirmation,
  passAnswerUp,
  passUp,
} from "./relays.ts";
import { onSpareUnlinked } from "./spares.ts";
import {
  type AgentTurn,
  type KnownLink,
  type LocalInstance,
  newMessageID,
  refuse,
  send,
  sendUp,
} from "./state.ts";

/** Somebody opened a link, and has to say soon who it is. */
export function onServiceLinked(turn: AgentTurn, { link, trusted, peer }: ServiceLinked): void {
  const { links, newcomers, deadlines, options } = turn.state;
  links.set(link, { trusted, peer, token: undefined, serviceID: undefined });
  setDeadline(deadlines, `hello:${link}`, turn.nowMs + options.helloMs);
  if (trusted) return;
  newcomers.add(link);
  const [oldest] = newcomers;
  if (oldest === undefined || newcomers.size <= options.newcomersMax) return;
  forgetLink(turn, oldest);
  const reason = `${options.newcomersMax} newer links did not say who they are either`;
  turn.effects.push({ kind: "closeLink", link: oldest, reason });
}

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

function isNamedProcess(known: KnownLink): boolean {
  return !known.trusted && known.serviceID !== undefined;
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
    case "serviceUseInfo":
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

/**
 * A link of a service ended. A process has a moment to end too, or to come by another link; so has
 * what came by itself.
 */
export function onServiceUnlinked(turn: AgentTurn, link: LinkID, reason: string): void {
  const { links, instances, deadlines, options } = turn.state;
  const serviceID = links.get(link)?.serviceID;
  const instance = instances.get(serviceID ?? 0);
  if (instance?.link === link) holdUnanswered(turn, instance, link);
  if (serviceID === undefined) onSpareUnlinked(turn, link);
  forgetLink(turn, link);
  if (instance === undefined || instance.link !== link) return;
  instance.link = undefined;
  if (instance.launched) {
    return setDeadline(deadlines, `orphan:${instance.serviceID}`, turn.nowMs + options.orphanMs);
  }
  onGatewayUnlinked(turn, instance, reason);
}
