/**
 * The manager, the brain of the mesh, as a state machine.
 *
 * Its world: agents come by links, register, and pass messages of their services on. An instance is
 * *starting* (flow 4) until it confirms, *running*, then *closing* in the phases drain, soft, hard
 * (flows 7, 8, 9) until its process ends. A connection is *offered* (flow 5) until its source
 * confirms, *open*, then *closing* (flow 7) until an end says that it is closed (flow 6 or 7).
 * Requests for what does not run yet are *parked*. Every waiting state has a deadline whose outcome
 * is the next state or an answer.
 *
 * What changes is recorded first; see `turn.ts`. What follows of a change, if it was not the reason
 * for it, is done at the end of the step; see `settle.ts`.
 *
 * @module
 */

import type { Message } from "../../protocol/messages.ts";
import { STATUS } from "../../protocol/status.ts";
import { clearDeadline, nextDeadlineMs, setDeadline, takeEachDue } from "../deadlines.ts";
import type { LinkID, Role } from "../step.ts";
import { onAgentLostDue, onAwayDue, onHealthDue, onLinkClosed } from "./flows/agents/absence.ts";
import { onAgentRegisterRequest, onServiceRegisterRequest } from "./flows/agents/registration.ts";
import { onRepositoryInfo } from "./flows/agents/repository.ts";
import { joinRoutes } from "./flows/agents/routes.ts";
import {
  onCloseDue,
  onConnectionClose,
  onConnectionCloseResponse,
} from "./flows/connections/closes.ts";
import { onCommand } from "./flows/commands.ts";
import {
  onConnectionConfirmation,
  onConnectionRequest,
  onOfferDue,
  onProcessData,
} from "./flows/connections/connections.ts";
import { onPauseDue, onWellDue, recoverCrashes } from "./flows/instances/crashes.ts";
import { onCheckDue, onServiceHealthResponse } from "./flows/instances/health.ts";
import { rearmConnectionIdle } from "./flows/idle.ts";
import { onConnectionIdleDue, onInstanceIdleDue } from "./flows/reaper.ts";
import { settle } from "./settle.ts";
import {
  onHardShutdownResponse,
  onPhaseDue,
  onServiceTerminationInfo,
  onSoftShutdownResponse,
} from "./flows/instances/shutdowns.ts";
import { lookAgain, onParkedDue } from "./flows/connections/parking.ts";
import { onPermissionRefusedInfo, onServiceUseInfo } from "./flows/instances/notes.ts";
import { watchInstance } from "./flows/instances/replacements.ts";
import { onStartDue, onStartServiceResponse } from "./flows/instances/starts.ts";
import { onInstancesUsageInfo, onMemoryWaitDue } from "./flows/instances/usages.ts";
import type { ManagerEffect, ManagerEvent, ManagerState } from "./state.ts";
import { beginTurn, record, refuse, type Turn } from "./turn.ts";

/** The manager as its host sees it. */
export const MANAGER: Role<ManagerState, ManagerEvent, ManagerEffect> = {
  step: stepManager,
  nextDeadlineMs: (state) => nextDeadlineMs(state.deadlines),
};

/** One event in, effects out. */
export function stepManager(
  state: ManagerState,
  event: ManagerEvent,
  nowMs: number,
): ManagerEffect[] {
  const turn = beginTurn(state, nowMs);
  switch (event.kind) {
    case "recovered":
      onRecovered(turn);
      break;
    case "message":
      onMessage(turn, event.link, event.message);
      break;
    case "linkClosed":
      onLinkClosed(turn, event.link, event.reason);
      break;
    case "command":
      onCommand(turn, event);
      break;
    case "tick":
      takeEachDue(state.deadlines, nowMs, (kind, identity) => onDue(turn, kind, identity));
      break;
  }
  settle(turn);
  return turn.effects;
}

/** After a replay: everything that waited has its deadline again, and every agent is away. */
function onRecovered(turn: Turn): void {
  const { registry, deadlines, options, absences } = turn.state;
  const { routes, ports } = joinRoutes(registry);
  turn.state.routes = routes;
  turn.state.ports = ports;
  turn.state.awaitedUntilMs = turn.nowMs + options.recoveryGraceMs;
  if (registry.agents.size > 0) setDeadline(deadlines, "awaited:", turn.state.awaitedUntilMs);
  recoverCrashes(turn);
  for (const agent of registry.agents.values()) {
    absences.set(agent.agent, turn.nowMs);
    setDeadline(deadlines, `lost:${agent.agent}`, turn.nowMs + options.agentLostMs);
    if (!agent.connected) continue;
    record(turn, {
      kind: "agentDisconnected",
      agent: agent.agent,
      reason: "the manager was restarted",
    });
  }
  for (const instance of registry.instances.values()) {
    const { serviceID } = instance;
    if (instance.state === "starting") {
      setDeadline(deadlines, `start:${serviceID}`, turn.nowMs + options.agentLostMs);
    } else if (instance.state === "closing") {
      setDeadline(deadlines, `phase:${serviceID}`, turn.nowMs + options.agentLostMs);
    }
    turn.touched.add(serviceID);
    if (instance.leaving !== "none") watchInstance(turn, instance);
  }
  for (const connection of registry.connections.values()) {
    const { connectionID, state } = connection;
    if (state === "open") rearmConnectionIdle(turn, connection);
    else setDeadline(deadlines, connectionID, turn.nowMs + options.agentLostMs);
  }
}

