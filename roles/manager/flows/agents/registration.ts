/**
 * Flow 3: agents register, by one link at a time. Flow 1: a service that no agent launched (the
 * gateway) registers through its agent.
 *
 * @module
 */

import type { MessageOf } from "../../../../protocol/messages.ts";
import { STATUS } from "../../../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../../../deadlines.ts";
import { findMinimums } from "../scale/minimum.ts";
import type { LinkID } from "../../../step.ts";
import type { AgentTraits } from "../../memory/facts.ts";
import type { AgentRecord } from "../../memory/registry.ts";
import { newServiceID, record, refuse, send, type Turn } from "../../turn.ts";
import { lookAgain } from "../connections/parking.ts";
import { forgetLink } from "./absence.ts";
import { endDrain, leaveAgent } from "./drains.ts";
import { reconcileConnections, reconcileInstances } from "./reconciliation.ts";
import { endRemoved, isSameRepository, settleRepository } from "./repository.ts";

/** Flow 3: an agent is there. What it reports is compared with what the history says. */
export function onAgentRegisterRequest(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"agentRegisterRequest">,
): void {
  const { agentOfLink, linkOfAgent, unanswered, absences, deadlines, options, registry } =
    turn.state;
  const agent = message.agentName ?? `agent-${message.agentNetwork.replace(/[^a-z0-9]/g, "-")}`;
  const known = agentOfLink.get(link);
  if (known !== undefined) return repeatRegistration(turn, link, { message, known, agent });
  const before = registry.agents.get(agent);
  const refusal = refusalOf(turn, before, message);
  if (refusal !== undefined) return refuseAgent(turn, link, { message, refusal });
  const linkBefore = linkOfAgent.get(agent);
  if (linkBefore !== undefined) {
    forgetLink(turn, linkBefore);
    const reason = "its agent came by another link";
    turn.effects.push({ kind: "closeLink", link: linkBefore, reason });
  }
  record(turn, {
    kind: "agentRegistered",
    agent,
    network: message.agentNetwork,
    port: message.agentPort,
    repository: message.repository,
    manifests: message.manifests ?? {},
    ...traitsOf(message),
  });
  agentOfLink.set(link, agent);
  linkOfAgent.set(agent, link);
  unanswered.set(agent, 0);
  absences.delete(agent);
  clearDeadline(deadlines, `lost:${agent}`);
  setDeadline(deadlines, `health:${agent}`, turn.nowMs + options.healthIntervalMs);
  send(turn, link, {
    type: "agentRegisterResponse",
    messageID: message.messageID,
    status: STATUS.done,
  });
  const agentRecord = registry.agents.get(agent);
  if (agentRecord === undefined) return;
  const drained = registry.draining.get(agent);
  if (drained !== undefined && drained !== (message.incarnation ?? "")) {
    endDrain(turn, agent, "ended with its restart");
  }
  reconcileInstances(turn, agentRecord, message.instances ?? []);
  reconcileConnections(turn, agentRecord, message.connections ?? []);
  if (registry.draining.has(agent)) leaveAgent(turn, agentRecord);
  if (isSameRepository(before, agentRecord)) endRemoved(turn, agentRecord);
  else settleRepository(turn, agentRecord, { link, type: message.type });
  for (const serviceID of agentRecord.instances) {
    turn.touched.add(serviceID);
    turn.arrived.add(serviceID);
  }
  findMinimums(turn);
  lookAgain(turn);
}

/** How many questions an agent leaves open before another one may take its name. */
const SILENT_QUESTIONS = 2;

/**
 * Why an agent can't have its name; undefined when it can. One that comes again, or was restarted
 * on its host, replaces itself. Another one of the same name is a mistake of somebody, as long as
 * the first one is there: the two would go on replacing each other, and each lose what it runs.
 */
function refusalOf(
  turn: Turn,
  before: AgentRecord | undefined,
  { agentNetwork, incarnation }: MessageOf<"agentRegisterRequest">,
): string | undefined {
  if (before === undefined || !turn.state.linkOfAgent.has(before.agent)) return undefined;
  const isSameRun = incarnation !== undefined && incarnation === before.incarnation;
  if (isSameRun || agentNetwork === before.network) return undefined;
  if ((turn.state.unanswered.get(before.agent) ?? 0) >= SILENT_QUESTIONS) return undefined;
  return `Cannot register agent "${before.agent}": an agent of that name is connected from ` +
    `${before.network}; give this one another name`;
}

function refuseAgent(
  turn: Turn,
  link: LinkID,
  refused: { message: MessageOf<"agentRegisterRequest">; refusal: string },
): void {
  const { message: { messageID, type }, refusal: reason } = refused;
  const status = STATUS.conflict;
  refuse(turn, { link, type }, { status, reason });
  send(turn, link, { type: "agentRegisterResponse", messageID, status, reason });
}

/** What the agent says of its host. */
function traitsOf(message: MessageOf<"agentRegisterRequest">): AgentTraits {
  const { labels, capacity, incarnation, sessionCertificate } = message;
  return {
    ...(labels === undefined ? {} : { labels }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(incarnation === undefined ? {} : { incarnation }),
    ...(sessionCertificate === undefined ? {} : { sessionCertificate }),
  };
}

/**
 * A link registers once: what a second request reports may be older than what the link told since.
 */
function repeatRegistration(
  turn: Turn,
  link: LinkID,
  repeated: { message: MessageOf<"agentRegisterRequest">; known: string; agent: string },
): void {
  const { message: { messageID }, known, agent } = repeated;
  if (agent === known) {
    return send(turn, link, { type: "agentRegisterResponse", messageID, status: STATUS.done });
  }
  const refusal = `Cannot register agent "${agent}": this link is that of agent ${known}`;
  refuseAgent(turn, link, { message: repeated.message, refusal });
}

/** Flow 1: a service that runs from the start becomes an instance. */
export function onServiceRegisterRequest(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"serviceRegisterRequest">,
): void {
  const { agentOfLink, registrations } = turn.state;
  const agent = agentOfLink.get(link) ?? "";
  const key = `${link}/${message.messageID}`;
  const serviceID = registrations.get(key) ?? newServiceID(turn);
  const isRepeated = registrations.has(key);
  registrations.set(key, serviceID);
  if (!isRepeated) {
    record(turn, {
      kind: "instanceRegistered",
      serviceID,
      service: message.typeOfService,
      agent,
      plugs: message.plugsConfiguration,
    });
  }
  send(turn, link, {
    type: "serviceRegisterResponse",
    messageID: message.messageID,
    status: STATUS.done,
    serviceID,
  });
  if (!isRepeated) turn.arrived.add(serviceID);
}
