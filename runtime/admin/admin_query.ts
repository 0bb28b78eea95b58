/**
 * The query parameters of the admin API: read by one table, which its description uses too.
 *
 * @module
 */

import { isName } from "../../protocol/manifest.ts";
import { isMessageType, type MessageType } from "../../protocol/messages.ts";

/** Most entries that can be asked for at once. */
export const LIMIT_MAX = 10_000;

/** Longest text of a parameter that is read, in characters. */
const TEXT_MAX = 100;

/** What every parameter is read into. */
export interface AdminQuery {
  /** Only what concerns this service. */
  service?: string;
  /** Only what concerns this instance. */
  instance?: number;
  /** Only what concerns this connection. */
  connection?: number;
  /** Only what is as new as this. Milliseconds since 1970. */
  since?: number;
  /** Only what is as old as this. Milliseconds since 1970. */
  until?: number;
  /** Only history after this number, the oldest first. */
  after?: number;
  /** Whether history tells each offer and use of a connection too. */
  details?: boolean;
  /** At most so many entries. */
  limit?: number;
  /** Only what was written there. */
  stream?: "stdout" | "stderr";
  /** Whether what is written from now on follows. */
  follow?: boolean;
  /** Only messages of this kind. */
  kind?: MessageType;
}

/** The name of a parameter. */
export type ParameterName = keyof AdminQuery;

/** A parameter. */
export interface Parameter<Value> {
  /** Reads its text; undefined when it is not what it should be. */
  readonly read: (text: string) => Value | undefined;
  /** What it should be, to end the sentence "expected …". */
  readonly expected: string;
  /** What it does. */
  readonly doc: string;
  /** Its type in the description. */
  readonly schema: Readonly<Record<string, unknown>>;
}

const ID_SCHEMA = { type: "integer", minimum: 1 };
const TIME_SCHEMA = { oneOf: [{ type: "string", format: "date-time" }, { type: "integer" }] };

/** Every parameter. */
export const PARAMETERS: {
  readonly [Name in ParameterName]: Parameter<NonNullable<AdminQuery[Name]>>;
} = {
  service: {
    read: (text) => isName(text) ? text : undefined,
    expected: "the name of a service",
    doc: "Only what concerns this service.",
    schema: { type: "string" },
  },
  instance: {
    read: (text) => readWhole(text, 1),
    expected: "the number of an instance",
    doc: "Only what concerns this instance.",
    schema: ID_SCHEMA,
  },
  connection: {
    read: (text) => readWhole(text, 1),
    expected: "the number of a connection",
    doc: "Only what concerns this connection.",
    schema: ID_SCHEMA,
  },
  since: {
    read: readTime,
    expected: "a time such as 2026-11-24T22:00:00Z, or milliseconds since 1970",
    doc: "Only what is as new as this.",
    schema: TIME_SCHEMA,
  },
  until: {
    read: readTime,
    expected: "a time such as 2026-11-24T22:00:00Z, or milliseconds since 1970",
    doc: "Only what is as old as this.",
    schema: TIME_SCHEMA,
  },
  after: {
    read: (text) => readWhole(text, 0),
    expected: "the number of a line of history, or 0",
    doc: "Only what follows this number: the oldest of it instead of the newest.",
    schema: { type: "integer", minimum: 0 },
  },
  details: {
    read: readFlag,
    expected: "true or false",
    doc: "Whether each offer and use of a connection is told too; it is when this is absent.",
    schema: { type: "boolean" },
  },
  limit: {
    read: (text) => {
      const limit = readWhole(text, 1);
      return limit !== undefined && limit <= LIMIT_MAX ? limit : undefined;
    },
    expected: `a whole number from 1 to ${LIMIT_MAX}`,
    doc: "At most so many entries.",
    schema: { type: "integer", minimum: 1, maximum: LIMIT_MAX },
  },
  stream: {
    read: (text) => text === "stdout" || text === "stderr" ? text : undefined,
    expected: "stdout or stderr",
    doc: "Only what was written there.",
    schema: { enum: ["stdout", "stderr"] },
  },
  follow: {
    read: readFlag,
    expected: "true or false",
    doc: "Whether what is written from now on follows.",
    schema: { type: "boolean" },
  },
  kind: {
    read: (text) => isMessageType(text) ? text : undefined,
    expected: "the type of a message, such as connectionRequest",
    doc: "Only messages of this type.",
    schema: { type: "string" },
  },
};

function readFlag(text: string): boolean | undefined {
  return text === "true" ? true : text === "false" ? false : undefined;
}

/** Reads a whole number; undefined for anything else. */
export function readWhole(text: string, min: number): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) && value >= min ? value : undefined;
}

function readTime(text: string): number | undefined {
  const whole = readWhole(text, 0);
  if (whole !== undefined) return whole;
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return undefined;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : atMs;
}

/**
 * Reads the query of a request.
 *
 * @param search The parameters as they came.
 * @param allowed Those that mean something here.
 * @returns The values, or why they cannot be used.
 */
export function readQuery(
  search: URLSearchParams,
  allowed: readonly ParameterName[],
): AdminQuery | string {
  const query: AdminQuery = {};
  for (const [key, text] of search) {
    const name = allowed.find((one) => one === key);
    if (name === undefined) {
      const known = allowed.length === 0 ? "this takes none" : `known: ${allowed.join(", ")}`;
      return `Cannot use the parameter "${key.slice(0, TEXT_MAX)}": ${known}`;
    }
    if (text.length > TEXT_MAX || !readInto(query, name, text)) {
      const { expected } = PARAMETERS[name];
      return `Cannot use ${name} "${text.slice(0, TEXT_MAX)}": expected ${expected}`;
    }
  }
  return query;
}

function readInto<Name extends ParameterName>(
  query: Pick<AdminQuery, Name>,
  name: Name,
  text: string,
): boolean {
  const value = PARAMETERS[name].read(text);
  if (value === undefined) return false;
  query[name] = value;
  return true;
}
