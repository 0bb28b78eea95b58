/**
 * The kinds of values that a message can carry, and the check of each. This is half of the door
 * through which everything from outside enters: after it, types are true.
 *
 * @module
 */

import { LIMITS } from "./limits.ts";
import { isName } from "./manifest.ts";

/** A kind of value: its name in the docs, and the check that lets a value in. */
export interface Kind<Value> {
  /** What the documentation calls it. */
  readonly name: string;
  /** Whether an unknown value is of this kind. Never throws. */
  accepts(value: unknown): value is Value;
}

/** A field of a message: its kind, whether it may be absent, and what it means. */
export interface Field<Value, Optional extends boolean> {
  /** The kind of its value. */
  readonly kind: Kind<Value>;
  /** Whether a message without it is whole. */
  readonly optional: Optional;
  /** Whether the published catalogue has it, or it is ours (+ in the docs). */
  readonly ours: boolean;
  /** One sentence for the reference. */
  readonly doc: string;
}

/** A field of the published catalogue, which every message of its type has. */
export function required<Value>(kind: Kind<Value>, doc: string): Field<Value, false> {
  return { kind, optional: false, ours: false, doc };
}

/** A field of the published catalogue that only answers of one kind have. */
export function conditional<Value>(kind: Kind<Value>, doc: string): Field<Value, true> {
  return { kind, optional: true, ours: false, doc };
}

/** A field that we add to the catalogue: absent in the messages of other implementations. */
export function added<Value>(kind: Kind<Value>, doc: string): Field<Value, true> {
  return { kind, optional: true, ours: true, doc };
}

/** Whether a value is an object with string keys, not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWholeNumber(value: unknown, first: number, last: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= first && value <= last;
}

function wholeNumber(name: string, first: number, last: number): Kind<number> {
  return { name, accepts: (value): value is number => isWholeNumber(value, first, last) };
}

/** Texts of a bounded length. */
export function text(name: string, charactersMax: number): Kind<string> {
  return {
    name,
    accepts: (value): value is string => typeof value === "string" && value.length <= charactersMax,
  };
}

/** Lists of a bounded length. */
export function list<Item>(
  name: string,
  item: Kind<Item>,
  entriesMax: number,
): Kind<readonly Item[]> {
  return {
    name,
    accepts: (value): value is readonly Item[] =>
      Array.isArray(value) && value.length <= entriesMax && value.every((one) => item.accepts(one)),
  };
}

/** Every number that correlates a response with its request. */
export const messageID: Kind<number> = wholeNumber("positive integer", 1, Number.MAX_SAFE_INTEGER);
/** The unique number of an instance. */
export const serviceID: Kind<number> = wholeNumber("positive integer", 1, Number.MAX_SAFE_INTEGER);
/** The number of a plug. An in-plug is a TCP port; an out-plug is numbered by its instance. */
export const plug: Kind<number> = wholeNumber("plug", 1, Number.MAX_SAFE_INTEGER);
/** Instances of one service. */
export const serviceIDs: Kind<readonly number[]> = list(
  "list of positive integers",
  serviceID,
  LIMITS.avoidedInstances,
);
/** Instances of one agent. */
export const agentInstanceIDs: Kind<readonly number[]> = list(
  "list of instances of an agent",
  serviceID,
  LIMITS.reportedInstances,
);
/** A TCP port. */
export const port: Kind<number> = wholeNumber("port", 0, 65_535);
/** A status: HTTP's classes. */
export const status: Kind<number> = wholeNumber("status", 100, 599);
/** A count of things. */
export const count: Kind<number> = wholeNumber("count", 0, Number.MAX_SAFE_INTEGER);
/** How many requests may be in flight at once. */
export const concurrency: Kind<number> = wholeNumber("positive count", 1, LIMITS.concurrency);
/** A duration in milliseconds. */
export const durationMs: Kind<number> = wholeNumber("milliseconds", 0, LIMITS.durationMs);
/** Yes or no. */
export const flag: Kind<boolean> = {
  name: "true or false",
  accepts: (value): value is boolean => typeof value === "boolean",
};
/** An exit code of a process. */
export const exitCode: Kind<number> = wholeNumber("exit code", -255, 255);
/** A human-readable reason. */
export const reason: Kind<string> = text("text", LIMITS.reasonCharacters);
/** An IP address or host name. */
export const network: Kind<string> = text("address", LIMITS.networkCharacters);
/** A one-time token. */
export const token: Kind<string> = text("token", LIMITS.tokenCharacters);
/** A certificate or a chain of them, in PEM. */
export const certificate: Kind<string> = text("certificate", LIMITS.certificateCharacters);
/** The path of a URL, with its query. */
export const path: Kind<string> = {
  name: "path",
  accepts: (value): value is string =>
    typeof value === "string" && value.startsWith("/") &&
    value.length <= LIMITS.routeCharacters,
};
/** The name of a signal. */
export const signal: Kind<string> = text("signal", 16);
/** The name of a service or an agent. */
export const name: Kind<string> = { name: "name", accepts: isName };
/** The services that an agent can start. */
export const repository: Kind<readonly string[]> = list(
  "list of names",
  name,
  LIMITS.repositoryEntries,
);

/** How busy somebody is, as far as it can tell. */
export interface Load {
  /** Work in flight now: requests of an instance, instances of an agent. */
  readonly inFlight: number;
}

/** How busy somebody is. */
export const load: Kind<Load> = {
  name: "{inFlight}",
  accepts: (value): value is Load => isRecord(value) && count.accepts(value.inFlight),
};

/**
 * The ends that an instance has: the port that it listens on, and the services that it may dial.
 */
export interface PlugConfiguration {
  /** The in-plug, or null for an instance that accepts no connection (a gateway). */
  readonly in: number | null;
  /** The services that its out-plugs may lead to; `"*"` for every one. */
  readonly out: readonly string[] | "*";
}

/** Whether a value names services that may be reached. */
export function isPlugs(value: unknown): value is readonly string[] | "*" {
  return value === "*" || (Array.isArray(value) && value.length <= LIMITS.plugsEntries &&
    value.every(isName));
}

/** The ends that an instance has. */
export const plugConfiguration: Kind<PlugConfiguration> = {
  name: "{in, out}",
  accepts: (value): value is PlugConfiguration =>
    isRecord(value) && (value.in === null || port.accepts(value.in)) && isPlugs(value.out),
};
