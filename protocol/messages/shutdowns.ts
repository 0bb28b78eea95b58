/**
 * The end of an instance, flows 8 and 9, and its health before.
 *
 * @module
 */

import * as kinds from "../fields.ts";
import { added } from "../fields.ts";
import { type MessageDefinition, messageID, reason, serviceID, status } from "./definition.ts";

/** The end of an instance, and its health before. */
export const SHUTDOWN_MESSAGES = {
  softShutdownRequest: {
    direction: "Manager → Agent → Service",
    doc: "The instance shall stop accepting, finish what is in flight, and exit.",
    answer: "softShutdownResponse",
    fields: {
      messageID,
      serviceID,
      graceMs: added(kinds.durationMs, "After this the hard shutdown follows."),
      isFinal: added(kinds.flag, "Whether no refusal is taken any more; default: one is."),
      reason,
    },
  },
  softShutdownResponse: {
    direction: "Service → Agent → Manager",
    doc: "The instance has finished and exits now, or does not and why.",
    fields: {
      messageID,
      serviceID,
      status,
      retryAfterMs: added(
        kinds.durationMs,
        "With 409: it goes on for this long, is asked again then, and does not refuse again.",
      ),
      reason,
    },
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
  serviceUseInfo: {
    direction: "Service → Agent → Manager",
    doc: "The instance works on something that no connection tells of. At most one a second.",
    ours: true,
    fields: { serviceID, reason },
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
    fields: {
      messageID,
      serviceID,
      path: added(
        kinds.path,
        "What it asks itself first, by GET, and that must answer 2xx or 3xx; default: nothing.",
      ),
      timeoutMs: added(kinds.durationMs, "How long that may take."),
    },
  },
  serviceHealthResponse: {
    direction: "Service → Agent → Manager",
    doc: "The instance is well, and this busy; or not: 504 it got no answer, else 5xx a bad one. " +
      "404: its agent has no link to it.",
    ours: true,
    fields: { messageID, serviceID, status, load: added(kinds.load, "How busy."), reason },
  },
} as const satisfies Readonly<Record<string, MessageDefinition>>;
