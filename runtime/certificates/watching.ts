/**
 * Certificates that are followed while a role runs.
 *
 * @module
 */

import { join } from "node:path";
import { reasonOf } from "../../protocol/errors.ts";
import { type Credentials, tlsName } from "../../transports/secure/identity.ts";
import { CertificatesError } from "./files.ts";
import { CREDENTIAL_FILES, endsSoon, loadCredentials } from "./loading.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Options of {@linkcode watchCredentials}. */
export interface WatchOptions {
  /** Is told what will be wrong soon, is not safe, or can't be used. */
  readonly warn: (text: string) => void;
  /** Is told of each change that is used from now on. @default {() => {}} */
  readonly changed?: (credentials: Credentials) => void;
  /**
   * How often to look.
   *
   * @default {2000}
   */
  readonly everyMs?: number;
  /**
   * The time that counts as now.
   *
   * @default {Date.now}
   */
  readonly clockMs?: () => number;
}

/** The certificates of a folder, as they are now. */
export interface CredentialsWatch {
  /** What to use now: what was good last. */
  readonly credentials: () => Credentials;
  /** Looks at once; resolves when what is there is used, or told of. */
  look(): Promise<void>;
  /** Follows no more. */
  close(): void;
}

/**
 * Loads the certificates of a folder and follows them: a renewed pair is used as soon as all of it
 * is there and fits. What can't be used is told once, and what was used is used on. It looks at
 * the files from time to time, since a folder can also be a link to another one that changes.
 *
 * @throws {CertificatesError} when they can't be used at the start.
 */
export async function watchCredentials(
  folder: string,
  options: WatchOptions,
): Promise<CredentialsWatch> {
  const { warn, clockMs = Date.now } = options;
  const mark = await markOf(folder);
  const first = await loadCredentials(folder, { warn, nowMs: clockMs() });
  return new Watch(folder, { options, mark, first });
}

class Watch implements CredentialsWatch {
  readonly credentials: () => Credentials = () => this.#current;
  readonly #folder: string;
  readonly #options: WatchOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #current: Credentials;
  /** The state of the files that is used. */
  #usedMark: string;
  /** The state of the files that could not be used when it was seen last. */
  #badMark = "";
  #saidMark = "";
  #saidMs: number;
  #looking: Promise<void> | undefined;

  constructor(
    folder: string,
    { options, mark, first }: { options: WatchOptions; mark: string; first: Credentials },
  ) {
    this.#folder = folder;
    this.#options = options;
    this.#current = first;
    this.#usedMark = mark;
    this.#saidMs = this.#nowMs;
    this.#timer = setInterval(() => this.look(), options.everyMs ?? 2_000);
    // To follow files is no reason for a process to stay.
    Deno.unrefTimer(this.#timer);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => this.#looking = undefined);
    return this.#looking;
  }

  get #nowMs(): number {
    return (this.#options.clockMs ?? Date.now)();
  }

  async #look(): Promise<void> {
    this.#warnOfEnd();
    const mark = await markOf(this.#folder);
    // What could not be used is tried again: a pair of the future becomes good by itself.
    if (mark === this.#usedMark) return;
    try {
      const { warn } = this.#options;
      const how = { warn, nowMs: this.#nowMs, mayBeRevoked: true };
      const next = await loadCredentials(this.#folder, how);
      // Files that changed while they were read are read again at the next look.
      if (mark !== await markOf(this.#folder)) return;
      this.#use(next, mark);
    } catch (error) {
      if (!(error instanceof CertificatesError)) throw error;
      this.#complain(error.message, mark);
    }
  }

  #use(loaded: Credentials, mark: string): void {
    // A list that says the same is the same one, so that everybody can tell.
    const isSame = textOf(loaded.revoked) === textOf(this.#current.revoked);
    const next = isSame ? { ...loaded, revoked: this.#current.revoked } : loaded;
    const [before, now] = [tlsName(this.#current.identity), tlsName(next.identity)];
    if (before !== now) {
      const why = `it became that of "${now}", and a role can't become another while it runs`;
      throw new CertificatesError(
        `Cannot use the certificates in "${this.#folder}" for "${before}": ${why}`,
      );
    }
    this.#usedMark = mark;
    this.#current = next;
    this.#options.changed?.(next);
  }

  /** A pair that is half written is whole at the next look, so only what stays is told. */
  #complain(reason: string, mark: string): void {
    if (this.#badMark === mark && this.#saidMark !== mark) {
      this.#saidMark = mark;
      this.#options.warn(`${reason}; what was used before is used on`);
    }
    this.#badMark = mark;
  }

  #warnOfEnd(): void {
    if (this.#nowMs - this.#saidMs < DAY_MS) return;
    this.#saidMs = this.#nowMs;
    const ending = endsSoon(this.#current, this.#nowMs);
    if (ending !== undefined) this.#options.warn(ending);
  }
}

function textOf(revoked: Credentials["revoked"]): string {
  return JSON.stringify([...revoked ?? []]);
}

/** What changes when one of the files does. */
async function markOf(folder: string): Promise<string> {
  const marks = CREDENTIAL_FILES.map(async (name) => {
    try {
      const { mtime, size, ino } = await Deno.stat(join(folder, name));
      return `${mtime?.getTime()}/${size}/${ino}`;
    } catch (error) {
      return `none: ${reasonOf(error)}`;
    }
  });
  return (await Promise.all(marks)).join();
}
