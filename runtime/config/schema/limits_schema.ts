/**
 * The limits of services and routes in mesh.json, and the settings of the gateway.
 *
 * @module
 */

import { z } from "zod";
import { reasonOf } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { isHeaderName, type RouteLimits, type Sticky } from "../../../protocol/route_limits.ts";
import { addressRange } from "../../gateway/address_ranges.ts";
import { duration } from "./duration_schema.ts";
import { parseSize, SIZE_PATTERN } from "./sizes.ts";

/** The limits of a service or a route, in milliseconds and bytes. */
export interface LimitsDocument {
  /** The longest wait for a connection. */
  readonly connect?: number | undefined;
  /** The longest wait for the first byte of an answer. */
  readonly firstByte?: number | undefined;
  /** The longest time without a byte in either direction. */
  readonly idle?: number | undefined;
  /** The longest time for all of an exchange. */
  readonly total?: number | undefined;
  /** The largest body of a request. */
  readonly body?: number | undefined;
  /** Most requests that wait for the service. */
  readonly waiting?: number | undefined;
  /** Whether what may have been handled is sent once more. */
  readonly retry?: boolean | undefined;
}

/** What services and routes may both say. */
export interface LimitedDocument {
  /** How long and how much. */
  readonly limits?: LimitsDocument | undefined;
  /** What sends the requests of one user to one instance. */
  readonly sticky?: Sticky | undefined;
  /** What a browser sees while the service starts. */
  readonly cold?: "wait" | "page" | undefined;
}

/** The settings of the gateway. */
export interface GatewayDocument {
  /** How many workers share its port. */
  readonly workers?: number | undefined;
  /** Whose `x-forwarded-*` is believed: addresses and ranges of them. */
  readonly trustForwarded?: readonly string[] | undefined;
  /** Most requests that wait for connections, of all services together. */
  readonly waiting?: number | undefined;
}

/** The most workers that may share a port. */
export const GATEWAY_WORKERS_MAX = 64;

/**
 * A size that is written as text and read as bytes.
 *
 * @ignore It is for this room only, and its type is zod's.
 */
export function size(description: string) {
  const text = z.string().meta({ description, pattern: SIZE_PATTERN, examples: ["10MiB"] });
  return text.transform((text, context) => {
    try {
      return parseSize(text);
    } catch (error) {
      context.issues.push({ code: "custom", message: reasonOf(error), input: text });
      return z.NEVER;
    }
  });
}

/** @ignore It is for this room only, and its type is zod's. */
export const limitsSchema = z.strictObject({
  connect: duration("How long a request may wait for a connection, a start included; 150s.", 10)
    .optional(),
  firstByte: duration("How long until an answer begins, once a request was sent.", 10).optional(),
  idle: duration("How long no byte may move in either direction.", 10).optional(),
  total: duration("How long all of an exchange may take.", 10).optional(),
  body: size("The largest body of a request from outside (413).").optional(),
  retry: z.boolean().optional().meta({
    description: "Whether GET and its like are sent once more when their connection breaks; true.",
  }),
  waiting: z.int().min(1).max(1_000_000).optional().meta({
    description: "Most requests that wait for the service at one gateway (503); 10000.",
  }),
}).meta({ description: "Limits for requests from outside: deadlines (504), sizes, queues." });

const headerName = z.string().refine(isHeaderName, {
  error: "expected the name of a header",
});

/** @ignore It is for this room only, and its type is zod's. */
export const stickySchema = z.strictObject({
  cookie: headerName.optional(),
  header: headerName.optional(),
}).refine(({ cookie, header }) => (cookie === undefined) !== (header === undefined), {
  error: "expected a cookie or a header, and not both",
}).transform(({ cookie = "", header }): Sticky => {
  return header === undefined ? { cookie } : { header: header.toLowerCase() };
}).meta({ description: "The cookie or header whose value chooses the instance, if it is there." });

/** @ignore It is for this room only, and its type is zod's. */
export const coldSchema = z.enum(["wait", "page"]).meta({
  description: "What a browser sees while the service starts: nothing yet (wait, the default), " +
    "or a page that waits and then shows the answer (page).",
});

/** @ignore It is for this room only, and its type is zod's. */
export const concurrencySchema = z.int().min(1).max(LIMITS.concurrency).meta({
  description: "Most requests in flight on one connection to it; then another is wanted.",
});

/** @ignore It is for this room only, and its type is zod's. */
export const gatewaySchema = z.strictObject({
  workers: z.int().min(1).max(GATEWAY_WORKERS_MAX).optional().meta({
    description: "How many workers share the port of the gateway; 1.",
  }),
  trustForwarded: z.array(
    z.string().refine((text) => addressRange(text) !== undefined, {
      error: "expected an address or a range of them, such as 10.0.0.0/8 or fd00::/8",
    }),
  ).max(1_000).optional().meta({
    description: "Proxies before the gateway, whose forwarded and x-forwarded-* are believed.",
  }),
  waiting: z.int().min(1).max(1_000_000).optional().meta({
    description: "Most requests that wait for connections at one gateway worker (503); 20000.",
  }),
}).meta({ description: "The way in from outside." });

/**
 * What holds for a route: what it says itself, else what its service says.
 *
 * @returns The limits, or undefined when neither says anything.
 */
export function routeLimits(
  route: LimitedDocument,
  service: LimitedDocument | undefined,
): RouteLimits | undefined {
  const { connect, firstByte, idle, total, body, waiting, retry } = {
    ...service?.limits,
    ...route.limits,
  };
  const limits = {
    connectMs: connect,
    firstByteMs: firstByte,
    idleMs: idle,
    totalMs: total,
    bodyBytesMax: body,
    waitingMax: waiting,
    retry,
    sticky: route.sticky ?? service?.sticky,
    cold: route.cold ?? service?.cold,
  };
  const said = Object.entries(limits).filter(([, value]) => value !== undefined);
  return said.length === 0 ? undefined : Object.fromEntries(said);
}
