/**
 * Who is at an end of a secure link: a role and a name, how certificates write them, and what
 * proves them.
 *
 * @module
 */

import { isName } from "../../protocol/manifest.ts";
import type { Revocations } from "./handshake/revocation.ts";

/** What a certificate can be issued for. */
export const IDENTITY_ROLES = ["manager", "agent", "gateway", "operator"] as const;

/** A role of the mesh, or the person (or program) that operates it. */
export type IdentityRole = (typeof IDENTITY_ROLES)[number];

/** Who somebody is. */
export interface Identity {
  /** What it may do. */
  readonly role: IdentityRole;
  /** Which of that role it is; of a manager it is `manager`. */
  readonly name: string;
}

/** Who proved to be at the other end of a link. */
export interface PeerIdentity extends Identity {
  /** The names and addresses that its certificate has besides. @default {it has none} */
  readonly hosts?: readonly string[];
  /** Those of its names by which it is known whether it was revoked. @default {its own one} */
  readonly names?: readonly string[];
  /** The address that it dialled from. @default {it is not known} */
  readonly address?: string;
}

const SUFFIX = "smmp";

/** Whether a word is a role that certificates know. */
export function isIdentityRole(word: unknown): word is IdentityRole {
  return IDENTITY_ROLES.some((role) => role === word);
}

/**
 * Whether a text can be the name in an identity: a name of the protocol that a host name can hold,
 * so it does not end with a dash.
 */
export function isIdentityName(text: unknown): text is string {
  return isName(text) && !text.endsWith("-");
}

/**
 * Writes an identity as the DNS name that its certificate carries. No public authority issues
 * certificates for names under `.smmp`.
 *
 * @example
 * ```ts
 * import { identityOf, tlsName } from "./identity.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tlsName({ role: "agent", name: "a1" }), "a1.agent.smmp");
 * assertEquals(identityOf("a1.agent.smmp"), { role: "agent", name: "a1" });
 * assertEquals(identityOf("example.com"), undefined);
 * ```
 */
export function tlsName(identity: Identity): string {
  return `${identity.name}.${identity.role}.${SUFFIX}`;
}

/** Reads an identity from a DNS name of a certificate; undefined when it names none. */
export function identityOf(dnsName: string): Identity | undefined {
  const [name, role, suffix, ...rest] = dnsName.split(".");
  if (suffix !== SUFFIX || rest.length > 0) return undefined;
  return isIdentityRole(role) && isIdentityName(name) ? { role, name } : undefined;
}

/** Whether a name in a certificate is one of ours, and not that of a host. */
export function isOurName(name: string): boolean {
  return name.endsWith(`.${SUFFIX}`);
}

/** The certificate of a role with its key, and the authority of the mesh. Texts are PEM. */
export interface Credentials {
  /** The certificate of the authority; several of them while an authority is replaced. */
  readonly authority: string;
  /** The certificate of this end, issued by the authority. */
  readonly certificate: string;
  /** The private key of the certificate, as PKCS #8. */
  readonly key: string;
  /** Who the certificate says that this end is. */
  readonly identity: Identity;
  /** Whose certificates are good no more. @default {nobody's} */
  readonly revoked?: Revocations | undefined;
}
