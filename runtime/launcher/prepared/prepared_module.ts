/**
 * A part of ours that other processes import: its modules as they are, or one file once that is
 * made, so that they start faster.
 *
 * @module
 */

import { isBinary } from "../../binary/is_binary.ts";
import { openCacheFolder } from "./cache_folder.ts";
import { moduleSource, prepareBegin, type PreparedBegin, textSource } from "./prepared_begin.ts";

/** By this variable an operator says that nothing is to be prepared, with the value `off`. */
const PREPARE_VARIABLE = "SMMP_PREPARE";

/** Whether files may be made ahead that make starts faster. */
export function mayPrepare(): boolean {
  return Deno.env.get(PREPARE_VARIABLE) !== "off";
}

/** What is in the binary only can't be imported by another program, unless it is told all of it. */
export function dataUrl(text: string): string {
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

/** Where a part of ours is. */
export interface ModulePlaces {
  /** Its first module. */
  readonly entry: URL;
  /** The same as one file, which `deno task compile` makes and puts into the binary. */
  readonly bundle: URL;
}

/** One part. */
export class PreparedModule {
  readonly #places: ModulePlaces;
  #prepared: PreparedBegin | undefined;
  #text: string | undefined;

  /** Nothing is prepared yet. */
  constructor(places: ModulePlaces) {
    this.#places = places;
  }

  /** What is imported now: looks whether what was prepared is still current. */
  get url(): string {
    if (this.#prepared?.isCurrent() === true) return this.#prepared.url;
    const { entry, bundle } = this.#places;
    if (!isBinary()) return entry.href;
    return this.#text ??= dataUrl(Deno.readTextFileSync(bundle));
  }

  /**
   * Makes the file in a process of its own, or finds it. Where it can't be made all goes on as
   * before.
   *
   * @param deno The deno that makes it.
   */
  async prepare(deno: string): Promise<void> {
    try {
      const folder = mayPrepare() ? openCacheFolder() : undefined;
      if (folder === undefined) return;
      const { entry, bundle } = this.#places;
      const source = isBinary()
        ? await textSource(Deno.readTextFileSync(bundle))
        : await moduleSource(entry, deno);
      this.#prepared = await prepareBegin(source, folder);
    } catch {
      // A full disk, no network to fetch the bundler by: nobody needs to know, it is only slower.
    }
  }
}
