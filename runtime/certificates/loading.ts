/**
 * Certificates from a folder, checked before they are used.
 *
 * @module
 */

import { join } from "node:path";
import { reasonOf } from "../../protocol/errors.ts";
import { isGood } from "../../transports/secure/handshake/revocation.ts";
import { type Credentials, type Identity, tlsName } from "../../transports/secure/identity.ts";
import { readCertificate, verifyCertificate } from "../../transports/secure/verification.ts";
import { CertificatesError, isOpenToOthers, readText } from "./files.ts";
import { isKeyOf } from "./issuing.ts";
import { readRevocations, REVOKED_FILE } from "./revocations.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
/** How long before its end a certificate is worth a word. */
const ENDS_SOON_MS = 30 * DAY_MS;

/** The names of the files in a folder of certificates. */
export const CREDENTIAL_FILES = ["ca.pem", "cert.pem", "key.pem", REVOKED_FILE] as const;

/** Options of {@linkcode loadCredentials}. */
export interface LoadOptions {
  /**
   * Is told what will be wrong soon, or is not safe.
   *
   * @default {() => {}}
   */
  readonly warn?: (text: string) => void;
  /**
   * The time that counts as now.
   *
   * @default {Date.now()}
   */
  readonly nowMs?: number;
  /**
   * Whether they can be used though they were revoked: a role that runs goes on, with a warning.
   *
   * @default {false}
   */
  readonly mayBeRevoked?: boolean;
}

/**
 * Loads the certificates of a folder, as `smmp ca issue` makes it, and checks that they can be
 * used: issued by the authority of the folder, valid now, and with the key that fits.
 *
 * @throws {CertificatesError} when they cannot; the message says why, with the dates.
 */
export async function loadCredentials(
  folder: string,
  { warn = () => {}, nowMs = Date.now(), mayBeRevoked = false }: LoadOptions = {},
): Promise<Credentials> {
  const use = `use the certificates in "${folder}"`;
  const [authority, certificate, key, revoked] = await Promise.all([
    readText(join(folder, "ca.pem"), use),
    readText(join(folder, "cert.pem"), use),
    readText(join(folder, "key.pem"), use),
    readRevocations(folder, use),
  ]);
  const identity = await verifyOwn({ authority, certificate, key }, { use, nowMs });
  const name = tlsName(identity);
  if (!isGood(readCertificate(certificate).names, { name, revoked })) {
    const why = `it was revoked: issue it again by ${issueCommand(identity)}`;
    if (!mayBeRevoked) throw new CertificatesError(`Cannot ${use}: ${why}`);
    warn(`Nobody who knows of it lets "${name}" in with the certificate in "${folder}": ${why}`);
  }
  const ending = endsSoon({ certificate, identity }, nowMs);
  if (ending !== undefined) warn(ending);
  if (await isOpenToOthers(join(folder, "key.pem"))) {
    warn(`Others may read "${folder}/key.pem" and be "${tlsName(identity)}": chmod 600 it`);
  }
  return { authority, certificate, key, identity, ...(revoked === undefined ? {} : { revoked }) };
}

async function verifyOwn(
  { authority, certificate, key }: Omit<Credentials, "identity">,
  { use, nowMs }: { use: string; nowMs: number },
): Promise<Identity> {
  try {
    const identity = await verifyCertificate(certificate, { authority, nowMs });
    if (!await isKeyOf(readableKey(key), certificate)) {
      throw new CertificatesError("key.pem is not the key of cert.pem");
    }
    return identity;
  } catch (error) {
    throw new CertificatesError(`Cannot ${use}: ${reasonOf(error)}`, { cause: error });
  }
}

function readableKey(pem: string): string {
  if (pem.includes("-----BEGIN PRIVATE KEY-----")) return pem;
  throw new CertificatesError('key.pem is no key in PKCS #8 ("BEGIN PRIVATE KEY")');
}

/** Says that a certificate ends soon, and what to do; undefined when it does not. */
export function endsSoon(
  { certificate, identity }: Pick<Credentials, "certificate" | "identity">,
  nowMs: number,
): string | undefined {
  const { notAfter } = readCertificate(certificate);
  const leftMs = notAfter.getTime() - nowMs;
  if (leftMs > ENDS_SOON_MS) return undefined;
  const left = leftMs > 0 ? `in ${Math.floor(leftMs / DAY_MS)} days` : "that is over";
  return `The certificate of "${tlsName(identity)}" ends at ${notAfter.toISOString()}, ${left}: ` +
    `renew it by ${issueCommand(identity)}`;
}

function issueCommand({ role, name }: Identity): string {
  return `smmp ca issue ${role === name ? role : `${role} ${name}`}`;
}
