/**
 * How certificates are made: an authority that signs itself, and what it issues.
 *
 * @module
 */

import "../../transports/secure/x509.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { KEY_ALGORITHM } from "../../transports/secure/handshake/lines.ts";
import type { TlsPair } from "../../transports/secure/tls_port.ts";

/**
 * How long before its making a certificate begins, so that a host whose clock is behind that of
 * the issuing host by less takes it. It is the only tolerance for clocks that there is.
 */
export const CLOCK_TOLERANCE_MS = 60 * 60 * 1_000;

const SERIAL_BYTES = 16;

/** When a certificate is valid. Milliseconds since 1970; certificates know whole seconds. */
export interface Validity {
  /** The beginning. */
  readonly beginsMs: number;
  /** The end. */
  readonly endsMs: number;
}

/** What an authority is made of. */
export interface AuthorityOptions {
  /** What it is called, such as `smmp`; letters, digits, blanks and dashes. */
  readonly name: string;
  /** When it is valid. */
  readonly validity: Validity;
}

/** What a certificate is issued for. */
export interface IssueOptions {
  /** The DNS names in it; the first is also its subject. */
  readonly names: readonly [string, ...string[]];
  /**
   * The IP addresses in it.
   *
   * @default {[]}
   */
  readonly addresses?: readonly string[];
  /** When it is valid; it ends with the authority if that ends earlier. */
  readonly validity: Validity;
}

/**
 * Makes an authority: a certificate that signs itself and may issue certificates for others.
 *
 * @example An authority and a certificate of it
 * ```ts
 * import { issueCertificate, makeAuthority } from "./issuing.ts";
 *
 * const validity = { beginsMs: Date.now() - 60_000, endsMs: Date.now() + 86_400_000 };
 * const authority = await makeAuthority({ name: "smmp", validity });
 * const pair = await issueCertificate(authority, { names: ["a1.agent.smmp"], validity });
 * console.log(pair.certificate);
 * ```
 *
 * @returns The certificate and its key, PEM.
 */
export async function makeAuthority({ name, validity }: AuthorityOptions): Promise<TlsPair> {
  const keys = await crypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    // A name of its own tells an authority from the one that it replaces.
    name: `CN=${name} ${crypto.randomUUID().slice(0, 8)}`,
    notBefore: new Date(validity.beginsMs),
    notAfter: new Date(validity.endsMs),
    signingAlgorithm: KEY_ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemOf(certificate), key: await keyPem(keys.privateKey) };
}

/**
 * Issues a certificate with a new key, for both ends of TLS.
 *
 * @param authority The authority, PEM.
 * @param options What it is issued for.
 * @returns The certificate and its key, PEM.
 */
export async function issueCertificate(
  authority: TlsPair,
  { names, addresses = [], validity }: IssueOptions,
): Promise<TlsPair> {
  const issuer = new X509Certificate(authority.certificate);
  const keys = await crypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
  const endsMs = Math.min(validity.endsMs, issuer.notAfter.getTime());
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: `CN=${names[0]}`,
    issuer: issuer.subject,
    notBefore: new Date(validity.beginsMs),
    notAfter: new Date(endsMs),
    signingAlgorithm: KEY_ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension([
        ...names.map((value) => ({ type: "dns", value }) as const),
        ...addresses.map((value) => ({ type: "ip", value }) as const),
      ]),
      await AuthorityKeyIdentifierExtension.create(issuer),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemOf(certificate), key: await keyPem(keys.privateKey) };
}

/**
 * Whether a key belongs to a certificate, both PEM.
 *
 * @throws {Error} when one of them cannot be read.
 */
export async function isKeyOf(key: string, certificate: string): Promise<boolean> {
  const probe = crypto.getRandomValues(new Uint8Array(32));
  const signature = await crypto.subtle.sign(KEY_ALGORITHM, await importKey(key), probe);
  const publicKey = await new X509Certificate(certificate).publicKey.export(KEY_ALGORITHM, [
    "verify",
  ]);
  return await crypto.subtle.verify(KEY_ALGORITHM, publicKey, signature, probe);
}

function importKey(pem: string): Promise<CryptoKey> {
  const bytes = PemConverter.decodeFirst(pem);
  return crypto.subtle.importKey("pkcs8", bytes, KEY_ALGORITHM, false, ["sign"]);
}

async function keyPem(key: CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

/** A number that is never used twice, without counting; its first bit makes it positive. */
function newSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SERIAL_BYTES));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `4${hex.slice(1)}`;
}
