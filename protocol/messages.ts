/**
 * The one table of messages. Types, guards and docs/PROTOCOL.md derive from it; nothing else in the
 * project lists message types or fields. Names on the wire are exactly the names here.
 *
 * @module
 */

import * as kinds from "./fields.ts";
import { added, conditional, type Field, required } from "./fields.ts";

/** Who sends a message to whom. The agent in the middle passes messages on. */
export type Direction =
  | "Agent → Manager"
  | "Manager → Agent"
  | "Service → Agent → Manager"
  | "Manager → Agent → Service"
  | "Service → Agent → Manager, or Agent → Manager";

/** One row of the table. */
export interface MessageDefinition {
  /** Who sends it to whom. */
  readonly direction: Direction;
  /** What it says, in one sentence. */
  readonly doc: string;
  /** The type that answers it, where one does. */
  readonly answer?: string;
  /** Whether the whole message is ours and not of the published catalogue. */
  readonly ours?: true;
  /** Its fields, in the order of the catalogue. */
  readonly fields: Readonly<Record<string, Field<unknown, boolean>>>;
}

const messageID = required(kinds.messageID, "Pairs a response with its request; per link.");
const status = required(kinds.status, "An HTTP status by class: 2xx done, 4xx, 5xx refused.");
const reason = added(kinds.reason, "Why, for a person to act on.");
const serviceID = required(kinds.serviceID, "The instance.");
const sourcePlug = required(kinds.plug, "The out-plug, numbered by the instance that dials.");
const destPlug = required(kinds.port, "The in-plug: a TCP port.");
const agentNetwork = required(kinds.network, "The address of the agent's host.");
const agentPort = required(kinds.port, "The port on which the agent accepts services.");

