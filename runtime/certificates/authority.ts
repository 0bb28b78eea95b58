/**
 * The authority of a mesh in its folder, and what it issues into other folders.
 *
 * @module
 */

import { join } from "node:path";
import { reasonOf } from "../../protocol/errors.ts";
import { generationNames, goodFrom } from "../../transports/secure/handshake/revocation.ts";
import { type Identity, isIdentityName, tlsName } from "../../transports/secure/identity.ts";
import { readCertificate, whyNotNow } from "../../transports/secure/verification.ts";
import type { TlsPair } from "../../transports/secure/tls_port.ts";
import { type CertificateFacts, describeCertificate } from "./description.ts";
import {
  CertificatesError,
  exists,
  isOpenToOthers,
  makeFolder,
  readText,
  writeText,
} from "./files.ts";
import { CLOCK_TOLERANCE_MS, isKeyOf, issueCertificate, makeAuthority } from "./issuing.ts";
import { copyRevocations, readRevocations } from "./revocations.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
const AUTHORITY_DAYS = 10 * 365;

/** How to create an authority. */
export interface CreateOptions {
  /**
   * The time that counts as now.
   *
   * @default {Date.now()}
   */
  readonly nowMs?: number;
}

/**
 * Creates the authority of a mesh: `ca.pem`, which every host gets, and `ca.key`, which never
 * leaves its folder. It is valid for ten years.
 *
 * @throws {CertificatesError} when the folder has one, or cannot be written.
 */
export async function createAuthority(
  folder: string,
  { nowMs = Date.now() }: CreateOptions = {},
): Promise<CertificateFacts> {
  for (const name of ["ca.pem", "ca.key"]) {
    if (!await exists(join(folder, name))) continue;
    const why = "there is an authority already, and hosts trust it; choose another folder";
    throw new CertificatesError(`Cannot create an authority in "${folder}": ${why}`);
  }
  const validity = {
    beginsMs: nowMs - CLOCK_TOLERANCE_MS,
    endsMs: nowMs + AUTHORITY_DAYS * DAY_MS,
  };
  const { certificate, key } = await makeAuthority({ name: "smmp authority", validity });
  await makeFolder(folder);
  await writeText(join(folder, "ca.key"), { text: key, isSecret: true });
  await writeText(join(folder, "ca.pem"), { text: certificate });
  return describeCertificate(certificate);
}

/** What to issue. */
export interface IssueRequest {
  /** The folder of the authority. */
  readonly authority: string;
  /** For whom. */
  readonly identity: Identity;
  /**
   * Names and addresses by which others than roles reach it; an agent that has some registers with
   * no other address.
   *
   * @default {[]}
   */
  readonly hosts?: readonly string[];
  /**
   * How long it is valid.
   *
   * @default {365}
   */
  readonly days?: number;
  /**
   * When it begins; an hour ago when it is left out. Milliseconds since 1970.
   *
   * @default {Date.now() - CLOCK_TOLERANCE_MS}
   */
  readonly beginsMs?: number;
  /**
   * The time that counts as now.
   *
   * @default {Date.now()}
   */
  readonly nowMs?: number;
}

/**
 * Issues a certificate into a folder, or renews the one that is there: `ca.pem`, `cert.pem`, and
 * `key.pem`, which only its owner may read. A role that uses the folder follows by itself.
 *
 * @throws {CertificatesError} when the authority can't be used, or the folder is somebody else's.
 */
export async function issueInto(folder: string, request: IssueRequest): Promise<CertificateFacts> {
  const { authority, identity, days = 365, nowMs = Date.now() } = request;
  if (!isIdentityName(identity.name)) {
    const expected = "expected lower-case letters, digits and dashes inside, such as a1";
    throw new CertificatesError(`Cannot issue a certificate for "${identity.name}": ${expected}`);
  }
  await expectFolderOf(folder, identity);
  const issuer = await loadAuthority(authority, nowMs);
  const { names, addresses } = splitHosts(request.hosts ?? []);
  const name = tlsName(identity);
  const revoked = await readRevocations(authority, `use the authority in "${authority}"`);
  const pair = await issueCertificate(issuer, {
    names: [name, ...generationNames(name, goodFrom(revoked, name)), ...names],
    addresses,
    validity: {
      beginsMs: request.beginsMs ?? nowMs - CLOCK_TOLERANCE_MS,
      endsMs: nowMs + days * DAY_MS,
    },
  });
  await makeFolder(folder);
  await writeText(join(folder, "key.pem"), { text: pair.key, isSecret: true });
  await writeText(join(folder, "cert.pem"), { text: pair.certificate });
  await writeText(join(folder, "ca.pem"), { text: issuer.certificate });
  await copyRevocations(authority, folder);
  return describeCertificate(pair.certificate);
}

async function loadAuthority(folder: string, nowMs: number): Promise<TlsPair> {
  const use = `use the authority in "${folder}"`;
  const certificate = await readText(join(folder, "ca.pem"), use);
  const key = await readText(join(folder, "ca.key"), use);
  const why = await whyNotAuthority({ certificate, key }, nowMs);
  if (why !== undefined) throw new CertificatesError(`Cannot ${use}: ${why}`);
  if (await isOpenToOthers(join(folder, "ca.key"))) {
    const hint = `others may read ca.key, so they could issue too: chmod 600 ${folder}/ca.key`;
    throw new CertificatesError(`Cannot ${use}: ${hint}`);
  }
  return { certificate, key };
}

async function whyNotAuthority(pair: TlsPair, nowMs: number): Promise<string | undefined> {
  try {
    const why = whyNotNow(readCertificate(pair.certificate), nowMs);
    if (why !== undefined) return `it ${why}`;
    if (!await isKeyOf(pair.key, pair.certificate)) return "ca.key is not the key of ca.pem";
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** A folder that is used by somebody must not become somebody else's by a slip. */
async function expectFolderOf(folder: string, identity: Identity): Promise<void> {
  const path = join(folder, "cert.pem");
  if (!await exists(path)) return;
  const holder = describeCertificate(await readText(path, `issue into "${folder}"`)).identity;
  const [has, wanted] = [holder && tlsName(holder), tlsName(identity)];
  if (has === wanted) return;
  throw new CertificatesError(
    `Cannot issue "${wanted}" into "${folder}": it holds the certificate of "${has}"`,
  );
}

function splitHosts(hosts: readonly string[]): { names: string[]; addresses: string[] } {
  const unique = [...new Set(hosts.map((host) => host.toLowerCase()))];
  for (const host of unique) {
    const why = whyNotHost(host);
    if (why === undefined) continue;
    throw new CertificatesError(`Cannot issue a certificate for host "${host}": ${why}`);
  }
  return {
    names: unique.filter((host) => !isAddress(host)),
    addresses: unique.filter(isAddress),
  };
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(":");
}

function whyNotHost(host: string): string | undefined {
  if (host === "smmp" || host.endsWith(".smmp")) {
    return "names under .smmp say who somebody is; give the name or address of a host";
  }
  const url = `http://${host.includes(":") ? `[${host}]` : host}`;
  // A URL writes an address in its one full form, so what it changes is not one.
  const isGood = URL.canParse(url) &&
    (host.includes(":") || new URL(url).hostname === host) && !/^\.|\.$|_/.test(host);
  return isGood ? undefined : "expected a name such as a1.example.com or an address";
}
