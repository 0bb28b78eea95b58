/**
 * What agents and the manager say to each other about the agent itself: flow 3, what it can start,
 * and its health.
 *
 * @module
 */

import * as announced from "../announcements.ts";
import * as kinds from "../fields.ts";
import { added, required } from "../fields.ts";
import {
  agentNetwork,
  agentPort,
  type MessageDefinition,
  messageID,
  reason,
  status,
} from "./definition.ts";

/** What an agent and the manager say about the agent itself. */
export const AGENT_MESSAGES = {
  agentRegisterRequest: {
    direction: "Agent → Manager",
    doc: "An agent offers its repository, and reports what it runs when it registers again.",
    answer: "agentRegisterResponse",
    fields: {
      messageID,
      agentNetwork,
      agentPort,
      repository: required(kinds.repository, "The services that it can start."),
      agentName: added(kinds.name, "Tells agents of one host apart; default: its address."),
      manifests: added(announced.manifests, "Edges and times of each service; default: no edges."),
      instances: added(announced.reportedInstances, "The instances that it has."),
      connections: added(announced.reportedConnections, "The open connections that start at it."),
      labels: added(announced.labels, "What its host is like, for services that ask for it."),
      capacity: added(kinds.count, "Most instances that it runs; default: no bound."),
      incarnation: added(kinds.token, "Names this run of the agent: a new one has restarted."),
      sessionCertificate: added(
        kinds.certificate,
        "The authority of the certificates of its instances; default: their sessions are plain.",
      ),
    },
  },
  agentRegisterResponse: {
    direction: "Manager → Agent",
    doc: "The agent is registered, or is not and why.",
    fields: { messageID, status, reason },
  },
  repositoryInfo: {
    direction: "Agent → Manager",
    doc:
      "What the agent can start has changed: this is all of it now. Of several by one link the " +
      "one with the highest messageID counts.",
    ours: true,
    fields: {
      messageID,
      repository: required(kinds.repository, "The services that it can start."),
      manifests: required(announced.manifests, "Edges and times of each service."),
      edited: added(kinds.repository, "Services whose code changed: their instances are replaced."),
      moving: added(
        kinds.agentInstanceIDs,
        "Instances whose process is given up, since another one in it hangs: they are replaced.",
      ),
    },
  },
  instancesUsageInfo: {
    direction: "Agent → Manager",
    doc: "What instances use of the host: those of which it changed noticeably since it was told.",
    ours: true,
    fields: { usages: required(announced.reportedUsages, "The newest of each of them.") },
  },
  agentHealthRequest: {
    direction: "Manager → Agent",
    doc: "Is the agent well?",
    answer: "agentHealthResponse",
    ours: true,
    fields: { messageID, agentNetwork },
  },
  agentHealthResponse: {
    direction: "Agent → Manager",
    doc: "The agent is well, and this busy.",
    ours: true,
    fields: { messageID, agentNetwork, status, load: added(kinds.load, "How busy.") },
  },
} as const satisfies Readonly<Record<string, MessageDefinition>>;
