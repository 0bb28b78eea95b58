/**
 * The authority of the certificates by which an agent's instances show to sources on other hosts
 * that they are the ones that were meant. It is the agent's own: the manager tells sources of it,
 * so nobody has to trust it for anything else, and the key of the mesh's authority stays away.
 *
 * It is loaded only when an agent needs it.
 *
 * @module
 */

import { join } from "node:path";
import type { TlsPair } from "../../transports/secure/tls_port.ts";
import { readCertificate } from "../../transports/secure/verification.ts";
import { exists, makeFolder, readText, writeText } from "../certificates/files.ts";
import { CLOCK_TOLERANCE_MS, issueCertificate, makeAuthority } from "../certificates/issuing.ts";
import { instanceTlsName } from "../sessions/session.ts";

/** Issues the certificates of an agent's instances. */
export interface SessionAuthority {
  /** What sources must trust to reach an instance, PEM. */
  readonly certificate: string;
  /** Makes a certificate and a key for one instance, PEM. Takes a few milliseconds. */
  issue(serviceID: number): Promise<TlsPair>;
}

/** Where an agent keeps its authority. */
export interface SessionAuthorityOptions {
  /**
   * The data folder of the agent: an agent that is started again has the same authority, so what
   * it launched before can still be reached.
   *
   * @default {it is not kept}
   */
  readonly folder?: string | undefined;
  /**
   * The time that counts as now.
   *
   * @default {Date.now()}
   */
  readonly nowMs?: number;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const AUTHORITY_DAYS = 10 * 365;

/** What it issues is valid as long as it is, so it is replaced while no instance is that old. */
const RENEW_DAYS = 365;

/**
 * Opens the authority that is in a folder, or makes one: there is none, or it ends within a year.
 *
 * @throws {CertificatesError} when the folder cannot be read or written.
 */
export async function openSessionAuthority(
  { folder, nowMs = Date.now() }: SessionAuthorityOptions = {},
): Promise<SessionAuthority> {
  const kept = folder === undefined ? undefined : await readAuthority(folder, nowMs);
  const validity = {
    beginsMs: nowMs - CLOCK_TOLERANCE_MS - DAY_MS,
    endsMs: nowMs + AUTHORITY_DAYS * DAY_MS,
  };
  const authority = kept ?? await makeAuthority({ name: "smmp sessions", validity });
  if (folder !== undefined && kept === undefined) await keepAuthority(folder, authority);
  return {
    certificate: authority.certificate,
    issue: (serviceID) =>
      issueCertificate(authority, { names: [instanceTlsName(serviceID)], validity }),
  };
}

async function readAuthority(folder: string, nowMs: number): Promise<TlsPair | undefined> {
  if (!await exists(certificateFile(folder)) || !await exists(keyFile(folder))) return undefined;
  const use = `use the session authority in "${folder}"`;
  const certificate = await readText(certificateFile(folder), use);
  const endsMs = readCertificate(certificate).notAfter.getTime();
  if (endsMs < nowMs + RENEW_DAYS * DAY_MS) return undefined;
  return { certificate, key: await readText(keyFile(folder), use) };
}

async function keepAuthority(folder: string, { certificate, key }: TlsPair): Promise<void> {
  await makeFolder(folder);
  await writeText(keyFile(folder), { text: key, isSecret: true });
  await writeText(certificateFile(folder), { text: certificate });
}

function certificateFile(folder: string): string {
  return join(folder, "sessions.pem");
}

function keyFile(folder: string): string {
  return join(folder, "sessions.key");
}
