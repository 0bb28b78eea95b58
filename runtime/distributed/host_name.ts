/**
 * The name of a host as a name in the mesh.
 *
 * @module
 */

const CHARACTERS_MAX = 63;

/**
 * Makes a name of the mesh of the name of a host: lower case, without what a name can't have.
 *
 * @example
 * ```ts
 * import { nameOfHost } from "./host_name.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(nameOfHost("Ada's MacBook.local"), "ada-s-macbook");
 * assertEquals(nameOfHost("10.0.0.7"), "host-10");
 * ```
 */
export function nameOfHost(hostname: string): string {
  const [first = ""] = hostname.toLowerCase().split(".");
  const bare = first.replace(/[^a-z0-9]+/g, "-").replace(/^-+/, "");
  const name = /^[a-z]/.test(bare) ? bare : `host-${bare}`;
  return name.slice(0, CHARACTERS_MAX).replace(/-+$/, "");
}
