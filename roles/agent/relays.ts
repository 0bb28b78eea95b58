/**
 * The bridge: messages of services go up to the manager and answers come down, each under a number
 * that the agent chose, since two services may choose the same.
 *
 * @module
 */

import type { Message, MessageOf } from "../../protocol/messages.ts";
import { isDone, STATUS } from "../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../deadlines.ts";
import type { LinkID } from "../step.ts";
import {
  type AgentTurn,
  type HeldRequest,
  type LocalInstance,
  newMessageID,
  refuse,
  type Relay,
  send,
  sendUp,
} from "./state.ts";

/** Passes a request up under a new number, which is kept until it is answered. */
export function passUp(
  turn: AgentTurn,
  link: LinkID,
  message: MessageOf<"connectionRequest" | "serviceRegisterRequest">,
): void {
  const { relays, relayIDs, options, deadlines } = turn.state;
  const key = `${link}/${message.messageID}`;
  const known = relayIDs.get(key);
  if (known === undefined && relays.size >= options.relaysMax) {
    const reason = `Cannot pass "${message.type}" on: ${relays.size} requests wait already`;
    return answerDown(turn, { link, message }, { status: STATUS.tooMany, reason });
  }
  // A repeated request whose answer is on its way must not make the agent forget that answer.
  if (known !== undefined && relays.get(known)?.answered === true) return;
  const id = known ?? newMessageID(turn);
  const passed = { ...message, messageID: id };
  relays.set(id, {
    link,
    messageID: message.messageID,
    message: passed,
    destServiceID: undefined,
    answered: false,
  });
  relayIDs.set(key, id);
  setDeadline(deadlines, `relay:${id}`, turn.nowMs + options.relayMs);
  sendUp(turn, passed);
}

function answerDown(
  turn: AgentTurn,
  to: { link: LinkID; message: MessageOf<"connectionRequest" | "serviceRegisterRequest"> },
  answer: { status: number; reason: string },
): void {
  const { messageID } = to.message;
  const type = to.message.type === "connectionRequest"
    ? "connectionResponse"
    : "serviceRegisterResponse";
  send(turn, to.link, { type, messageID, ...answer });
}

/** Forgets a passed request. Whoever wanted to register must say again who it is. */
export function dropRelay(turn: AgentTurn, id: number): void {
  const { relays, relayIDs, deadlines, links, options } = turn.state;
  const relay = relays.get(id);
  if (relay === undefined) return;
  relays.delete(id);
  relayIDs.delete(`${relay.link}/${relay.messageID}`);
  clearDeadline(deadlines, `relay:${id}`);
  const known = links.get(relay.link);
  if (relay.message.type !== "serviceRegisterRequest" || known === undefined) return;
  if (known.serviceID !== undefined) return;
  setDeadline(deadlines, `hello:${relay.link}`, turn.nowMs + options.helloMs);
}

/** The manager did not answer, or the service did not confirm, for too long. */
export function onRelayDue(turn: AgentTurn, id: number): void {
  const relay = turn.state.relays.get(id);
  if (relay === undefined) return;
  dropRelay(turn, id);
  if (relay.answered) return;
  const reason = "Cannot reach the manager: it did not answer in time";
  const message = { ...relay.message, messageID: relay.messageID };
  answerDown(turn, { link: relay.link, message }, { status: STATUS.deadline, reason });
}

/** Sends every open request again: a manager that was away has forgotten who waits. */
export function repeatRelays(turn: AgentTurn): void {
  for (const relay of turn.state.relays.values()) {
    if (!relay.answered) sendUp(turn, relay.message);
  }
}

/** Finds the request that an answer of the manager is for, or refuses the answer. */
export function relayOf(
  turn: AgentTurn,
  message: MessageOf<"connectionResponse" | "serviceRegisterResponse">,
): Relay | undefined {
  const relay = turn.state.relays.get(message.messageID);
  if (relay !== undefined && !relay.answered) return relay;
  const reason = `Cannot match response "${message.messageID}": nothing was asked`;
  const link = turn.state.managerLink ?? "";
  refuse(turn, { link, type: message.type }, { status: STATUS.notFound, reason });
  return undefined;
}

