/**
 * Flow 3: agents register, by one link at a time. Flow 1: a service that no agent launched (the
 * gateway) registers through its agent.
 *
 * @module
 */

import type { MessageOf } from "../../../../protocol/messages.ts";
import { STATUS } from "../../../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../../../deadlines.ts";
import type { LinkID } from "../../../step.ts";
import type { AgentTraits } from "../../memory/facts.ts";
import { record, refuse, send, type Turn } from "../../turn.ts";
import { forgetLink } from "./absence.ts";
import { reconcileConnections, reconcileInstances } from "./reconciliation.ts";

/** Flow 3: an agent is there. What it reports is compared with what the history says. */
export function onAgentRegisterRequest(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"agentRegisterRequest">,
): void {
  const { agentOfLink, linkOfAgent, unanswered, deadlines, options, registry } = turn.state;
  const agent = message.agentName ?? `agent-${message.agentNetwork.replace(/[^a-z0-9]/g, "-")}`;
  const known = agentOfLink.get(link);
  if (known !== undefined) return repeatRegistration(turn, link, { message, known, agent });
  const before = linkOfAgent.get(agent);
  if (before !== undefined && before !== link) {
    forgetLink(turn, before);
    turn.effects.push({
      kind: "closeLink",
      link: before,
      reason: "its agent came by another link",
    });
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
  clearDeadline(deadlines, `lost:${agent}`);
  setDeadline(deadlines, `health:${agent}`, turn.nowMs + options.healthIntervalMs);
  send(turn, link, {
    type: "agentRegisterResponse",
    messageID: message.messageID,
    status: STATUS.done,
  });
  const agentRecord = registry.agents.get(agent);
  if (agentRecord === undefined) return;
  reconcileInstances(turn, agentRecord, message.instances ?? []);
  reconcileConnections(turn, agentRecord, message.connections ?? []);
  for (const service of message.repository) turn.wanted.add(service);
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
  const { message: { messageID, type }, known, agent } = repeated;
  if (agent === known) {
    return send(turn, link, { type: "agentRegisterResponse", messageID, status: STATUS.done });
  }
  const reason = `Cannot register agent "${agent}": this link is that of agent ${known}`;
  const refusal = { status: STATUS.conflict, reason };
  refuse(turn, { link, type }, refusal);
  send(turn, link, { type: "agentRegisterResponse", messageID, ...refusal });
}

/** Flow 1: a service that runs from the start becomes an instance. */
export function onServiceRegisterRequest(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"serviceRegisterRequest">,
): void {
  const { registry, agentOfLink, registrations } = turn.state;
  const agent = agentOfLink.get(link) ?? "";
  const key = `${link}/${message.messageID}`;
  const serviceID = registrations.get(key) ?? registry.lastServiceID + 1;
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
}
