/**
 * The one door: everything that comes from another process enters here, or does not.
 *
 * @module
 */

import { isRecord } from "./fields.ts";
import { isMessageType, type Message, type MessageDefinition, MESSAGES } from "./messages.ts";
import { STATUS } from "./status.ts";

/** What the door says: a message that can be trusted in shape, or a refusal. */
export type Parsed =
  | { readonly message: Message }
  | {
    /** Always 400: the fault is the sender's. */
    readonly status: number;
    /** What was expected and what was there. */
    readonly reason: string;
  };

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object";
  const text = String(value);
  return `${typeof value} ${text.length > 40 ? `${text.slice(0, 40)}…` : text}`;
}

function refusal(reason: string): Parsed {
  return { status: STATUS.badRequest, reason };
}

/**
 * Checks a value and gives it back as a message with just the fields of its type; unknown fields
 * are left out, so that a newer peer can add some. Never throws.
 *
 * @example
 * ```ts
 * import { parseMessage } from "./parse_message.ts";
 * const parsed = parseMessage({ type: "softShutdownRequest", messageID: 7, serviceID: 12 });
 * if ("message" in parsed) console.log(parsed.message.type);
 * else console.log(parsed.status, parsed.reason);
 * ```
 */
export function parseMessage(value: unknown): Parsed {
  if (!isRecord(value)) {
    return refusal(`Cannot read a message: expected an object, got ${shown(value)}`);
  }
  const type = value.type;
  if (!isMessageType(type)) {
    return refusal(`Cannot read a message: "type" must be one of the table, got ${shown(type)}`);
  }
  const definition: MessageDefinition = MESSAGES[type];
  const message: Record<string, unknown> = { type };
  for (const key in definition.fields) {
    const field = definition.fields[key];
    const given = value[key];
    if (field === undefined || (given === undefined && field.optional)) continue;
    if (!field.kind.accepts(given)) {
      return refusal(
        `Cannot read "${type}": "${key}" must be of kind "${field.kind.name}", got ${shown(given)}`,
      );
    }
    message[key] = given;
  }
  // Every field of the definition was checked just now, which the compiler can't follow.
  return { message: message as unknown as Message };
}

/** Cuts a reason to what the protocol allows. */
export function cutReason(reason: string, charactersMax = 4_000): string {
  return reason.length <= charactersMax ? reason : `${reason.slice(0, charactersMax - 1)}…`;
}
