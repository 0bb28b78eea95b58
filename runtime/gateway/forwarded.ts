/**
 * What the gateway says of a request's way: where it came from, and a name for it. Nothing of that
 * is taken from outside, where anybody can write anything: a client's own `forwarded`,
 * `x-forwarded-*` and `x-real-ip` never reach a service.
 *
 * @module
 */

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
 * import { setForwarded } from "./forwarded.ts";
 * const headers = new Headers({ "x-forwarded-for": "6.6.6.6" });
 * setForwarded(headers, { client: "192.0.2.7", host: "shop.test:8080", proto: "http" });
 * console.log(headers.get("x-forwarded-for"), headers.get("forwarded"));
 * ```
 */
export function setForwarded(headers: Headers, { client, host, proto }: Origin): void {
  for (const name of [...headers.keys()]) {
    if (name.startsWith("x-forwarded-")) headers.delete(name);
  }
  headers.delete("x-real-ip");
  const pairs = [`host=${quoted(host)}`, `proto=${proto}`];
  if (client !== undefined) {
    headers.set("x-forwarded-for", client);
    pairs.unshift(`for=${client.includes(":") ? `"[${client}]"` : client}`);
  }
  headers.set("x-forwarded-host", host);
  headers.set("x-forwarded-proto", proto);
  headers.set("forwarded", pairs.join(";"));
}

/**
 * Sees to it that a request has a name, `x-request-id`, by which the logs of all services can tell
 * it: the client's if it has one of 1 to 128 harmless characters, else a new one.
 */
export function setRequestID(headers: Headers): void {
  const given = headers.get("x-request-id");
  if (given === null || !REQUEST_ID.test(given)) headers.set("x-request-id", crypto.randomUUID());
}

function quoted(host: string): string {
  return QUOTABLE.test(host) ? `"${host}"` : '""';
}
