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
 * Says what the gateway knows of a request's way: `forwarded` (RFC 7239), `x-forwarded-for`,
 * `x-forwarded-host` and `x-forwarded-proto`. What a client said of it must have been taken out.
 *
 * @example
 * ```ts
 * import { addForwarded } from "./forwarded.ts";
 * const headers: [string, string][] = [["accept", "text/html"]];
 * addForwarded(headers, { client: "192.0.2.7", host: "shop.test:8080", proto: "http" });
 * console.log(headers);
 * ```
 */
export function addForwarded(headers: HeaderList, { client, host, proto }: Origin): void {
  headers.push(["x-forwarded-host", host], ["x-forwarded-proto", proto]);
  if (client !== undefined) headers.push(["x-forwarded-for", client]);
  headers.push(["forwarded", wayOf({ client, host, proto })]);
}

/**
 * Extends what a trusted proxy said of a request's way: its own address is added to those that it
 * told, and what it said of the host and the scheme that its client used stands.
 *
 * @param way The headers in which it said that.
 */
export function addForwardedBy(
  headers: HeaderList,
  way: HeaderList,
  { client, host, proto }: Origin,
): void {
  const told = (wanted: string) =>
    way.filter(([name, value]) => name === wanted && value !== "").map(([, value]) => value);
  const list = (name: string, own: string | undefined) => {
    const all = own === undefined ? told(name) : [...told(name), own];
    if (all.length > 0) headers.push([name, all.join(", ")]);
  };
  list("x-forwarded-for", client);
  list("forwarded", wayOf({ client, host, proto }));
  headers.push(["x-forwarded-host", told("x-forwarded-host").at(-1) ?? host]);
  const said = told("x-forwarded-proto").at(-1)?.toLowerCase();
  headers.push(["x-forwarded-proto", said === "https" || said === "http" ? said : proto]);
}

function wayOf({ client, host, proto }: Origin): string {
  const way = `host=${quoted(host)};proto=${proto}`;
  if (client === undefined) return way;
  return `for=${client.includes(":") ? `"[${client}]"` : client};${way}`;
}

/**
 * The name of a request, `x-request-id`, by which the logs of all services can tell it: the one
 * that it came with if that has 1 to 128 harmless characters, else a new one.
 */
export function requestIDOf(given: string | undefined): string {
  return given !== undefined && REQUEST_ID.test(given) ? given : crypto.randomUUID();
}

function quoted(host: string): string {
  return QUOTABLE.test(host) ? `"${host}"` : '""';
}
