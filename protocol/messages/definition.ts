/**
 * The form of a row of the table of messages, and the fields that many rows share.
 *
 * @module
 */

import * as kinds from "../fields.ts";
import { added, type Field, required } from "../fields.ts";

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

/** Pairs a response with its request; per link. */
export const messageID: Field<number, false> = required(
  kinds.messageID,
  "Pairs a response with its request; per link.",
);
/** An HTTP status by class: 2xx done, 4xx, 5xx refused. */
export const status: Field<number, false> = required(
  kinds.status,
  "An HTTP status by class: 2xx done, 4xx, 5xx refused.",
);
/** Why, for a person to act on. */
export const reason: Field<string, true> = added(kinds.reason, "Why, for a person to act on.");
/** The instance. */
export const serviceID: Field<number, false> = required(kinds.serviceID, "The instance.");
/** The out-plug, numbered by the instance that dials. */
export const sourcePlug: Field<number, false> = required(
  kinds.plug,
  "The out-plug, numbered by the instance that dials.",
);
/** The in-plug: a TCP port. */
export const destPlug: Field<number, false> = required(kinds.port, "The in-plug: a TCP port.");
/** The address of the agent's host. */
export const agentNetwork: Field<string, false> = required(
  kinds.network,
  "The address of the agent's host.",
);
/** The port on which the agent accepts services. */
export const agentPort: Field<number, false> = required(
  kinds.port,
  "The port on which the agent accepts services.",
);
