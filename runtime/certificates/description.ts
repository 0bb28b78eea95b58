/**
 * What a certificate says, for people and programs.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { type Identity, identityOf, isOurName } from "../../transports/secure/identity.ts";
import { type CertificateText, readCertificate } from "../../transports/secure/verification.ts";
import { CertificatesError } from "./files.ts";

/** What a certificate says. */
export interface CertificateFacts {
  /** Whose it is; undefined for an authority and for one that names no role. */
  readonly identity: Identity | undefined;
  /** The names and addresses in it besides the identity. */
  readonly hosts: readonly string[];
  /** Since when it is valid, in milliseconds since 1970. */
  readonly beginsMs: number;
  /** Until when it is valid, in milliseconds since 1970. */
  readonly endsMs: number;
  /** Who issued it. */
  readonly issuer: string;
}

/**
 * Tells what a certificate says. Nothing is verified.
 *
 * @param pem One certificate.
 * @throws {CertificatesError} when it is none.
 */
export function describeCertificate(pem: string): CertificateFacts {
  let read: CertificateText;
  try {
    read = readCertificate(pem);
  } catch (error) {
    throw new CertificatesError(`Cannot read a certificate: ${reasonOf(error)}`, { cause: error });
  }
  const { names, notBefore, notAfter, issuer } = read;
  const first = names.find((name) => identityOf(name) !== undefined);
  return {
    identity: first === undefined ? undefined : identityOf(first),
    hosts: names.filter((name) => !isOurName(name)),
    beginsMs: notBefore.getTime(),
    endsMs: notAfter.getTime(),
    issuer,
  };
}
