/**
 * The life of a connection: flows 2, 5, 6 and 7.
 *
 * @module
 */

import * as kinds from "../fields.ts";
import { added, conditional, required } from "../fields.ts";
import {
  destPlug,
  type MessageDefinition,
  messageID,
  reason,
  sourcePlug,
  status,
} from "./definition.ts";

/** The life of a connection. */
export const CONNECTION_MESSAGES = {
  connectionRequest: {
    direction: "Service → Agent → Manager",
    doc: "An instance wants a connection to a service, which may have to be started for it.",
    answer: "connectionResponse",
    fields: {
      messageID,
      serviceID: required(kinds.serviceID, "The instance that asks."),
      sourcePlug,
      destServiceName: required(kinds.name, "The service that it wants to reach."),
      avoid: added(
        kinds.serviceIDs,
        "Instances that it does not want: it has connections to them that are full, or they fail.",
      ),
      waiting: added(kinds.count, "Requests that wait for it at the source; default: 1."),
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
      ticket: added(kinds.token, "Shows the instance there that the manager sent this source."),
      destCertificate: added(
        kinds.certificate,
        "The authority of the certificate that it shows; default: the session is plain.",
      ),
      concurrency: added(
        kinds.concurrency,
        "Most requests in flight on the connection; default: no bound.",
      ),
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
      connectMs: added(kinds.durationMs, "From the answer until it was open; default: 0."),
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
      inFlight: added(kinds.count, "Exchanges that are open now; default: 0."),
      firstMs: added(
        kinds.durationMs,
        "From when the connection was open until its first exchange ended; told once.",
      ),
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
      isGone: added(
        kinds.flag,
        "Whether its destination is gone, or killed now: nothing in flight ends; default: it does.",
      ),
      reason,
    },
  },
  connectionCloseResponse: {
    direction: "Service → Agent → Manager",
    doc: "The connection is closed, or there was none.",
    fields: { messageID, status, reason },
  },
} as const satisfies Readonly<Record<string, MessageDefinition>>;
