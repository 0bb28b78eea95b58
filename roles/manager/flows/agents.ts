/**
 * Flow 3: agents register, report what they have when they come again, and are given up when they
 * stay away. Flow 1: a service that no agent launched (the gateway) registers through its agent.
 *
 * @module
 */

import type { ReportedConnection, ReportedInstance } from "../../../protocol/announcements.ts";
import type { MessageOf } from "../../../protocol/messages.ts";
import { STATUS } from "../../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../../deadlines.ts";
import type { LinkID } from "../../step.ts";
import { askToClose, closeUnknown } from "./closes.ts";
import { endConnection, endInstance } from "./endings.ts";
import { rearmConnectionIdle } from "./idle.ts";
import { openConnection } from "./offers.ts";
import type { AgentTraits } from "../memory/facts.ts";
import { type AgentRecord, findConnection } from "../memory/registry.ts";
import { repeatPhase, shutDownHard } from "./shutdowns.ts";
import { markStarted } from "./starts.ts";
import { newMessageID, record, refuse, send, sendToAgent, type Turn } from "../turn.ts";

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

/** Adopts what both know, ends what the agent does not have, kills what the history never had. */
function reconcileInstances(
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
  const { lastServiceID } = registry;
  for (const one of reported) {
    const { serviceID, typeOfService, started } = one;
    const instance = registry.instances.get(serviceID);
    const isNewer = instance === undefined && serviceID > lastServiceID;
    if (isNewer && !isPlugTaken(turn, agent, one)) {
      adoptInstance(turn, agent, one);
    } else if (instance?.agent !== agent.agent || instance.service !== typeOfService) {
      const reason = "the manager does not know it";
      const messageID = newMessageID(turn);
      sendToAgent(turn, agent.agent, { type: "hardShutdownRequest", messageID, serviceID, reason });
    } else if (instance.state === "starting" && started) {
      clearDeadline(turn.state.deadlines, `start:${serviceID}`);
      markStarted(turn, instance);
    } else if (instance.state === "closing") {
      repeatPhase(turn, instance);
    }
  }
}

function isPlugTaken(turn: Turn, agent: AgentRecord, reported: ReportedInstance): boolean {
  const plug = reported.plugConfiguration.in;
  if (plug === null || !reported.launched) return false;
  return turn.state.registry.plugs.get(agent.network)?.used.has(plug) ?? false;
}

/** Takes over an instance that is newer than this history: a manager without a store restarted. */
function adoptInstance(turn: Turn, agent: AgentRecord, reported: ReportedInstance): void {
  const { serviceID, typeOfService: service, plugConfiguration: plugs } = reported;
  const adopted = { serviceID, service, agent: agent.agent, plugs };
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
function reconcileConnections(
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
    const connection = findConnection(registry, serviceID, sourcePlug);
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
function forgetLink(turn: Turn, link: LinkID): void {
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