function onMessage(turn: Turn, link: LinkID, message: Message): void {
  if (message.type === "agentRegisterRequest") return onAgentRegisterRequest(turn, link, message);
  const agent = turn.state.agentOfLink.get(link);
  if (agent === undefined) {
    const reason = `Cannot take "${message.type}": this link has not registered as an agent`;
    return refuse(turn, { link, type: message.type }, { status: STATUS.unauthorized, reason });
  }
  turn.state.unanswered.set(agent, 0);
  switch (message.type) {
    case "serviceRegisterRequest":
      return onServiceRegisterRequest(turn, link, message);
    case "repositoryInfo":
      return onRepositoryInfo(turn, link, message);
    case "startServiceResponse":
      return onStartServiceResponse(turn, link, message);
    case "connectionRequest":
      return onConnectionRequest(turn, link, message);
    case "connectionConfirmation":
      return onConnectionConfirmation(turn, link, message);
    case "processData":
      return onProcessData(turn, link, message);
    case "sourceConnectionClose":
    case "destConnectionClose":
      return onConnectionClose(turn, link, message);
    case "connectionCloseResponse":
      return onConnectionCloseResponse(turn, link, message);
    case "softShutdownResponse":
      return onSoftShutdownResponse(turn, link, message);
    case "hardShutdownResponse":
      return onHardShutdownResponse(turn, link, message);
    case "serviceTerminationInfo":
      return onServiceTerminationInfo(turn, link, message);
    case "instancesUsageInfo":
      return onInstancesUsageInfo(turn, link, message);
    case "serviceUseInfo":
      return onServiceUseInfo(turn, link, message);
    case "permissionRefusedInfo":
      return onPermissionRefusedInfo(turn, link, message);
    case "serviceHealthResponse":
      return onServiceHealthResponse(turn, link, message);
    case "agentHealthResponse":
      return;
    default: {
      const reason = `Cannot take "${message.type}": a manager sends it, and does not get it`;
      refuse(turn, { link, type: message.type }, { status: STATUS.badRequest, reason });
    }
  }
}

/** A connection has one deadline at a time, which means what its state says. */
function onConnectionDue(turn: Turn, connectionID: number): void {
  switch (turn.state.registry.connections.get(connectionID)?.state) {
    case "offered":
      return onOfferDue(turn, connectionID);
    case "open":
      return onConnectionIdleDue(turn, connectionID);
    case "closing":
      return onCloseDue(turn, connectionID);
  }
}

function onDue(turn: Turn, kind: string, identity: string): void {
  switch (kind) {
    case "":
      // Connections come and go the most: their keys are their bare numbers, from one on.
      return onConnectionDue(turn, Number(identity));
    case "instance":
      return onInstanceIdleDue(turn, Number(identity));
    case "asked":
      turn.state.closeRequests.delete(Number(identity));
      return;
    case "held":
      // It has not told for a while that it works: from now on it may be idle.
      return;
    case "failed":
      // From now on the same failure is recorded again.
      return;
    case "start":
      return onStartDue(turn, Number(identity));
    case "phase":
      return onPhaseDue(turn, Number(identity));
    case "awaited":
      lookAgain(turn);
      for (const service of turn.state.replacements.keys()) turn.wanted.add(service);
      for (const service of turn.state.scale.minimums) turn.wanted.add(service);
      return;
    case "minimum":
      turn.wanted.add(identity);
      return;
    case "away":
      return onAwayDue(turn, identity);
    case "parked":
      return onParkedDue(turn, identity);
    case "memory":
      return onMemoryWaitDue(turn, identity);
    case "check":
      return onCheckDue(turn, Number(identity));
    case "pause":
      return onPauseDue(turn, identity);
    case "well":
      return onWellDue(turn, identity);
    case "health":
      return onHealthDue(turn, identity);
    case "lost":
      clearDeadline(turn.state.deadlines, `health:${identity}`);
      return onAgentLostDue(turn, identity);
  }
}
