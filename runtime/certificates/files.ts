/**
 * The files of a folder of certificates: how they are read and written.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { FileError, readBoundedText } from "../bounded_file.ts";

/** Certificates that cannot be used, made or found, for a reason that their operator can mend. */
export class CertificatesError extends Error {
  /** The name of the class. */
  override readonly name = "CertificatesError";
}

/** What only its owner may read. */
export const SECRET_MODE = 0o600;
const PUBLIC_MODE = 0o644;
const FOLDER_MODE = 0o700;
/** Most bytes of any of them: a few certificates, or some thousand names. */
const FILE_BYTES_MAX = 1024 * 1024;

/**
 * Reads a file of a folder.
 *
 * @param path The file.
 * @param use What its folder is for, such as `use the certificates in "certs/a1"`.
 * @throws {CertificatesError} when it cannot be read.
 */
export async function readText(path: string, use: string): Promise<string> {
  try {
    return await readBoundedText(path, FILE_BYTES_MAX);
  } catch (error) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const isMissing = error instanceof FileError && error.isMissing;
    const why = isMissing ? `there is no ${name}` : reasonOf(error);
    throw new CertificatesError(`Cannot ${use}: ${why}`, { cause: error });
  }
}

/**
 * Whether others than its owner may read a file. Where files have no modes nothing is known.
 *
 * @throws {CertificatesError} when it can't be looked at: it may be replaced at this moment.
 */
export async function isOpenToOthers(path: string): Promise<boolean> {
  try {
    const { mode } = await Deno.stat(path);
    return mode !== null && (mode & 0o077) !== 0;
  } catch (error) {
    throw new CertificatesError(`Cannot look at "${path}": ${reasonOf(error)}`, { cause: error });
  }
}

/** Makes a folder, unless it is there, that only its owner may enter. */
export async function makeFolder(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true, mode: FOLDER_MODE });
}

/** What a file gets. */
export interface FileText {
  /** What is written. */
  readonly text: string;
  /**
   * Whether only its owner may read it.
   *
   * @default {false}
   */
  readonly isSecret?: boolean;
}

/** Writes a file whole or not at all, with its mode from its first byte on. */
export async function writeText(path: string, { text, isSecret = false }: FileText): Promise<void> {
  const mode = isSecret ? SECRET_MODE : PUBLIC_MODE;
  const part = `${path}.${crypto.randomUUID()}.part`;
  try {
    await Deno.writeTextFile(part, text, { mode, createNew: true });
    await Deno.rename(part, path);
  } catch (error) {
    // The part may not exist; then there is nothing to remove.
    await Deno.remove(part).catch(() => {});
    throw new CertificatesError(`Cannot write "${path}": ${reasonOf(error)}`, { cause: error });
  }
}

/** Whether there is a file. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
