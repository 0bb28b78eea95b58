/**
 * How instances come to be known: flow 1 for those that run from the start, flow 4 for the others.
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
  serviceID,
  status,
} from "./definition.ts";

/** How instances come to be known. */
export const START_MESSAGES = {
  serviceRegisterRequest: {
    direction: "Service → Agent → Manager",
    doc: "A service that no agent launched (the gateway) makes itself known.",
    answer: "serviceRegisterResponse",
    fields: {
      messageID,
      typeOfService: required(kinds.name, "The name of the service."),
      plugsConfiguration: required(kinds.plugConfiguration, "Its in-plug and out-plugs."),
      serviceID: added(
        kinds.serviceID,
        "The number that it had by an earlier link, which it goes on under if its agent lets it.",
      ),
      token: added(
        kinds.token,
        "A secret of its own, by which it proves with its next link that it had the number; only " +
          "to its agent.",
      ),
      connections: added(
        announced.reportedConnections,
        "Its open connections as a source; only with a number, and only to its agent.",
      ),
    },
  },
  serviceRegisterResponse: {
    direction: "Manager → Agent → Service",
    doc: "The service is known as an instance, or is refused and why.",
    fields: {
      messageID,
      status,
      serviceID: added(
        kinds.serviceID,
        "The number of the instance: a new one, or that which it had; with a 2xx status.",
      ),
      reason,
    },
  },
  routesInfo: {
    direction: "Manager → Agent → Service",
    doc: "What is reachable from outside: for a gateway, as it registers and at each change.",
    ours: true,
    fields: {
      messageID,
      serviceID: required(kinds.serviceID, "The gateway."),
      routes: required(announced.routes, "All of it."),
      ports: added(announced.ports, "All ports that lead to services over TCP."),
    },
  },
  startServiceRequest: {
    direction: "Manager → Agent",
    doc: "The agent shall start one instance on the plug that the manager assigned.",
    answer: "startServiceResponse",
    fields: {
      messageID,
      agentNetwork,
      agentPort,
      serviceName: required(kinds.name, "The service to start."),
      serviceID: required(kinds.serviceID, "The number of the new instance."),
      plugConfiguration: required(kinds.plugConfiguration, "Its assigned in-plug and its edges."),
      startTimeoutMs: added(kinds.durationMs, "How long the start may take."),
    },
  },
  startServiceResponse: {
    direction: "Service → Agent → Manager, or Agent → Manager",
    doc: "The instance accepts connections, or its start failed. The first message of a service, " +
      "by each link to an agent.",
    fields: {
      messageID,
      status,
      serviceID,
      token: added(kinds.token, "Proves who it is; only from the service to its agent."),
      connections: added(
        announced.reportedConnections,
        "Its open connections as a source; only to an agent that came back.",
      ),
      ticketKey: added(kinds.token, "The key of its tickets; only from the agent."),
      loadMs: added(
        kinds.durationMs,
        "From when its runtime was up, or its process was chosen for it, until it was ready.",
      ),
      spawnMs: added(
        kinds.durationMs,
        "The rest of the time that its agent needed for the start; only from the agent.",
      ),
      reason,
    },
  },
} as const satisfies Readonly<Record<string, MessageDefinition>>;
