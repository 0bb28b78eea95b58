/**
 * An authority and certificates for tests, made once: nothing of them is secret.
 *
 * @module
 */

import { issueCertificate, makeAuthority } from "../../../runtime/certificates/issuing.ts";
import { type Credentials, type Identity, tlsName } from "../../../transports/secure/identity.ts";
import type { TlsPair } from "../../../transports/secure/tls_port.ts";

const HOUR_MS = 60 * 60 * 1_000;

/** When a certificate of a test is valid, from now. */
export interface Life {
  /** When it begins. @default {-1} */
  readonly beginsInHours?: number;
  /** When it ends. @default {24} */
  readonly endsInHours?: number;
}

function validityOf({ beginsInHours = -1, endsInHours = 24 }: Life) {
  const nowMs = Date.now();
  return { beginsMs: nowMs + beginsInHours * HOUR_MS, endsMs: nowMs + endsInHours * HOUR_MS };
}

/** Makes an authority. */
export function newAuthority(life: Life = { endsInHours: 1_000 }): Promise<TlsPair> {
  return makeAuthority({ name: "test", validity: validityOf(life) });
}

/** The authority of the mesh under test. */
export const AUTHORITY = await newAuthority();
/** An authority that the mesh under test does not know. */
export const ROGUE_AUTHORITY = await newAuthority();

/** How to issue credentials for a test. */
export interface CredentialsOptions extends Life {
  /** The names in the certificate, when they are not that of the identity. */
  readonly names?: readonly [string, ...string[]];
  /** The authority that issues it. @default {AUTHORITY} */
  readonly issuer?: TlsPair;
  /** The authority that its holder believes. @default {AUTHORITY} */
  readonly believes?: TlsPair;
}

/** Issues credentials. */
export async function credentialsOf(
  identity: Identity,
  options: CredentialsOptions = {},
): Promise<Credentials> {
  const { issuer = AUTHORITY, believes = AUTHORITY, names = [tlsName(identity)] } = options;
  const pair = await issueCertificate(issuer, { names, validity: validityOf(options) });
  return { ...pair, authority: believes.certificate, identity };
}

/** The identity of the manager. */
export const MANAGER = { role: "manager", name: "manager" } as const;
/** The identity of an agent. */
export const AGENT = { role: "agent", name: "a1" } as const;
/** Good credentials of the manager. */
export const MANAGER_CREDENTIALS = await credentialsOf(MANAGER);
/** Good credentials of an agent. */
export const AGENT_CREDENTIALS = await credentialsOf(AGENT);
