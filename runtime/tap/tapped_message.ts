/**
 * A message as whoever taps the manager sees it: without secrets, and of bounded length.
 *
 * @module
 */

import { isRecord } from "../../protocol/fields.ts";
import { type Message, MESSAGES } from "../../protocol/messages.ts";

/** A line of a tap. */
export type TapEntry =
  | {
    /** A message that came to the manager, or left it. */
    readonly kind: "message";
    /** When, in ISO 8601. */
    readonly at: string;
    /** The agent that sent it, passed it on, or shall. */
    readonly agent: string;
    /** Who said it. */
    readonly from: string;
    /** For whom it is. */
    readonly to: string;
    /** What it said: secrets are masked, long lists and texts cut. */
    readonly message: Readonly<Record<string, unknown>>;
  }
  | {
    /** Messages that are not told, since they came faster than they were read. */
    readonly kind: "dropped";
    /** How many. */
    readonly count: number;
  };

/** What stands for a secret. */
export const MASK = "•••";

/** Fields that hold secrets, wherever in a message they stand. */
const SECRET = /^token$|ticket|secret|password|proof|key$/i;

/** Most entries of a list or of names that are told. */
const LIST_MAX = 20;
/** Longest text that is told, in characters. */
const TEXT_MAX = 1_000;

/** The fields of a message that may be told. */
export function shownMessage(message: Message): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(message).map(([name, value]) => [name, shown(name, value)]),
  );
}

function shown(name: string, value: unknown): unknown {
  if (SECRET.test(name)) return MASK;
  // What services print can hold any secret, and has a command of its own.
  if (name === "lines" && Array.isArray(value)) return `${value.length} lines`;
  if (typeof value === "string") {
    return value.length <= TEXT_MAX ? value : `${value.slice(0, TEXT_MAX)}…`;
  }
  if (Array.isArray(value)) {
    const first = value.slice(0, LIST_MAX).map((one) => shown("", one));
    const left = value.length - first.length;
    return left === 0 ? first : [...first, `${left} more`];
  }
  if (!isRecord(value)) return value;
  const entries = Object.entries(value);
  const first = entries.slice(0, LIST_MAX).map(([key, one]) => [key, shown(key, one)]);
  const left = entries.length - first.length;
  return Object.fromEntries(left === 0 ? first : [...first, ["…", `${left} more`]]);
}

/** Whom a message is about. */
export interface Concerned {
  /** The numbers of instances that it names. */
  readonly instances: ReadonlySet<number>;
  /** The services that it names. */
  readonly services: ReadonlySet<string>;
}

const INSTANCE_FIELDS = ["serviceID", "destServiceID", "sourceServiceID"] as const;
const SERVICE_FIELDS = ["serviceName", "destServiceName", "typeOfService", "service"] as const;
const SERVICE_LISTS = ["repository", "edited"] as const;

/** Finds whom a message names, in lists too. */
export function concernedBy(message: Message): Concerned {
  const instances = new Set<number>();
  const services = new Set<string>();
  const look = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(look);
    if (!isRecord(value)) return;
    for (const field of INSTANCE_FIELDS) {
      if (typeof value[field] === "number") instances.add(value[field]);
    }
    for (const field of SERVICE_FIELDS) {
      if (typeof value[field] === "string") services.add(value[field]);
    }
    for (const field of SERVICE_LISTS) {
      const names = value[field];
      if (Array.isArray(names)) { for (const name of names) services.add(String(name)); }
    }
    for (const one of Object.values(value)) if (typeof one === "object") look(one);
  };
  look(message);
  return { instances, services };
}

/** Whether the end of a message that is not the manager is a service, and not the agent itself. */
export function isOfService({ type }: Message): boolean {
  return MESSAGES[type].direction.includes("Service");
}
