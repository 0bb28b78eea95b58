/**
 * Where roles find each other: `HOST:PORT`.
 *
 * @module
 */

import { isLoopback } from "../admin/admin_guard.ts";

/** A place that can be listened on or dialled. */
export interface Address {
  /** A name or an address, an IPv6 one without brackets. */
  readonly hostname: string;
  /** A TCP port; 0 lets the system choose one to listen on. */
  readonly port: number;
}

const PORT_MAX = 65_535;

/**
 * Reads `HOST:PORT`; an IPv6 address stands in brackets, and `:PORT` alone means the loopback.
 *
 * @example
 * ```ts
 * import { formatAddress, parseAddress } from "./address.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseAddress("10.77.0.1:7400"), { hostname: "10.77.0.1", port: 7400 });
 * assertEquals(formatAddress(parseAddress("[fd00::1]:7400")), "[fd00::1]:7400");
 * ```
 *
 * @throws {SyntaxError} when it is something else; the message continues a sentence: "expected …".
 */
export function parseAddress(text: string): Address {
  const [, bracketed, plain, digits = ""] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === "" || port > PORT_MAX) {
    throw new SyntaxError("expected HOST:PORT, such as 127.0.0.1:7400");
  }
  return { hostname: bracketed ?? (plain || "127.0.0.1"), port };
}

/** Writes an address as people type it. */
export function formatAddress({ hostname, port }: Address): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** Whether only programs of this machine are at an address. */
export function isLocal({ hostname }: Address): boolean {
  return isLoopback(hostname);
}

/** Whether an address means every network of this machine, so that nobody can dial it. */
export function isWildcard(hostname: string): boolean {
  return hostname === "0.0.0.0" || hostname === "::";
}