/** Flow 5: the answer goes to who asked; a done one is kept until the connection is confirmed. */
export function onConnectionResponse(
  turn: AgentTurn,
  message: MessageOf<"connectionResponse">,
): void {
  const relay = relayOf(turn, message);
  if (relay === undefined) return;
  relay.answered = true;
  relay.destServiceID = message.destServiceID;
  send(turn, relay.link, { ...message, messageID: relay.messageID });
  if (!isDone(message.status)) dropRelay(turn, message.messageID);
}

/** Flow 5: the source says whether it could dial; the agent remembers what is open. */
export function onConnectionConfirmation(
  turn: AgentTurn,
  instance: LocalInstance,
  message: MessageOf<"connectionConfirmation">,
): void {
  const { relays, relayIDs } = turn.state;
  const link = instance.link ?? "";
  const id = relayIDs.get(`${link}/${message.messageID}`);
  const relay = id === undefined ? undefined : relays.get(id);
  if (id === undefined || relay === undefined || !relay.answered) {
    // What it was an answer to was asked by an earlier link, so nobody knows this connection.
    if (relay === undefined && isDone(message.status)) closeIfUnknown(turn, instance, message);
    const reason = `Cannot match confirmation "${message.messageID}": nothing was asked`;
    return refuse(turn, { link, type: message.type }, { status: STATUS.notFound, reason });
  }
  const { serviceID } = instance;
  const { sourcePlug, destPlug } = message;
  if (isDone(message.status)) {
    const destServiceID = relay.destServiceID ?? 0;
    instance.connections.set(sourcePlug, { destServiceID, destPlug });
  }
  dropRelay(turn, id);
  sendUp(turn, { ...message, messageID: id, serviceID });
}

/** Most requests of the manager that are kept for an instance without a link. */
const HELD_MAX = 100;

/**
 * Passes a request of the manager down; false when there is nobody to pass it to. An instance whose
 * link broke is about to come back, and gets it then.
 */
export function passDown(turn: AgentTurn, instance: LocalInstance, message: HeldRequest): boolean {
  const { downward } = turn.state;
  const { serviceID, link, held } = instance;
  if (link === undefined) {
    // How it is nobody can say, and nobody wants to know later how it was.
    const isAway = instance.phase === "running" && message.type !== "serviceHealthRequest";
    return isAway && held.length < HELD_MAX && held.push(message) > 0;
  }
  if (!hasRoom(turn, { link, isHealth: message.type === "serviceHealthRequest" })) return false;
  const id = newMessageID(turn);
  const isClose = message.type === "connectionCloseRequest" && message.serviceID === serviceID;
  const sourcePlug = isClose ? message.sourcePlug : undefined;
  downward.set(`${link}/${id}`, { messageID: message.messageID, message, sourcePlug });
  send(turn, link, { ...message, messageID: id });
  return true;
}

/** Has a connection closed that the agent does not know, if it is one. */
export function closeIfUnknown(
  turn: AgentTurn,
  instance: LocalInstance,
  ends: { readonly sourcePlug: number; readonly destPlug: number },
): boolean {
  if (instance.connections.has(ends.sourcePlug)) return false;
  closeUnknown(turn, instance, ends);
  return true;
}

/**
 * Whether one more may be asked. The least to miss is what nobody waits for. A question how an
 * instance is takes no room: each has one at most, and its loss would be taken for silence.
 */
function hasRoom({ state }: AgentTurn, asked: { link: LinkID; isHealth: boolean }): boolean {
  const { downward, options: { relaysMax } } = state;
  if (downward.size < relaysMax) return true;
  let count = 0;
  for (const [key, { messageID, message }] of downward) {
    if (messageID === undefined) return downward.delete(key);
    if (message?.type !== "serviceHealthRequest") count += 1;
    else if (asked.isHealth && key.startsWith(`${asked.link}/`)) downward.delete(key);
  }
  return asked.isHealth || count < relaysMax;
}

