/**
 * What instances write, on its way to who looks for it, and what they were refused.
 *
 * @module
 */

import * as kinds from "../fields.ts";
import { added, required } from "../fields.ts";
import * as output from "../output.ts";
import { type MessageDefinition, messageID, reason, serviceID, status } from "./definition.ts";

/** What instances write, and what they were refused. */
export const OUTPUT_MESSAGES = {
  outputRequest: {
    direction: "Manager → Agent",
    doc: "What did instances write? With `after` only what nobody was told yet; with `waitMs` " +
      "the answer waits for such a line. So whoever follows asks again and again, and who asks " +
      "no more follows no more.",
    answer: "outputResponse",
    ours: true,
    fields: {
      messageID,
      lines: required(output.lineCount, "At most so many lines; without `after` the newest."),
      service: added(kinds.name, "Only of this service; default: of all."),
      serviceID: added(kinds.serviceID, "Only of this instance; default: of all."),
      stream: added(output.outputStream, "Only what was written there; default: both."),
      sinceMs: added(kinds.count, "Only what is as new, in milliseconds since 1970."),
      after: added(output.outputPlaces, "How far each instance was read; of others all is new."),
      waitMs: added(kinds.durationMs, "How long the answer may wait for a line; default: not."),
    },
  },
  outputResponse: {
    direction: "Agent → Manager",
    doc: "What instances wrote, also some that have ended, or why that can't be told.",
    ours: true,
    fields: {
      messageID,
      status,
      output: added(output.reportedOutput, "The lines of each instance."),
      reason,
    },
  },
  permissionRefusedInfo: {
    direction: "Agent → Manager",
    doc: "An instance wrote that Deno refused it something; told once for each service and thing.",
    ours: true,
    fields: {
      serviceID,
      permission: required(output.permission, "The kind of permission that it lacks."),
      target: added(output.permissionTarget, "For what; absent: for all of that kind."),
      reason,
    },
  },
} as const satisfies Readonly<Record<string, MessageDefinition>>;
