/**
 * Whether a certificate belongs to the mesh, and to whoever shows it.
 *
 * @module
 */

import "./x509.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from "@peculiar/x509";
import { textOf } from "../codec.ts";
import { bytesOf, KEY_ALGORITHM, signedBytes } from "./handshake/lines.ts";
import { type Identity, identityOf, isOurName, type PeerIdentity, tlsName } from "./identity.ts";
import { isGood, type Revocations, REVOKED } from "./handshake/revocation.ts";

/** Somebody who does not belong; the message says why and has them as its subject: "its …". */
export class VerificationError extends Error {
  /** The name of the class. */
  override readonly name = "VerificationError";
}

/** What a certificate is judged by. */
export interface Judgement {
  /** The certificates of the authorities that are believed, PEM. */
  readonly authority: string;
  /**
   * The time of the judgement. Nothing is added for clocks that differ: certificates are issued
   * with a beginning in the past instead.
   *
   * @default {Date.now()}
   */
  readonly nowMs?: number;
  /** Whose certificates are good no more. @default {nobody's} */
  readonly revoked?: Revocations | undefined;
}

/** What somebody shows to prove who it is. */
export interface Proof {
  /** Its certificate, PEM. */
  readonly certificate: string;
  /** Its signature, base64 that {@linkcode readAnswer} let pass. */
  readonly signature: string;
  /** The nonce that it was given. */
  readonly nonce: string;
  /** The name of who gave it. */
  readonly server: string;
}

/**
 * Verifies that a certificate belongs to the mesh and that its key made the signature.
 *
 * @returns Who showed it.
 * @throws {VerificationError} when it does not.
 */
export async function verifyProof(proof: Proof, judgement: Judgement): Promise<PeerIdentity> {
  const identity = await verifyCertificate(proof.certificate, judgement);
  const certificate = parseOne(proof.certificate);
  const key = await keyOf(certificate);
  const signature = bytesOf(proof.signature);
  const signed = signedBytes(proof.nonce, proof.server);
  if (!await crypto.subtle.verify(KEY_ALGORITHM, key, signature, signed)) {
    throw new VerificationError("it does not hold the key of the certificate that it shows");
  }
  const names = readable(() => namesIn(certificate)).map(({ value }) => value);
  const hosts = names.filter((name) => !isOurName(name));
  const ours = names.filter(isOurName);
  return {
    ...identity,
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(ours.length === 1 ? {} : { names: ours }),
  };
}

/** What a certificate says. Nothing of it is verified. */
export interface CertificateText {
  /** Since when it is valid. */
  readonly notBefore: Date;
  /** Until when it is valid. */
  readonly notAfter: Date;
  /** Who issued it. */
  readonly issuer: string;
  /** The DNS names, addresses and other names in it. */
  readonly names: readonly string[];
}

/**
 * Reads the certificate of a PEM text.
 *
 * @throws {VerificationError} when there is not exactly one.
 */
export function readCertificate(pem: string): CertificateText {
  const certificate = parseOne(pem);
  const { notBefore, notAfter, issuer } = certificate;
  const names = readable(() => namesIn(certificate)).map(({ value }) => value);
  return { notBefore, notAfter, issuer, names };
}

function parseOne(pem: string): X509Certificate {
  const all = parseAll(pem);
  const [certificate] = all;
  if (certificate === undefined || all.length > 1) {
    throw new VerificationError(`its certificate is ${all.length} certificates, expected one`);
  }
  return certificate;
}

function parseAll(pem: string): X509Certificate[] {
  return readable(() => PemConverter.decode(pem).map((bytes) => new X509Certificate(bytes)));
}

/** Does what the library does with bytes of anybody, which throws all kinds of errors. */
function readable<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof VerificationError) throw error;
    throw new VerificationError(`its certificate cannot be read: ${textOf(error)}`);
  }
}

function namesIn(certificate: X509Certificate): readonly { type: string; value: string }[] {
  return certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
}

