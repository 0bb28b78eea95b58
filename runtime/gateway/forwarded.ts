/**
 * What the gateway says of a request's way: where it came from, and a name for it. Nothing of that
 * is taken from outside, where anybody can write anything: a client's own `forwarded`,
 * `x-forwarded-*` and `x-real-ip` never reach a service, unless the client is a trusted proxy.
 *
 * @module
 */

import type { HeaderList } from "../sessions/session.ts";

/** How a request came to the gateway. */
export interface Origin {
  /** The address of the client's end of the connection; undefined when it is not known. */
  readonly client: string | undefined;
  /** The host that the client named, with its port. */
  readonly host: string;
  /** The scheme that the client used. */
  readonly proto: "http" | "https";
}

/** What may name a request: what logs and file names take without quoting. */
const REQUEST_ID = /^[\w.:+/=@-]{1,128}$/;

/** A host with its port, or an address, as `forwarded` takes it without an escape. */
const QUOTABLE = /^[^"\\\p{Cc}]*$/u;

/**
 * Replaces what a client said of its request's way by what the gateway knows of it: `forwarded`
 * (RFC 7239), `x-forwarded-for`, `x-forwarded-host` and `x-forwarded-proto`.
 *
 * @example
 * ```ts
 * import { withForwarded } from "./forwarded.ts";
 * const given: [string, string][] = [["x-forwarded-for", "6.6.6.6"]];
 * const origin = { client: "192.0.2.7", host: "shop.test:8080", proto: "http" } as const;
 * console.log(withForwarded(given, origin));
 * ```
 */
export function withForwarded(given: HeaderList, { client, host, proto }: Origin): HeaderList {
  const headers = given.filter(([name]) => !tellsWay(name));
  const way = wayOf({ client, host, proto });
  headers.push(["x-forwarded-host", host], ["x-forwarded-proto", proto]);
  if (client !== undefined) headers.push(["x-forwarded-for", client]);
  headers.push(["forwarded", way]);
  return headers;
}

/**
 * Extends what a trusted proxy said of a request's way: its own address is added to those that it
 * told, and what it said of the host and the scheme that its client used stands.
 */
export function withForwardedBy(given: HeaderList, { client, host, proto }: Origin): HeaderList {
  const told = (wanted: string) =>
    given.filter(([name, value]) => name === wanted && value !== "").map(([, value]) => value);
  const headers = given.filter(([name]) => !tellsWay(name));
  const list = (name: string, own: string | undefined) => {
    const all = own === undefined ? told(name) : [...told(name), own];
    if (all.length > 0) headers.push([name, all.join(", ")]);
  };
  list("x-forwarded-for", client);
  list("forwarded", wayOf({ client, host, proto }));
  headers.push(["x-forwarded-host", told("x-forwarded-host").at(-1) ?? host]);
  const said = told("x-forwarded-proto").at(-1)?.toLowerCase();
  headers.push(["x-forwarded-proto", said === "https" || said === "http" ? said : proto]);
  return headers;
}

function tellsWay(name: string): boolean {
  return name.startsWith("x-forwarded-") || name === "x-real-ip" || name === "forwarded";
}

function wayOf({ client, host, proto }: Origin): string {
  const way = `host=${quoted(host)};proto=${proto}`;
  if (client === undefined) return way;
  return `for=${client.includes(":") ? `"[${client}]"` : client};${way}`;
}

/**
 * Sees to it that a request has a name, `x-request-id`, by which the logs of all services can tell
 * it: the client's if it has one of 1 to 128 harmless characters, else a new one.
 */
export function withRequestID(given: HeaderList): HeaderList {
  let name: string | undefined;
  for (const header of given) if (header[0] === "x-request-id") name ??= header[1];
  if (name !== undefined && REQUEST_ID.test(name)) return given;
  const headers = given.filter(([name]) => name !== "x-request-id");
  headers.push(["x-request-id", crypto.randomUUID()]);
  return headers;
}

function quoted(host: string): string {
  return QUOTABLE.test(host) ? `"${host}"` : '""';
}
