/**
 * The file in the data folder that tells the command line where the mesh is, and its token.
 *
 * @module
 */

import { join } from "node:path";
import { reasonOf } from "../../protocol/errors.ts";
import { FileError, readBoundedTextSync } from "../bounded_file.ts";
import { isText, isWhole, nullable, optional, shapeOf } from "../store/guards.ts";

/** The name of the file in the data folder. */
export const ADMIN_FILE = "admin.json";

/** Most bytes of it. */
const FILE_BYTES_MAX = 64 * 1024;

/** What the file tells. */
export interface AdminFile {
  /** Where the admin API is, such as `http://127.0.0.1:8081`. */
  readonly url: string;
  /** What changes something must carry. */
  readonly token: string;
  /** Where the mesh takes requests. */
  readonly gatewayUrl: string | null;
  /** The process of the mesh. */
  readonly pid: number;
  /** Where agents come, when the manager is a process of its own. */
  readonly manager?: string;
  /** The authority of its certificate, in PEM, when the admin API is HTTPS. */
  readonly authority?: string;
}

/** The file cannot be read; the message says what to do. */
export class AdminFileError extends Error {
  /** The name of the class. */
  override readonly name = "AdminFileError";
}

const isAdminFile = shapeOf<AdminFile>({
  url: isText,
  token: isText,
  gatewayUrl: nullable(isText),
  pid: isWhole,
  manager: optional(isText),
  authority: optional(isText),
});

/**
 * Writes the file so that only its owner can read it. A reader sees the old file or the whole new
 * one.
 *
 * @param dataFolder The folder, which must exist.
 * @param content What the file tells.
 */
export function writeAdminFile(dataFolder: string, content: AdminFile): void {
  const path = join(dataFolder, ADMIN_FILE);
  const draft = `${path}.${content.pid}.new`;
  removeIfThere(draft);
  Deno.writeTextFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, {
    createNew: true,
    mode: 0o600,
  });
  Deno.renameSync(draft, path);
}

/** The admin file of a role that runs in this process. */
export interface OwnAdminFile {
  /** See {@linkcode writeAdminFile}; the folder must exist. */
  write(content: Omit<AdminFile, "pid">): void;
  /** See {@linkcode removeAdminFile}. */
  remove(): void;
}

/** The admin file of this process; a data folder `none` means that there is none, ever. */
export function ownAdminFile(dataFolder: string): OwnAdminFile {
  if (dataFolder === "none") return { write() {}, remove() {} };
  const { pid } = Deno;
  return {
    write: (content) => writeAdminFile(dataFolder, { ...content, pid }),
    remove: () => removeAdminFile(dataFolder, pid),
  };
}

/**
 * Reads the file.
 *
 * @param dataFolder The folder.
 * @throws {AdminFileError} when there is none, or it is not what a mesh wrote.
 */
export function readAdminFile(dataFolder: string): AdminFile {
  const path = join(dataFolder, ADMIN_FILE);
  let text: string;
  try {
    text = readBoundedTextSync(path, FILE_BYTES_MAX);
  } catch (cause) {
    if (cause instanceof FileError && cause.isMissing) {
      throw new AdminFileError(
        `Cannot find a mesh: there is no "${path}"; start one with deno task mesh, or name its ` +
          "data folder with --data",
        { cause },
      );
    }
    const reason = reasonOf(cause);
    throw new AdminFileError(`Cannot read "${path}": ${reason}`, { cause });
  }
  const value = parseJson(text);
  if (isAdminFile(value) && URL.canParse(value.url)) return value;
  throw new AdminFileError(`Cannot read "${path}": it is not what a mesh wrote`);
}

/**
 * Removes the file, unless another process wrote it meanwhile.
 *
 * @param dataFolder The folder.
 * @param pid The process that wrote it.
 */
export function removeAdminFile(dataFolder: string, pid: number): void {
  try {
    if (readAdminFile(dataFolder).pid !== pid) return;
  } catch (error) {
    // What is not there, or not ours, is not ours to remove.
    if (error instanceof AdminFileError) return;
    throw error;
  }
  removeIfThere(join(dataFolder, ADMIN_FILE));
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is not JSON is not what a mesh wrote, which the caller says.
    return undefined;
  }
}