/**
 * Verifies that a certificate was issued by the mesh for a role, and can be used now.
 *
 * @param pem The certificate.
 * @param judgement What it is judged by.
 * @returns For whom.
 * @throws {VerificationError} when it was not.
 */
export async function verifyCertificate(
  pem: string,
  { authority, nowMs = Date.now(), revoked }: Judgement,
): Promise<Identity> {
  const certificate = parseOne(pem);
  const issuers = issuersOf(authority, nowMs);
  // Nothing of a certificate is looked at before it is known to be written by the authority.
  if (!await isIssuedByAny(certificate, issuers)) {
    throw new VerificationError("its certificate was not issued by the authority of this mesh");
  }
  return readable(() => {
    const identity = identityIn(certificate, nowMs);
    const names = namesIn(certificate).map(({ value }) => value);
    if (isGood(names, { name: tlsName(identity), revoked })) return identity;
    throw new VerificationError(REVOKED);
  });
}

/** The last authorities, parsed: they are the same for every peer until they are replaced. */
let parsed: { readonly pem: string; readonly certificates: readonly X509Certificate[] } | undefined;

function issuersOf(pem: string, nowMs: number): X509Certificate[] {
  if (parsed?.pem !== pem) parsed = { pem, certificates: parseAll(pem) };
  const issuers = parsed.certificates.filter((one) =>
    one.getExtension(BasicConstraintsExtension)?.ca === true
  );
  const valid = issuers.filter((one) => whyNotNow(one, nowMs) === undefined);
  const [first] = issuers;
  if (valid.length === 0) {
    const why = first === undefined ? "is none" : whyNotNow(first, nowMs);
    throw new VerificationError(`its certificate cannot be judged: this mesh's authority ${why}`);
  }
  return valid;
}

async function isIssuedByAny(
  certificate: X509Certificate,
  issuers: readonly X509Certificate[],
): Promise<boolean> {
  for (const issuer of issuers) {
    if (certificate.issuer !== issuer.subject) continue;
    try {
      const publicKey = await keyOf(issuer);
      if (await certificate.verify({ publicKey, signatureOnly: true })) return true;
    } catch {
      // A signature of another kind than the key of the issuer is one that the issuer did not make.
    }
  }
  return false;
}

function identityIn(certificate: X509Certificate, nowMs: number): Identity {
  const identities = namesIn(certificate).flatMap(({ type, value }) => {
    const identity = type === "dns" ? identityOf(value) : undefined;
    return identity === undefined ? [] : [identity];
  });
  const [identity] = identities;
  if (identity === undefined || identities.length > 1) {
    const count = identities.length === 0 ? "no role" : `${identities.length} roles`;
    throw new VerificationError(
      `its certificate names ${count}, expected one such as a1.agent.smmp`,
    );
  }
  const whyNot = whyNotNow(certificate, nowMs);
  if (whyNot !== undefined) throw new VerificationError(`its certificate ${whyNot}`);
  const usages = certificate.getExtension(ExtendedKeyUsageExtension)?.usages ?? [];
  if (!usages.includes(ExtendedKeyUsage.clientAuth)) {
    throw new VerificationError("its certificate is not for clients");
  }
  return identity;
}

/** Says why a certificate can't be used at a moment, with its dates; undefined when it can. */
export function whyNotNow(
  { notBefore, notAfter }: { notBefore: Date; notAfter: Date },
  nowMs: number,
): string | undefined {
  const here = `here it is ${new Date(nowMs).toISOString()}`;
  if (nowMs < notBefore.getTime()) {
    return `is not valid before ${notBefore.toISOString()}, and ${here}`;
  }
  if (nowMs > notAfter.getTime()) return `expired at ${notAfter.toISOString()}, and ${here}`;
  return undefined;
}

/** The key of a certificate, if it is of the one kind that a mesh uses. */
async function keyOf(certificate: X509Certificate): Promise<CryptoKey> {
  try {
    return await certificate.publicKey.export(KEY_ALGORITHM, ["verify"]);
  } catch (error) {
    throw new VerificationError(`its certificate has a key of another kind: ${textOf(error)}`);
  }
}
