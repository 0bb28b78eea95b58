/**
 * The rule of what leaves a machine: beyond the loopback a role speaks with certificates, unless
 * its user says otherwise, and then it is said back at each start.
 *
 * @module
 */

import { type Address, formatAddress, isLocal } from "./address.ts";

/** What a role is about to open to other machines. */
export interface Exposure {
  /** What is done there, such as `listen for agents`. */
  readonly what: string;
  /** Where. */
  readonly address: Address;
  /** Whether it has certificates. */
  readonly hasCertificates: boolean;
  /** Whether its user said `--insecure`. */
  readonly isInsecure: boolean;
}

/** Something would leave the machine in the clear. */
export class ExposureError extends Error {
  /** The name of the class. */
  override readonly name = "ExposureError";
}

/**
 * Checks what a role is about to open.
 *
 * @returns A warning for the user, when it is open to everybody by their own word.
 * @throws {ExposureError} when it would be open without their word.
 */
export function checkExposure(exposure: Exposure): string | undefined {
  const { what, address, hasCertificates, isInsecure } = exposure;
  if (hasCertificates || isLocal(address)) return undefined;
  const where = formatAddress(address);
  if (isInsecure) {
    return `${where} is open to everybody who can reach it: --insecure means no certificates, ` +
      "no encryption";
  }
  throw new ExposureError(
    `Cannot ${what} at "${where}" without certificates: it is not the loopback; give --tls ` +
      "FOLDER (deno task smmp ca issue makes one), or --insecure on a network that you trust",
  );
}
