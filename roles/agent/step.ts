/**
 * The agent, one per host, as a state machine: it launches and kills processes, and is the bridge
 * between the services of its host and the manager.
 *
 * A link of a service is nobody's until its first message: a process that the agent launched shows
 * the token that only it was given; a service that runs from the start (the gateway) registers, on
 * a link that the host trusts. From then on it may speak for that instance only. An instance whose
 * link broke comes by another one; so do those of an agent before this one, which is told of them
 * first of all and then waits for them before it registers.
 *
 * The manager may be away: instances and connections are reported when it comes back, and requests
 * that wait for it are sent again.
 *
 * @module
 */

import type { Message, MessageOf } from "../../protocol/messages.ts";
import { STATUS } from "../../protocol/status.ts";
import { clearDeadline, nextDeadlineMs, takeEachDue } from "../deadlines.ts";
import type { LinkID, Role } from "../step.ts";
import {
  onHardShutdownRequest,
  onKillDue,
  onOrphanDue,
  onProcessExited,
  onProcessFailed,
  onProcessStarted,
  onStartDue,
  onStartServiceRequest,
} from "./processes.ts";
import { onLeavingAlone } from "./leaving.ts";
import { onAdoptDue, onInstancesRecorded } from "./proofs.ts";
import {
  onAgentRegisterResponse,
  onInstancesMoving,
  onManagerLinked,
  onRepositoryChanged,
} from "./registration.ts";
import {
  answerForHealth,
  forgetAsker,
  onConnectionResponse,
  onRelayDue,
  passDown,
} from "./relays.ts";
import { onServiceRegisterResponse } from "./gateways.ts";
import { onServiceLinked, onServiceMessage, onServiceUnlinked } from "./services.ts";
import { onUsageMeasured } from "./usages.ts";
import {
  onHandoverDue,
  onRefillDue,
  onSpareDue,
  onSpareExited,
  onSpareFailed,
  onSpareReady,
  onSpareStarted,
} from "./spares.ts";
import type { AgentEffect, AgentEvent } from "./events.ts";
import { type AgentState, type AgentTurn, refuse, send, sendUp } from "./state.ts";

/** The agent as its host sees it. */
export const AGENT: Role<AgentState, AgentEvent, AgentEffect> = {
  step: stepAgent,
  nextDeadlineMs: (state) => nextDeadlineMs(state.deadlines),
};

/** One event in, effects out. */
export function stepAgent(state: AgentState, event: AgentEvent, nowMs: number): AgentEffect[] {
  const turn: AgentTurn = { state, nowMs, effects: [] };
  switch (event.kind) {
    case "message":
      if (event.link === state.managerLink) onManagerMessage(turn, event.link, event.message);
      else onServiceMessage(turn, event.link, event.message);
      break;
    case "managerLinked":
      onManagerLinked(turn, event.link);
      break;
    case "serviceLinked":
      onServiceLinked(turn, event);
      break;
    case "linkClosed":
      onLinkClosed(turn, event.link, event.reason);
      break;
    case "processStarted":
      onProcessStarted(turn, event);
      break;
    case "processFailed":
      onProcessFailed(turn, event);
      break;
    case "processExited":
      onProcessExited(turn, event);
      break;
    case "instancesRecorded":
      onInstancesRecorded(turn, event);
      break;
    case "repositoryChanged":
      onRepositoryChanged(turn, event);
      break;
    case "instancesMoving":
      onInstancesMoving(turn, event);
      break;
    case "leavingAlone":
      onLeavingAlone(turn, event);
      break;
    case "permissionRefused": {
      const { serviceID, permission, target } = event;
      if (!state.instances.has(serviceID)) break;
      const asked = target === undefined ? {} : { target };
      sendUp(turn, { type: "permissionRefusedInfo", serviceID, permission, ...asked });
      break;
    }
    case "usageMeasured":
      onUsageMeasured(turn, event);
      break;
    case "spareStarted":
      onSpareStarted(turn, event);
      break;
    case "spareFailed":
      onSpareFailed(turn, event);
      break;
    case "spareReady":
      onSpareReady(turn, event);
      break;
    case "spareExited":
      onSpareExited(turn, event);
      break;
    case "tick":
      takeEachDue(state.deadlines, nowMs, (kind, identity) => onDue(turn, kind, identity));
      break;
  }
  return turn.effects;
}

