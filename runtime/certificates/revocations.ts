/**
 * The list of revoked certificates: one file beside those of an authority, of which each role has a
 * copy beside its own.
 *
 * @module
 */

import { join } from "node:path";
import { isRecord } from "../../protocol/fields.ts";
import {
  GENERATIONS_MAX,
  goodFrom,
  type Revocations,
} from "../../transports/secure/handshake/revocation.ts";
import { type Identity, identityOf, tlsName } from "../../transports/secure/identity.ts";
import { CertificatesError, exists, readText, writeText } from "./files.ts";

/** The name of the file. */
export const REVOKED_FILE = "revoked.json";

/** What the file says of one name. */
interface RevokedName {
  /** The generation from which its certificates are good again. */
  readonly goodFrom: number;
  /** When they were revoked last; for people. */
  readonly at: string;
}

/**
 * Reads the list in a folder.
 *
 * @param folder The folder.
 * @param use What it is for, for errors, such as `use the certificates in "certs/a1"`.
 * @returns The list; undefined when there is none.
 * @throws {CertificatesError} when it can't be read: then nobody knows who is good.
 */
export async function readRevocations(
  folder: string,
  use: string,
): Promise<Revocations | undefined> {
  const names = await readNames(folder, use);
  return names && new Map([...names].map(([name, said]) => [name, said.goodFrom]));
}

async function readNames(
  folder: string,
  use: string,
): Promise<Map<string, RevokedName> | undefined> {
  const path = join(folder, REVOKED_FILE);
  if (!await exists(path)) return undefined;
  const value = parse(await readText(path, use));
  const names = new Map<string, RevokedName>();
  for (const [name, said] of Object.entries(isRecord(value) ? value : { "": value })) {
    if (identityOf(name) === undefined || !isRevokedName(said)) {
      throw new CertificatesError(`Cannot ${use}: ${REVOKED_FILE} is no list of revoked names`);
    }
    names.set(name, said);
  }
  return names;
}

function isRevokedName(value: unknown): value is RevokedName {
  return isRecord(value) && typeof value.at === "string" && Number.isInteger(value.goodFrom) &&
    Number(value.goodFrom) > 1 && Number(value.goodFrom) <= GENERATIONS_MAX;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no list, which is said where that is looked at.
    return undefined;
  }
}

/** How to revoke. */
export interface RevokeOptions {
  /** The time that counts as now. @default {Date.now()} */
  readonly nowMs?: number;
}

/**
 * Revokes all certificates that an authority has issued for somebody so far.
 *
 * @param folder The folder of the authority.
 * @param identity Whose.
 * @throws {CertificatesError} when there is no authority, or its list can't be read or written.
 */
export async function revoke(
  folder: string,
  identity: Identity,
  { nowMs = Date.now() }: RevokeOptions = {},
): Promise<void> {
  const name = tlsName(identity);
  const use = `revoke the certificates of "${name}"`;
  await readText(join(folder, "ca.pem"), use);
  const names = await readNames(folder, use) ?? new Map();
  const next = goodFrom(await readRevocations(folder, use), name) + 1;
  if (next > GENERATIONS_MAX) {
    const why = `they were ${next - 2} times already; make a new authority by smmp ca init`;
    throw new CertificatesError(`Cannot ${use}: ${why}`);
  }
  names.set(name, { goodFrom: next, at: new Date(nowMs).toISOString() });
  const sorted = [...names].toSorted(([one], [other]) => one < other ? -1 : 1);
  const text = `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
  await writeText(join(folder, REVOKED_FILE), { text });
}

/** Copies the list of an authority beside a certificate that it issues. */
export async function copyRevocations(from: string, to: string): Promise<void> {
  const path = join(from, REVOKED_FILE);
  if (!await exists(path)) return;
  const text = await readText(path, `issue into "${to}"`);
  await writeText(join(to, REVOKED_FILE), { text });
}
