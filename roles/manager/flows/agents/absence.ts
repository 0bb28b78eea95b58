/**
 * Agents whose link ends, that are silent, and that are given up when they stay away.
 *
 * @module
 */

import { STATUS } from "../../../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../../../deadlines.ts";
import type { LinkID } from "../../../step.ts";
import { newMessageID, record, send, type Turn } from "../../turn.ts";
import { endInstance } from "../endings.ts";

/** A link ended: the agent may come back before it is given up. */
export function onLinkClosed(turn: Turn, link: LinkID, reason: string): void {
  const { agentOfLink, linkOfAgent, unanswered, deadlines, options } = turn.state;
  const agent = agentOfLink.get(link);
  if (agent === undefined) return;
  forgetLink(turn, link);
  linkOfAgent.delete(agent);
  unanswered.delete(agent);
  clearDeadline(deadlines, `health:${agent}`);
  setDeadline(deadlines, `lost:${agent}`, turn.nowMs + options.agentLostMs);
  record(turn, { kind: "agentDisconnected", agent, reason });
}

/** Forgets what was asked by a link, and what came by it: nobody answers or repeats it any more. */
export function forgetLink(turn: Turn, link: LinkID): void {
  const { agentOfLink, closeRequests, registrations, deadlines } = turn.state;
  agentOfLink.delete(link);
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
  const { registry, linkOfAgent } = turn.state;
  const lost = registry.agents.get(agent);
  if (lost === undefined || linkOfAgent.has(agent)) return;
  for (const serviceID of [...lost.instances]) {
    const instance = registry.instances.get(serviceID);
    if (instance === undefined) continue;
    endInstance(turn, instance, { status: STATUS.unreachable, reason: `agent ${agent} is lost` });
  }
  record(turn, { kind: "agentLost", agent, reason: "it did not come back in time" });
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
