/**
 * Which of its addresses a host is reached at by the other hosts of a mesh, and who is near it.
 *
 * @module
 */

import { type Address, isLocal, isWildcard } from "./address.ts";

/** An address that a host has. */
export type Interface = Pick<Deno.NetworkInterfaceInfo, "family" | "address" | "cidr">;

/** What is known of a host. */
export interface HostPlace {
  /** Where its manager is. */
  readonly manager: Address;
  /** Where it listens for gateways. */
  readonly listen: Address;
  /** Its addresses. */
  readonly interfaces: readonly Interface[];
}

/** It cannot be told; the message says what to do. */
export class NetworkError extends Error {
  /** The name of the class. */
  override readonly name = "NetworkError";
}

/**
 * Finds the address of a host: with a manager on the loopback the loopback; else what it listens
 * on, what is in the network of the manager, or its only address.
 *
 * @throws {NetworkError} when there are several, or none.
 */
export function findNetwork({ manager, listen, interfaces }: HostPlace): string {
  if (isLocal(manager)) return "127.0.0.1";
  if (!isLocal(listen) && !isWildcard(listen.hostname)) return listen.hostname;
  const own = interfaces.filter(({ family, address }) =>
    family === "IPv4" && !isLocal({ hostname: address, port: 0 })
  );
  const near = own.find(({ cidr }) => isInside(manager.hostname, cidr));
  if (near !== undefined) return near.address;
  const [only] = own;
  if (own.length === 1 && only !== undefined) return only.address;
  const found = own.map(({ address }) => address).join(", ");
  throw new NetworkError(
    "Cannot tell at which address other hosts reach the services of this one: give --network " +
      `ADDRESS${found === "" ? "" : `, one of ${found}`}`,
  );
}

/**
 * The range of addresses around one of this host, where other hosts of its mesh are looked for; the
 * address alone when it is none of this host, or of IPv6, of which permissions know no ranges.
 */
export function rangeAround(network: string, interfaces: readonly Interface[]): string {
  const own = interfaces.find(({ family, address }) => family === "IPv4" && address === network);
  return own?.cidr ?? network;
}

function isInside(address: string, cidr: string): boolean {
  const [base = "", bits = "32"] = cidr.split("/");
  const [one, other] = [numberOf(address), numberOf(base)];
  if (one === undefined || other === undefined) return false;
  // By division, since shifts by 32 do nothing.
  const size = 2 ** (32 - Number(bits));
  return Math.floor(one / size) === Math.floor(other / size);
}

function numberOf(address: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return undefined;
  return address.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}
