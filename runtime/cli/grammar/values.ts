/**
 * How the values of arguments and flags are read.
 *
 * @module
 */

import { LIMITS } from "../../../protocol/limits.ts";
import { parseDuration } from "../../config/schema/durations.ts";
import {
  IDENTITY_ROLES,
  type IdentityRole,
  isIdentityRole,
} from "../../../transports/secure/identity.ts";
import { type Address, parseAddress } from "../../distributed/address.ts";
import type { Header, Label, Peer, PsOrder, ValueType, ValueTypes } from "./command_spec.ts";

/** The most entries that a count can ask for. */
const COUNT_MAX = 1_000_000;

const HOST_PATTERN = /^[\w.:-]+$/;
const HOST_EXPECTED = "a name or address such as 127.0.0.1";

/** Reads the text of one type; throws an error whose message says what was expected. */
type Reader<Type extends ValueType> = (text: string, nowMs: number) => ValueTypes[Type];

const READERS: { readonly [Type in ValueType]: Reader<Type> } = {
  boolean: (text) => text === "true",
  text: (text) => text,
  host: (text) => expectPattern(text, HOST_PATTERN, HOST_EXPECTED),
  url: readUrl,
  method: (text) => expectPattern(text.toUpperCase(), /^[A-Z]+$/, "an HTTP method such as POST"),
  path: (text) => expectPattern(text, /^\/[^\s#]*$/, "a path that starts with /, such as /visits"),
  port: (text) => readWhole(text, { first: 0, last: 65_535 }),
  count: (text) => readWhole(text, { first: 1, last: COUNT_MAX }),
  id: (text) => readWhole(text, { first: 1, last: Number.MAX_SAFE_INTEGER }),
  moment: readMoment,
  duration: readDuration,
  headers: (text) => [readHeader(text)],
  hosts: (text) => [expectPattern(text, HOST_PATTERN, HOST_EXPECTED)],
  role: readRole,
  address: parseAddress,
  peer: readPeer,
  manager: readManager,
  order: readOrder,
  labels: (text) => [readLabel(text)],
  networks: (text) => text.split(",").map(readNetwork),
};

/**
 * Reads one value.
 *
 * @param text The text as it was typed.
 * @param options Its type, and the time from which "how long ago" counts.
 * @returns The value.
 * @throws {SyntaxError | RangeError} If the text is not of this type; the message continues a
 * sentence: "expected …".
 */
export function readValue<Type extends ValueType>(
  text: string,
  options: { readonly type: Type; readonly nowMs: number },
): ValueTypes[Type] {
  return READERS[options.type](text, options.nowMs);
}

function expectPattern(text: string, pattern: RegExp, expected: string): string {
  if (pattern.test(text)) return text;
  throw new SyntaxError(`expected ${expected}`);
}

function readRole(text: string): IdentityRole {
  if (isIdentityRole(text)) return text;
  throw new SyntaxError(`expected one of ${IDENTITY_ROLES.join(", ")}`);
}

function readOrder(text: string): PsOrder {
  if (text === "memory" || text === "cpu") return text;
  throw new SyntaxError("expected memory or cpu");
}

function readPeer(text: string): Peer {
  const [, name, address = ""] = /^(?:([a-z][a-z0-9-]*)@)?(.*)$/.exec(text) ?? [];
  try {
    return { ...parseAddress(address), name };
  } catch (cause) {
    throw new SyntaxError("expected [NAME@]HOST:PORT, such as a1@10.77.0.2:7402", { cause });
  }
}

function readManager(text: string): Address | URL {
  if (/^https?:/.test(text)) return new URL(readUrl(text));
  return parseAddress(text);
}

function readLabel(text: string): Label {
  const [, name, value] = /^([^=]{1,63})=(.{1,63})$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new SyntaxError("expected NAME=VALUE, such as disk=fast");
  }
  return [name, value];
}

function readNetwork(text: string): string {
  // Deno's permissions know no ranges of IPv6.
  const pattern = /^(?:[\w.-]+(?:\/\d{1,2})?|[\da-f:]+)$/i;
  return expectPattern(text.trim(), pattern, "addresses such as 10.77.0.0/16 or fd00::2");
}

function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url.href;
  throw new SyntaxError("expected a URL such as http://127.0.0.1:8081");
}

function readWhole(text: string, { first, last }: { first: number; last: number }): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= first && value <= last) return value;
  throw new RangeError(
    last === Number.MAX_SAFE_INTEGER
      ? "expected a whole number above 0"
      : `expected a whole number from ${first} to ${last}`,
  );
}

function readMoment(text: string, nowMs: number): number {
  if (/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text)) {
    const momentMs = Date.parse(text);
    if (!Number.isNaN(momentMs)) return momentMs;
  }
  try {
    return nowMs - parseDuration(text);
  } catch {
    // The two readings of a moment belong in one sentence, which the duration's does not know.
    throw new SyntaxError("expected how long ago, such as 10m, or a time such as 2026-11-24T22:00");
  }
}

function readDuration(text: string): number {
  try {
    return parseDuration(text, { maxMs: LIMITS.durationMs });
  } catch (cause) {
    throw new SyntaxError("expected a duration of at most 30d, such as 90s or 5m", { cause });
  }
}

function readHeader(text: string): Header {
  const [, name, value] = /^([!#$%&'*+.^`|~\w-]+):\s*(\S.*)?$/.exec(text) ?? [];
  if (name === undefined) throw new SyntaxError("expected a header such as 'accept: text/plain'");
  return [name, (value ?? "").trim()];
}
