/**
 * Reading files that people name: no more of them than there may be, and nothing that is no file,
 * since a pipe would be waited for for ever, and a device never ends.
 *
 * @module
 */

import { reasonOf } from "../protocol/errors.ts";

/** A file that can't be read whole; the message is a clause that names it. */
export class FileError extends Error {
  /** The name of the class. */
  override readonly name = "FileError";
  /** Whether there is nothing at its path. */
  readonly isMissing: boolean;

  /** Says what is wrong, as a clause, and with what it was found out. */
  constructor(why: string, options: { readonly cause?: unknown } = {}) {
    super(why, options);
    this.isMissing = options.cause instanceof Deno.errors.NotFound;
  }
}

/**
 * Reads a file whole.
 *
 * @param path The file; a symbolic link counts as what it leads to.
 * @param bytesMax Most bytes that it may have.
 * @throws {FileError} when there is none, it is something else, has more, or can't be read.
 */
export async function readBounded(path: string, bytesMax: number): Promise<Uint8Array> {
  try {
    checkIsFile(await Deno.stat(path), path);
    using file = await Deno.open(path);
    const content = new Content(path, bytesMax);
    while (content.take(await file.read(content.room)));
    return content.bytes;
  } catch (error) {
    throw fileError(error, path);
  }
}

/** The same at once, for what can't wait. */
export function readBoundedSync(path: string, bytesMax: number): Uint8Array {
  try {
    checkIsFile(Deno.statSync(path), path);
    using file = Deno.openSync(path);
    const content = new Content(path, bytesMax);
    while (content.take(file.readSync(content.room)));
    return content.bytes;
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * Reads a file of UTF-8 whole.
 *
 * @throws {FileError} like {@linkcode readBounded}, and when it is no text.
 */
export async function readBoundedText(path: string, bytesMax: number): Promise<string> {
  return textOf(await readBounded(path, bytesMax), path);
}

/** The same at once. */
export function readBoundedTextSync(path: string, bytesMax: number): string {
  return textOf(readBoundedSync(path, bytesMax), path);
}

function textOf(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FileError(`${path} is no text: expected UTF-8, found other bytes`, { cause });
  }
}

function checkIsFile({ isFile, isDirectory }: Deno.FileInfo, path: string): void {
  if (isDirectory) throw new FileError(`${path} is a folder, not a file`);
  if (!isFile) throw new FileError(`${path} is a pipe, a socket or a device, not a file`);
}

function fileError(error: unknown, path: string): FileError {
  if (error instanceof FileError) return error;
  const why = error instanceof Deno.errors.NotFound
    ? `there is no file ${path}`
    : `${path} can't be read: ${reasonOf(error)}`;
  return new FileError(why, { cause: error });
}

/** Room for the first piece: most of these files are small. Bytes. */
const FIRST_BYTES = 8 * 1024;

/** What was read of a file so far. Its size may be told wrong, so it is not asked for. */
class Content {
  readonly #path: string;
  readonly #bytesMax: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(path: string, bytesMax: number) {
    this.#path = path;
    this.#bytesMax = bytesMax;
    this.#buffer = new Uint8Array(Math.min(FIRST_BYTES, bytesMax + 1));
  }

  /** Where the next piece goes. */
  get room(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(this.#length);
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Takes in what was read into the room; returns whether there may be more. */
  take(count: number | null): boolean {
    if (count === null) return false;
    this.#length += count;
    if (this.#length > this.#bytesMax) {
      throw new FileError(`${this.#path} is over ${this.#bytesMax} bytes`);
    }
    if (this.#length === this.#buffer.length) {
      const size = Math.min(2 * this.#buffer.length, this.#bytesMax + 1);
      const larger = new Uint8Array(size);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    return true;
  }
}
