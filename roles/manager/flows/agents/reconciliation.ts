/**
 * Flow 3, when an agent comes again: what it reports is compared with what the history says.
 *
 * @module
 */

import type { ReportedConnection, ReportedInstance } from "../../../../protocol/announcements.ts";
import { STATUS } from "../../../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../../../deadlines.ts";
import { type AgentRecord, findConnection } from "../../memory/registry.ts";
import { isUnheardID } from "../../memory/service_ids.ts";
import { newMessageID, record, sendToAgent, type Turn } from "../../turn.ts";
import { askToClose, closeUnknown } from "../connections/closes.ts";
import { endConnection, endInstance } from "../instances/endings.ts";
import { rearmConnectionIdle } from "../idle.ts";
import { openConnection } from "../connections/offers.ts";
import { repeatPhase, shutDownHard, shutDownSoftly } from "../instances/shutdowns.ts";
import { markStarted } from "../instances/starts.ts";

/** Adopts what both know, ends what the agent does not have, kills what the history never had. */
export function reconcileInstances(
  turn: Turn,
  agent: AgentRecord,
  reported: readonly ReportedInstance[],
): void {
  const { registry } = turn.state;
  const present = new Map(reported.map((instance) => [instance.serviceID, instance]));
  for (const serviceID of [...agent.instances]) {
    const instance = registry.instances.get(serviceID);
    if (instance === undefined || present.has(serviceID)) continue;
    const ending = {
      status: STATUS.gone,
      reason: `agent ${agent.agent} does not have it any more`,
    };
    // An order to start it was lost with the link: those who wait are started for again.
    endInstance(turn, instance, ending);
  }
  for (const one of reported) {
    const instance = registry.instances.get(one.serviceID);
    if (instance === undefined) takeUnknown(turn, agent, one);
    else if (instance.agent !== agent.agent || instance.service !== one.typeOfService) {
      // Its number is that of another instance, so it can't be one for a while.
      killUnknown(turn, agent, one.serviceID);
    } else {
      learnTicketKey(turn, one);
      if (instance.state === "closing") repeatPhase(turn, instance);
      if (instance.state !== "starting" || !one.started) continue;
      clearDeadline(turn.state.deadlines, `start:${one.serviceID}`);
      markStarted(turn, instance);
    }
  }
}

/** A manager that started again has to be told: secrets are not in its history. */
function learnTicketKey(turn: Turn, { serviceID, ticketKey }: ReportedInstance): void {
  if (ticketKey !== undefined) turn.state.ticketKeys.set(serviceID, ticketKey);
}

function killUnknown(turn: Turn, agent: AgentRecord, serviceID: number): void {
  const reason = "the manager does not know it";
  const messageID = newMessageID(turn);
  sendToAgent(turn, agent.agent, { type: "hardShutdownRequest", messageID, serviceID, reason });
}

/**
 * An instance that is not live in this history. One that it never heard of is adopted: a manager
 * without its store was restarted. One that it has given up, as its agent was lost, is never used
 * again; what it has in flight may end, as it may have been in use all the while.
 */
function takeUnknown(turn: Turn, agent: AgentRecord, one: ReportedInstance): void {
  const { registry, stopping } = turn.state;
  const isTaken = isPlugTaken(turn, agent, one);
  const isUnheard = isUnheardID(registry, one.serviceID);
  if (isUnheard && !isTaken) return adoptInstance(turn, agent, one);
  const isInvented = one.serviceID > registry.lastServiceID && !isUnheard;
  // What came by itself is let go by its agent, and comes again as another instance.
  if (!one.launched || !one.started || stopping || isInvented) {
    return killUnknown(turn, agent, one.serviceID);
  }
  const { serviceID, typeOfService: service, plugConfiguration } = one;
  const plugs = isTaken ? { ...plugConfiguration, in: null } : plugConfiguration;
  const reason = "its agent came back with it, to be ended";
  record(turn, { kind: "instanceStarting", serviceID, service, agent: agent.agent, plugs, reason });
  const instance = registry.instances.get(serviceID);
  if (instance !== undefined) shutDownSoftly(turn, instance, "it was given up");
}

function isPlugTaken(turn: Turn, agent: AgentRecord, reported: ReportedInstance): boolean {
  const plug = reported.plugConfiguration.in;
  if (plug === null || !reported.launched) return false;
  return turn.state.registry.plugs.get(agent.network)?.used.has(plug) ?? false;
}

/** How many numbers a manager without its store may give in a second. */
const IDS_A_SECOND = 1_000;
/** After so many seconds such a manager may give the numbers of another one. */
const SECONDS_APART = 1_000_000;

/**
 * New instances get numbers above all that agents may come back with which are not back yet: those
 * of every history that was lost, so each goes on from a number of its own time.
 */
function skipLostIDs(turn: Turn, adoptedID: number): void {
  const { state, nowMs } = turn;
  const { lastServiceID } = state.registry;
  if (state.serviceIDsFrom > 0 && adoptedID <= lastServiceID) return;
  const seconds = 1 + Math.floor(nowMs / 1_000) % SECONDS_APART;
  state.serviceIDsFrom = Math.max(lastServiceID, adoptedID) + seconds * IDS_A_SECOND;
}

/** Takes over an instance that this history never heard of. */
function adoptInstance(turn: Turn, agent: AgentRecord, reported: ReportedInstance): void {
  const { serviceID, typeOfService: service, plugConfiguration: plugs } = reported;
  const adopted = { serviceID, service, agent: agent.agent, plugs };
  learnTicketKey(turn, reported);
  skipLostIDs(turn, serviceID);
  if (!reported.launched) return record(turn, { kind: "instanceRegistered", ...adopted });
  record(turn, { kind: "instanceStarting", ...adopted, reason: "adopted from its agent" });
  const { registry, deadlines, options, stopping } = turn.state;
  const instance = registry.instances.get(serviceID);
  if (instance === undefined) return;
  if (stopping) return shutDownHard(turn, instance, "the mesh is stopping");
  if (reported.started) return markStarted(turn, instance);
  setDeadline(deadlines, `start:${serviceID}`, turn.nowMs + options.agentLostMs);
}

/** Adopts what was opened meanwhile, closes what ended meanwhile. */
export function reconcileConnections(
  turn: Turn,
  agent: AgentRecord,
  reported: readonly ReportedConnection[],
): void {
  const { registry } = turn.state;
  const present = new Set(reported.map((one) => `${one.serviceID}/${one.sourcePlug}`));
  for (const serviceID of agent.instances) {
    for (const connection of [...(registry.instances.get(serviceID)?.outgoing ?? [])]) {
      if (connection.state === "offered") continue;
      if (present.has(`${serviceID}/${connection.sourcePlug}`)) continue;
      const reason = "it ended while its agent was away";
      endConnection(turn, connection, { status: STATUS.brokenLink, reason });
    }
  }
  const link = turn.state.linkOfAgent.get(agent.agent) ?? "";
  for (const { serviceID, sourcePlug, destPlug } of reported) {
    // An agent knows nothing of the connections of others.
    const isMine = agent.instances.has(serviceID);
    const connection = isMine ? findConnection(registry, serviceID, sourcePlug) : undefined;
    if (connection?.destPlug !== destPlug) {
      closeUnknown(turn, link, { serviceID, sourcePlug, destPlug });
    } else if (connection.state === "offered") {
      openConnection(turn, connection);
    } else if (connection.state === "open") {
      rearmConnectionIdle(turn, connection);
    } else if (connection.state === "closing") {
      askToClose(turn, connection, { end: "source", reason: "asked again after it was away" });
    }
  }
}
