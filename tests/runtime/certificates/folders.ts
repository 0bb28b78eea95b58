/**
 * An authority in a folder of a test, and what it issued.
 *
 * @module
 */

import { join } from "node:path";
import {
  createAuthority,
  issueInto,
  type IssueRequest,
} from "../../../runtime/certificates/authority.ts";

/** The identity of an agent. */
export const AGENT = { role: "agent", name: "a1" } as const;
/** A day, in milliseconds. */
export const DAY_MS = 24 * 60 * 60 * 1_000;

/** A folder with an authority, gone when the test ends. */
export class Folders {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Makes a folder and an authority in it. */
  static async make(): Promise<Folders> {
    const folders = new Folders(await Deno.makeTempDir({ prefix: "smmp-certificates-" }));
    await createAuthority(folders.authority);
    return folders;
  }

  /** The folder of the authority. */
  get authority(): string {
    return this.path("ca");
  }

  /** A path in the folder. */
  path(...names: string[]): string {
    return join(this.#root, ...names);
  }

  /** Issues a certificate of an agent into the folder `a1`, and returns that folder. */
  async issue(request: Partial<IssueRequest> = {}): Promise<string> {
    const folder = this.path("a1");
    await issueInto(folder, { authority: this.authority, identity: AGENT, ...request });
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#root, { recursive: true });
  }
}
