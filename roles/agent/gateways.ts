/**
 * Flow 1 at the agent: what no agent launched (the gateway) comes by itself, by a link that the
 * host trusts. When that link breaks, or the agent is started again, it comes by another one, tells
 * its number and what it has open, and goes on as the same instance.
 *
 * A number alone proves nothing, so it comes with a secret that the gateway made up and has told
 * nobody but its agent, and whatever name it proved by its link before, it proves again. So its new
 * link takes the place of an old one that is still open: the old one is dead, and that was not
 * noticed yet.
 *
 * @module
 */

import type { MessageOf } from "../../protocol/messages.ts";
import { isSameText } from "../../protocol/same_text.ts";
import { isDone, STATUS } from "../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../deadlines.ts";
import type { LinkID } from "../step.ts";
import { endGateway } from "./processes.ts";
import { adopt, goOn } from "./proofs.ts";
import { dropRelay, forgetLink, holdUnanswered, passUp, relayOf } from "./relays.ts";
import {
  type AgentTurn,
  type KnownLink,
  type LocalInstance,
  newInstance,
  refuse,
  send,
  sendUp,
} from "./state.ts";

/**
 * Flow 1: a service comes by itself. Of several requests by one link the newest counts. One that
 * was here already goes on under its number; every other one gets a new number from the manager.
 */
export function onServiceRegisterRequest(
  turn: AgentTurn,
  link: LinkID,
  from: { message: MessageOf<"serviceRegisterRequest">; known: KnownLink },
): void {
  const { message, known } = from;
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
  known.token = message.token;
  const former = formerOf(turn, known, message);
  if (former !== undefined) return takeOver(turn, link, { message, known, former });
  // The manager knows it by nobody but its agent, so it gets a new number there.
  const { serviceID: _serviceID, token: _token, connections: _connections, ...asked } = message;
  passUp(turn, link, asked);
  const isPassed = turn.state.relayIDs.has(`${link}/${messageID}`);
  if (isPassed) clearDeadline(turn.state.deadlines, `hello:${link}`);
}

/** The instance that a gateway was and may go on as; undefined: it is a new one. */
function formerOf(
  turn: AgentTurn,
  { peer, token = "" }: KnownLink,
  { serviceID, typeOfService }: MessageOf<"serviceRegisterRequest">,
): LocalInstance | undefined {
  const former = turn.state.instances.get(serviceID ?? 0);
  if (former === undefined || former.launched) return undefined;
  if (former.service !== typeOfService || former.peer !== peer) return undefined;
  return former.token !== undefined && isSameText(token, former.token) ? former : undefined;
}

/** A gateway is back: what it and the agent have missed of each other is told. */
function takeOver(
  turn: AgentTurn,
  link: LinkID,
  back: {
    message: MessageOf<"serviceRegisterRequest">;
    known: KnownLink;
    former: LocalInstance;
  },
): void {
  const { deadlines } = turn.state;
  const { message: { messageID, connections = [] }, known, former } = back;
  const { serviceID } = former;
  if (former.link !== undefined) {
    const reason = "its gateway came by another link";
    turn.effects.push({ kind: "closeLink", link: former.link, reason });
    holdUnanswered(turn, former, former.link);
    forgetLink(turn, former.link);
  }
  former.link = link;
  former.lastWords = undefined;
  known.serviceID = serviceID;
  clearDeadline(deadlines, `hello:${link}`);
  clearDeadline(deadlines, `orphan:${serviceID}`);
  const status = STATUS.done;
  send(turn, link, { type: "serviceRegisterResponse", messageID, status, serviceID });
  if (former.missedRoutes !== undefined) send(turn, link, former.missedRoutes);
  former.missedRoutes = undefined;
  if (former.phase === "recorded") adopt(turn, former, connections);
  else goOn(turn, former, connections);
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
    const { peer, token } = known;
    const gateway = { serviceID, service, plugs, token, peer };
    turn.state.instances.set(
      serviceID,
      newInstance({ ...gateway, launched: false, phase: "running", link }),
    );
    turn.effects.push({ kind: "remember", gateway });
  }
  send(turn, relay.link, { ...message, messageID: relay.messageID });
  dropRelay(turn, message.messageID);
}

/** The link of a gateway ended: unless it said that it ends, it may come by another one. */
export function onGatewayUnlinked(turn: AgentTurn, instance: LocalInstance, reason: string): void {
  const { deadlines, options } = turn.state;
  const { serviceID } = instance;
  if (instance.lastWords !== undefined) return endGateway(turn, instance);
  const words = `its link to the agent ended: ${reason}`;
  instance.lastWords = { status: STATUS.unreachable, reason: words };
  setDeadline(deadlines, `orphan:${serviceID}`, turn.nowMs + options.orphanMs);
}
