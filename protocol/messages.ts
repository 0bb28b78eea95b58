/**
 * The one table of messages. Types, guards and docs/PROTOCOL.md derive from it; nothing else in the
 * project lists message types or fields. Names on the wire are exactly the names here. The rows are
 * in the folder of the same name, by what they are about.
 *
 * @module
 */

import type { Field } from "./fields.ts";
import { AGENT_MESSAGES } from "./messages/agents.ts";
import { CONNECTION_MESSAGES } from "./messages/connections.ts";
import { OUTPUT_MESSAGES } from "./messages/output.ts";
import { SHUTDOWN_MESSAGES } from "./messages/shutdowns.ts";
import { START_MESSAGES } from "./messages/starts.ts";

export type { Direction, MessageDefinition } from "./messages/definition.ts";

/** Every message of the protocol, by the name of its type. */
export const MESSAGES:
  & typeof AGENT_MESSAGES
  & typeof START_MESSAGES
  & typeof CONNECTION_MESSAGES
  & typeof SHUTDOWN_MESSAGES
  & typeof OUTPUT_MESSAGES = {
    ...AGENT_MESSAGES,
    ...START_MESSAGES,
    ...CONNECTION_MESSAGES,
    ...SHUTDOWN_MESSAGES,
    ...OUTPUT_MESSAGES,
  };

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