/** Every message of the protocol, by the name of its type. */
export const MESSAGES = {
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
      manifests: added(kinds.manifests, "Edges and times of each service; default: no edges."),
      instances: added(kinds.reportedInstances, "The instances that it has."),
      connections: added(kinds.reportedConnections, "The open connections that start at it."),
    },
  },
  agentRegisterResponse: {
    direction: "Manager → Agent",
    doc: "The agent is registered, or is not and why.",
    fields: { messageID, status, reason },
  },
  serviceRegisterRequest: {
    direction: "Service → Agent → Manager",
    doc: "A service that no agent launched (the gateway) makes itself known.",
    answer: "serviceRegisterResponse",
    fields: {
      messageID,
      typeOfService: required(kinds.name, "The name of the service."),
      plugsConfiguration: required(kinds.plugConfiguration, "Its in-plug and out-plugs."),
    },
  },
  serviceRegisterResponse: {
    direction: "Manager → Agent → Service",
    doc: "The service is known as an instance, or is refused and why.",
    fields: {
      messageID,
      status,
      serviceID: added(kinds.serviceID, "The number of the new instance; with a 2xx status."),
      reason,
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
    doc: "The instance accepts connections, or its start failed. The first message of a service.",
    fields: {
      messageID,
      status,
      serviceID,
      token: added(kinds.token, "The one-time token; only from the service to its agent."),
      reason,
    },
  },
  connectionRequest: {
    direction: "Service → Agent → Manager",
    doc: "An instance wants a connection to a service, which may have to be started for it.",
    answer: "connectionResponse",
    fields: {
      messageID,
      serviceID: required(kinds.serviceID, "The instance that asks."),
      sourcePlug,
      destServiceName: required(kinds.name, "The service that it wants to reach."),
    },
  },
  connectionResponse: {
    direction: "Manager → Agent → Service",
    doc: "Where to dial, or why there is nowhere.",
    fields: {
      messageID,
      status,
      destServiceNetwork: conditional(kinds.network, "Address to dial; with a 2xx status."),
      destPlug: conditional(kinds.port, "In-plug to dial; with a 2xx status."),
      destServiceID: added(kinds.serviceID, "The instance that listens there."),
      reason,
    },
  },
  connectionConfirmation: {
    direction: "Service → Agent → Manager",
    doc: "The source has dialled: the connection is open (2xx), or could not be made.",
    fields: {
      messageID: required(kinds.messageID, "That of the connectionRequest."),
      status,
      sourcePlug,
      destPlug,
      serviceID: added(kinds.serviceID, "The source; the agent adds it."),
      reason,
    },
  },
  processData: {
    direction: "Service → Agent → Manager",
    doc: "A connection was used. At most one a second per connection.",
    fields: {
      messageID,
      serviceID: required(kinds.serviceID, "The source, which reports."),
      sourcePlug,
      destPlug,
      count: added(kinds.count, "Exchanges ended in the interval; 0: one is still open."),
      intervalMs: added(kinds.durationMs, "The interval that the count covers."),
    },
  },
  sourceConnectionClose: {
    direction: "Service → Agent → Manager",
    doc: "The source closed a connection, or found it broken.",
    fields: {
      serviceID: required(kinds.serviceID, "The source, which reports."),
      sourcePlug,
      destPlug,
      status: added(kinds.status, "111 own decision, 122 broken link."),
      reason,
    },
  },
  destConnectionClose: {
    direction: "Service → Agent → Manager",
    doc: "The destination noticed that a connection ended.",
    fields: {
      serviceID: required(kinds.serviceID, "The destination, which reports."),
      sourcePlug,
      destPlug,
      sourceServiceID: added(kinds.serviceID, "The source: plugs of two sources may be equal."),
      status: added(kinds.status, "111 own decision, 122 broken link."),
      reason,
    },
  },
  connectionCloseRequest: {
    direction: "Manager → Agent → Service",
    doc: "The source shall finish what is in flight on a connection and close it.",
    answer: "connectionCloseResponse",
    fields: {
      messageID,
      serviceID: required(kinds.serviceID, "The source."),
      sourcePlug,
      destPlug,
      destServiceID: added(kinds.serviceID, "Set when the source's host is gone: this one closes."),
      reason,
    },
  },
  connectionCloseResponse: {
    direction: "Service → Agent → Manager",
    doc: "The connection is closed, or there was none.",
    fields: { messageID, status, reason },
  },
  softShutdownRequest: {
    direction: "Manager → Agent → Service",
    doc: "The instance shall stop accepting, finish what is in flight, and exit.",
    answer: "softShutdownResponse",
    fields: {
      messageID,
      serviceID,
      graceMs: added(kinds.durationMs, "After this the hard shutdown follows."),
      reason,
    },
  },
  softShutdownResponse: {
    direction: "Service → Agent → Manager",
    doc: "The instance has finished and exits now, or does not and why.",
    fields: { messageID, serviceID, status, reason },
  },
  hardShutdownRequest: {
    direction: "Manager → Agent",
    doc: "The agent shall kill the whole process group of the instance.",
    answer: "hardShutdownResponse",
    fields: { messageID, serviceID, reason },
  },
  hardShutdownResponse: {
    direction: "Agent → Manager",
    doc: "The instance is killed, or there was none.",
    fields: { messageID, serviceID, status, reason },
  },
  serviceTerminationInfo: {
    direction: "Service → Agent → Manager, or Agent → Manager",
    doc: "An instance ended: it says so itself, or its agent saw the process end.",
    ours: true,
    fields: {
      serviceID,
      status,
      exitCode: added(kinds.exitCode, "Exit code of the process."),
      signal: added(kinds.signal, "Signal that ended the process."),
      reason,
    },
  },
  serviceHealthRequest: {
    direction: "Manager → Agent → Service",
    doc: "Is the instance well?",
    answer: "serviceHealthResponse",
    ours: true,
    fields: { messageID, serviceID },
  },
  serviceHealthResponse: {
    direction: "Service → Agent → Manager",
    doc: "The instance is well, and this busy.",
    ours: true,
    fields: { messageID, serviceID, status, load: added(kinds.load, "How busy."), reason },
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

/** The name of a message type. */
export type MessageType = keyof typeof MESSAGES;

/** The type of a field's value. */
export type ValueOf<F> = F extends Field<infer Value, boolean> ? Value : never;
/** The fields that every message of a type has. */
export type RequiredKeys<Fields> = {
  [Key in keyof Fields]: Fields[Key] extends Field<unknown, true> ? never : Key;
}[keyof Fields];
/** The fields that a message of a type may have. */
export type OptionalKeys<Fields> = Exclude<keyof Fields, RequiredKeys<Fields>>;

/** The message of one type, or the union over several. */
export type MessageOf<Type extends MessageType> = Type extends MessageType ?
    & { readonly type: Type }
    & {
      readonly [Key in RequiredKeys<(typeof MESSAGES)[Type]["fields"]>]: ValueOf<
        (typeof MESSAGES)[Type]["fields"][Key]
      >;
    }
    & {
      readonly [Key in OptionalKeys<(typeof MESSAGES)[Type]["fields"]>]?: ValueOf<
        (typeof MESSAGES)[Type]["fields"][Key]
      >;
    }
  : never;

/** Any message. */
export type Message = MessageOf<MessageType>;

/** Whether a text names a message type. */
export function isMessageType(value: unknown): value is MessageType {
  return typeof value === "string" && Object.hasOwn(MESSAGES, value);
}
