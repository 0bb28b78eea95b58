/**
 * The one table of what the admin API can do: its routes and its description derive from it.
 *
 * @module
 */

import type { ParameterName } from "./admin_query.ts";
import type { AnswerName } from "./views/view_schema.ts";

/** What one route does. */
export interface OperationSpec {
  /** Its method. */
  readonly method: "get" | "post";
  /** Its path; `{id}` stands for a number, `{name}` for a name. */
  readonly path: string;
  /** What it does. */
  readonly summary: string;
  /** The parameters that its query may have. */
  readonly parameters: readonly ParameterName[];
  /** The JSON Schema of its body, if it takes one. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** What it answers, in JSON; none for what is no JSON or has no fixed shape. */
  readonly answer?: AnswerName;
  /** Whether even to read it needs the token, wherever its reader is. @default {false} */
  readonly secret?: true;
  /** The media type of its answer. @default {"application/json"} */
  readonly mediaType?: string;
}

/** Every operation by its name. */
export const OPERATIONS = {
  getState: {
    method: "get",
    path: "/v1/state",
    summary: "The whole mesh at this moment.",
    parameters: ["limit"],
    answer: "State",
  },
  listAgents: {
    method: "get",
    path: "/v1/agents",
    summary: "The agents, and what they can start.",
    parameters: ["service", "limit"],
    answer: "AgentList",
  },
  drainAgent: {
    method: "post",
    path: "/v1/agents/{name}/drain",
    summary: "Moves everything away from an agent, which gets nothing new until it is restarted " +
      "or its drain is ended. Answers when all has moved; what can run nowhere else is a refusal.",
    parameters: [],
    answer: "Outcome",
  },
  undrainAgent: {
    method: "post",
    path: "/v1/agents/{name}/undrain",
    summary: "Ends the drain of an agent.",
    parameters: [],
    answer: "Outcome",
  },
  listServices: {
    method: "get",
    path: "/v1/services",
    summary: "The services that run or could, and which may reach which.",
    parameters: ["service", "limit"],
    answer: "ServiceList",
  },
  restartService: {
    method: "post",
    path: "/v1/services/{name}/restart",
    summary: "Replaces each instance of a service by a new one, one after the other. " +
      "Answers when the old ones have ended.",
    parameters: [],
    answer: "Outcome",
  },
  resetService: {
    method: "post",
    path: "/v1/services/{name}/reset",
    summary: "Forgets the crashes of a service: who asks for it next has it started at once.",
    parameters: [],
    answer: "Outcome",
  },
  listInstances: {
    method: "get",
    path: "/v1/instances",
    summary: "The live instances with their plugs.",
    parameters: ["service", "limit"],
    answer: "InstanceList",
  },
  getInstance: {
    method: "get",
    path: "/v1/instances/{id}",
    summary: "One live instance.",
    parameters: [],
    answer: "Instance",
  },
  stopInstance: {
    method: "post",
    path: "/v1/instances/{id}/stop",
    summary: "Ends an instance: softly after what it has in flight, or hard at once. " +
      "Answers when it has ended.",
    parameters: [],
    body: {
      type: "object",
      properties: { mode: { enum: ["soft", "hard"], default: "soft" } },
      additionalProperties: false,
    },
    answer: "Outcome",
  },
  listConnections: {
    method: "get",
    path: "/v1/connections",
    summary: "The live connections between instances.",
    parameters: ["service", "limit"],
    answer: "ConnectionList",
  },
  closeConnection: {
    method: "post",
    path: "/v1/connections/{id}/close",
    summary: "Closes a connection after what it has in flight. Answers when it is closed.",
    parameters: [],
    answer: "Outcome",
  },
  listStarts: {
    method: "get",
    path: "/v1/starts",
    summary: "The newest starts of instances, the newest last, and where their time went; " +
      "20 when no limit is given, and at most 500.",
    parameters: ["service", "limit"],
    answer: "StartList",
  },
  listHistory: {
    method: "get",
    path: "/v1/history",
    summary: "What happened, the newest last.",
    parameters: [
      "service",
      "instance",
      "connection",
      "since",
      "until",
      "after",
      "details",
      "limit",
    ],
    answer: "History",
  },
  streamEvents: {
    method: "get",
    path: "/v1/events",
    summary: "What happens, as server-sent events. The id of each is its number in the history, " +
      "so that a client which comes back with Last-Event-ID misses nothing.",
    parameters: ["after"],
    answer: "HistoryEntry",
    mediaType: "text/event-stream",
  },
  readLogs: {
    method: "get",
    path: "/v1/logs",
    summary: "What instances wrote, each line as one JSON document, also of some that have " +
      "ended. Services may write secrets, so it needs the token.",
    parameters: ["service", "instance", "since", "stream", "limit", "follow"],
    mediaType: "application/x-ndjson",
    secret: true,
  },
  tapMessages: {
    method: "get",
    path: "/v1/tap",
    summary: "The messages that come to the manager and leave it from now on, each as one JSON " +
      "document. Secrets are masked; what is not read in time is dropped, and counted. It shows " +
      "more than the history, so it needs the token.",
    parameters: ["service", "instance", "kind"],
    mediaType: "application/x-ndjson",
    secret: true,
  },
  checkHealth: {
    method: "get",
    path: "/healthz",
    summary: "Answers 200 while the manager lives, and says what hinders it.",
    parameters: [],
  },
  checkReadiness: {
    method: "get",
    path: "/readyz",
    summary: "Answers 200 while the mesh takes requests and new work, else 503.",
    parameters: [],
  },
  describe: {
    method: "get",
    path: "/openapi.json",
    summary: "This description.",
    parameters: [],
  },
} as const satisfies Record<string, OperationSpec>;

/** The name of an operation. */
export type OperationName = keyof typeof OPERATIONS;

/** Every name of an operation. */
export const OPERATION_NAMES: readonly OperationName[] = Object.keys(OPERATIONS).filter(
  isOperationName,
);

function isOperationName(word: string): word is OperationName {
  return Object.hasOwn(OPERATIONS, word);
}
