/**
 * What an agent and each of its instances know of each other and nobody else does. All of it
 * follows from one secret of the agent, so an agent that is started again with it knows its
 * instances again.
 *
 * @module
 */

import { createSigner } from "../../tickets/hmac.ts";

/** The secrets of instances, by their number. */
export interface InstanceSecrets {
  /** By what an instance proves to its agent who it is. */
  token(serviceID: number): string;
  /** With what an instance checks tickets, and the manager makes them. */
  ticketKey(serviceID: number): string;
}

/** Bytes of an agent's secret, when it makes one. */
export const SECRET_BYTES = 32;

/** A new secret of an agent. */
export function newSecret(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
}

/**
 * Derives the secrets of instances.
 *
 * @param secret The agent's own; at least 16 bytes that nobody can guess. @default {a new one}
 *
 * @example
 * ```ts
 * import { createInstanceSecrets } from "./instance_secrets.ts";
 * const secrets = createInstanceSecrets();
 * console.log(secrets.token(17) === secrets.token(17));
 * ```
 */
export function createInstanceSecrets(secret: Uint8Array = newSecret()): InstanceSecrets {
  const sign = createSigner(secret);
  return {
    token: (serviceID) => sign(`smmp token ${serviceID}`),
    ticketKey: (serviceID) => sign(`smmp ticketKey ${serviceID}`),
  };
}