/** Has a connection closed that neither the agent nor the manager knows. */
export function closeUnknown(
  turn: AgentTurn,
  instance: LocalInstance,
  ends: { readonly sourcePlug: number; readonly destPlug: number },
): void {
  const { downward, options } = turn.state;
  const { serviceID, link } = instance;
  if (link === undefined || downward.size >= options.relaysMax) return;
  const { sourcePlug, destPlug } = ends;
  for (const [key, asked] of downward) {
    const isAsked = asked.messageID === undefined && asked.sourcePlug === sourcePlug;
    if (isAsked && key.startsWith(`${link}/`)) return;
  }
  const messageID = newMessageID(turn);
  const nobody = { messageID: undefined, message: undefined };
  downward.set(`${link}/${messageID}`, { ...nobody, sourcePlug });
  const reason = "its agent does not know it";
  const closed = { messageID, serviceID, sourcePlug, destPlug, reason };
  send(turn, link, { type: "connectionCloseRequest", ...closed });
}

/** Passes the answer of a service up under the number that the manager knows it by. */
export function passAnswerUp(
  turn: AgentTurn,
  instance: LocalInstance,
  message: MessageOf<"connectionCloseResponse" | "softShutdownResponse" | "serviceHealthResponse">,
): void {
  const { downward } = turn.state;
  const link = instance.link ?? "";
  const key = `${link}/${message.messageID}`;
  const asked = downward.get(key);
  if (asked === undefined) {
    const reason = `Cannot match response "${message.messageID}": nothing was asked`;
    return refuse(turn, { link, type: message.type }, { status: STATUS.notFound, reason });
  }
  downward.delete(key);
  if (message.type === "softShutdownResponse" && isDone(message.status)) instance.isLeaving = true;
  const { serviceID } = instance;
  const { sourcePlug = 0 } = asked;
  const closed = instance.connections.get(sourcePlug);
  instance.connections.delete(sourcePlug);
  if (asked.messageID === undefined) {
    // Whoever asked does not wait any more, but what has ended must not stay open in the registry.
    if (closed === undefined) return;
    const ends = { serviceID, sourcePlug, destPlug: closed.destPlug };
    const status = STATUS.ownDecision;
    return sendUp(turn, { type: "sourceConnectionClose", ...ends, status });
  }
  const answer: Message = { ...message, messageID: asked.messageID };
  sendUp(turn, answer);
}

/** The link to the manager has ended: what services answer from now on, nobody waits for. */
export function forgetAsker({ state: { downward } }: AgentTurn): void {
  for (const [key, { sourcePlug }] of downward) {
    downward.set(key, { messageID: undefined, message: undefined, sourcePlug });
  }
}

/**
 * The link of an instance that may come by another one is dead: what the manager asked of it and it
 * did not answer was perhaps lost, and is asked again when it is back.
 */
export function holdUnanswered(turn: AgentTurn, { held }: LocalInstance, link: LinkID): void {
  for (const [key, { message }] of turn.state.downward) {
    if (message === undefined || !key.startsWith(`${link}/`)) continue;
    if (message.type === "serviceHealthRequest") answerForHealth(turn, message);
    else if (held.length < HELD_MAX) held.push(message);
  }
}

/** Nobody knows how an instance is: the manager takes it neither for well nor for sick. */
export function answerForHealth(
  turn: AgentTurn,
  { messageID, serviceID }: MessageOf<"serviceHealthRequest">,
): void {
  const status = STATUS.notFound;
  const reason = `Cannot reach "${serviceID}": this agent has no link to such an instance`;
  sendUp(turn, { type: "serviceHealthResponse", messageID, serviceID, status, reason });
}

/** Forgets a link of a service, with all that was on its way by it. */
export function forgetLink(turn: AgentTurn, link: LinkID): void {
  const { links, newcomers, relays, deadlines } = turn.state;
  links.delete(link);
  newcomers.delete(link);
  clearDeadline(deadlines, `hello:${link}`);
  for (const [id, relay] of relays) {
    if (relay.link === link) dropRelay(turn, id);
  }
  forgetDownward(turn, link);
}

/** Forgets what the manager asked of the instance of a link. */
export function forgetDownward({ state: { downward } }: AgentTurn, link: LinkID): void {
  for (const key of downward.keys()) {
    if (key.startsWith(`${link}/`)) downward.delete(key);
  }
}