function onLinkClosed(turn: AgentTurn, link: LinkID, reason: string): void {
  const { state } = turn;
  if (link !== state.managerLink) return onServiceUnlinked(turn, link, reason);
  state.managerLink = undefined;
  state.registered = false;
  state.registerMessageID = undefined;
  forgetAsker(turn);
  clearDeadline(state.deadlines, "register:");
}

function onManagerMessage(turn: AgentTurn, link: LinkID, message: Message): void {
  switch (message.type) {
    case "agentRegisterResponse":
      return onAgentRegisterResponse(turn, link, message);
    case "startServiceRequest":
      return onStartServiceRequest(turn, message);
    case "connectionResponse":
      return onConnectionResponse(turn, message);
    case "serviceRegisterResponse":
      return onServiceRegisterResponse(turn, message);
    case "hardShutdownRequest":
      return onHardShutdownRequest(turn, message);
    case "connectionCloseRequest":
    case "softShutdownRequest":
    case "serviceHealthRequest":
      return onDownward(turn, message);
    case "routesInfo":
      return onRoutesInfo(turn, message);
    case "agentHealthRequest": {
      const { messageID, agentNetwork } = message;
      const load = { inFlight: turn.state.instances.size };
      const status = STATUS.done;
      return sendUp(turn, { type: "agentHealthResponse", messageID, agentNetwork, status, load });
    }
    default: {
      const reason = `Cannot take "${message.type}": a manager gets it, and does not send it`;
      refuse(turn, { link, type: message.type }, { status: STATUS.badRequest, reason });
    }
  }
}

/** Passes a request of the manager to its instance, or answers that there is none. */
function onDownward(
  turn: AgentTurn,
  message: MessageOf<"connectionCloseRequest" | "softShutdownRequest" | "serviceHealthRequest">,
): void {
  const isClose = message.type === "connectionCloseRequest";
  const serviceID = isClose ? message.destServiceID ?? message.serviceID : message.serviceID;
  const instance = turn.state.instances.get(serviceID);
  if (instance !== undefined && passDown(turn, instance, message)) return;
  const { messageID } = message;
  if (isClose && instance?.link !== undefined) {
    // Any answer would end the connection for the manager; without one it asks the other end.
    const reason = `Cannot ask "${serviceID}" to close: too many requests have no answer yet`;
    const from = { link: turn.state.managerLink ?? "", type: message.type };
    return refuse(turn, from, { status: STATUS.tooMany, reason });
  }
  const status = STATUS.notFound;
  const reason = `Cannot reach "${serviceID}": this agent has no link to such an instance`;
  switch (message.type) {
    case "connectionCloseRequest":
      return sendUp(turn, { type: "connectionCloseResponse", messageID, status, reason });
    case "softShutdownRequest":
      return sendUp(turn, { type: "softShutdownResponse", messageID, serviceID, status, reason });
    case "serviceHealthRequest":
      return answerForHealth(turn, message);
  }
}

/** Passes routes down to a gateway; one that is about to come back gets them then. */
function onRoutesInfo(turn: AgentTurn, message: MessageOf<"routesInfo">): void {
  const instance = turn.state.instances.get(message.serviceID);
  if (instance?.link !== undefined) send(turn, instance.link, message);
  else if (instance !== undefined) instance.missedRoutes = message;
}

function onDue(turn: AgentTurn, kind: string, identity: string): void {
  switch (kind) {
    case "start":
      return onStartDue(turn, Number(identity));
    case "orphan":
      return onOrphanDue(turn, Number(identity));
    case "kill":
      return onKillDue(turn, Number(identity));
    case "relay":
      return onRelayDue(turn, Number(identity));
    case "hello": {
      const reason = "it did not say who it is in time";
      turn.effects.push({ kind: "closeLink", link: identity, reason });
      return;
    }
    case "adopt":
      return onAdoptDue(turn);
    case "spares":
      return onRefillDue(turn);
    case "spare":
      return onSpareDue(turn, Number(identity));
    case "handover":
      return onHandoverDue(turn, Number(identity));
    case "register": {
      const { managerLink } = turn.state;
      const reason = "the manager did not answer the registration";
      if (managerLink !== undefined) {
        turn.effects.push({ kind: "closeLink", link: managerLink, reason });
      }
    }
  }
}
