/**
 * Agents whose link ends, that are silent, and that are given up when they stay away.
 *
 * @module
 */

import { STATUS } from "../../../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../../../deadlines.ts";
import type { LinkID } from "../../../step.ts";
import { newMessageID, record, send, type Turn } from "../../turn.ts";
import type { Instance } from "../../memory/registry.ts";
import { closeUnknown } from "../connections/closes.ts";
import { findMinimums } from "../scale/minimum.ts";
import { endInstance } from "../instances/endings.ts";
import { lookAgain } from "../connections/parking.ts";

/** A link ended: the agent may come back before it is given up. */
export function onLinkClosed(turn: Turn, link: LinkID, reason: string): void {
  const { agentOfLink, linkOfAgent, unanswered, absences, deadlines, options } = turn.state;
  const agent = agentOfLink.get(link);
  if (agent === undefined) return;
  forgetLink(turn, link);
  linkOfAgent.delete(agent);
  unanswered.delete(agent);
  clearDeadline(deadlines, `health:${agent}`);
  setDeadline(deadlines, `lost:${agent}`, turn.nowMs + options.agentLostMs);
  absences.set(agent, turn.nowMs);
  setDeadline(deadlines, `away:${agent}`, turn.nowMs + options.recoveryGraceMs);
  record(turn, { kind: "agentDisconnected", agent, reason });
}

/** Forgets what was asked by a link, and what came by it: nobody answers or repeats it any more. */
export function forgetLink(turn: Turn, link: LinkID): void {
  const { agentOfLink, closeRequests, registrations, repositories, deadlines } = turn.state;
  agentOfLink.delete(link);
  repositories.delete(link);
  for (const [messageID, asked] of closeRequests) {
    if (asked.link !== link) continue;
    closeRequests.delete(messageID);
    clearDeadline(deadlines, `asked:${messageID}`);
  }
  for (const key of registrations.keys()) {
    if (key.startsWith(`${link}/`)) registrations.delete(key);
  }
}

/** An agent stayed away too long: what it had is gone, as far as the mesh is concerned. */
export function onAgentLostDue(turn: Turn, agent: string): void {
  const { registry, linkOfAgent, absences, placed } = turn.state;
  const lost = registry.agents.get(agent);
  if (lost === undefined || linkOfAgent.has(agent)) return;
  absences.delete(agent);
  placed.delete(agent);
  turn.hasNewRoutes = true;
  for (const serviceID of [...lost.instances]) {
    const instance = registry.instances.get(serviceID);
    if (instance === undefined) continue;
    leaveOtherEnds(turn, instance);
    endInstance(turn, instance, { status: STATUS.unreachable, reason: `agent ${agent} is lost` });
  }
  record(turn, { kind: "agentLost", agent, reason: "it did not come back in time" });
  findMinimums(turn);
}

/**
 * Whatever is connected with an instance that is given up closes that connection: the instance may
 * live on, where only the manager does not see it, and must not be used any more.
 */
function leaveOtherEnds(turn: Turn, instance: Instance): void {
  const { registry, linkOfAgent } = turn.state;
  const reason = "its other end is given up";
  for (const { serviceID, sourcePlug, destPlug } of instance.incoming) {
    const link = linkOfAgent.get(registry.instances.get(serviceID)?.agent ?? "");
    if (link !== undefined) {
      closeUnknown(turn, link, { serviceID, sourcePlug, destPlug, reason });
    }
  }
  for (const { serviceID, sourcePlug, destPlug, destServiceID } of instance.outgoing) {
    const link = linkOfAgent.get(registry.instances.get(destServiceID)?.agent ?? "");
    if (link !== undefined) {
      closeUnknown(turn, link, { serviceID, sourcePlug, destPlug, destServiceID, reason });
    }
  }
}

/**
 * An agent stays away: what it was starting may be started elsewhere, if somebody waits for it or
 * it shall run anyway.
 */
export function onAwayDue(turn: Turn, agent: string): void {
  if (turn.state.linkOfAgent.has(agent)) return;
  lookAgain(turn);
  for (const service of turn.state.scale.minimums) turn.wanted.add(service);
}

/**
 * Asks an agent whether it is well; one that left too many questions unanswered is disconnected.
 * Questions are counted, not time: a manager that stood still itself must not blame the agent.
 */
export function onHealthDue(turn: Turn, agent: string): void {
  const { linkOfAgent, unanswered, registry, options, deadlines } = turn.state;
  const link = linkOfAgent.get(agent);
  if (link === undefined) return;
  const questions = unanswered.get(agent) ?? 0;
  if (questions * options.healthIntervalMs >= options.agentSilentMs) {
    const reason = `agent ${agent} answered none of ${questions} questions`;
    turn.effects.push({ kind: "closeLink", link, reason });
    return onLinkClosed(turn, link, reason);
  }
  const agentNetwork = registry.agents.get(agent)?.network ?? "";
  const messageID = newMessageID(turn);
  unanswered.set(agent, questions + 1);
  send(turn, link, { type: "agentHealthRequest", messageID, agentNetwork });
  setDeadline(deadlines, `health:${agent}`, turn.nowMs + options.healthIntervalMs);
}
