/**
 * The store of a data folder.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { join } from "node:path";
import { openMemoryStore } from "./memory_store.ts";
import { openSqliteStore } from "./sqlite_store.ts";
import { type Store, StoreError } from "./store.ts";

/** The name of the file in the data folder. */
export const HISTORY_FILE = "history.db";

/**
 * Opens the store of a data folder, which is made if it does not exist.
 *
 * @param dataFolder The folder, or `"none"` for a store in memory.
 * @throws {StoreError} when the folder cannot be made, or the store in it cannot be opened.
 *
 * @example
 * ```ts
 * import { openStore } from "./open_store.ts";
 *
 * const store = openStore("none");
 * store.append([{ seq: 1, atMs: 0, kind: "agentLost", agent: "local", reason: "an example" }]);
 * console.log(store.lastSeq);
 * store.close();
 * ```
 */
export function openStore(dataFolder: string): Store {
  if (dataFolder === "none") return openMemoryStore();
  try {
    Deno.mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new StoreError(`Cannot make the data folder "${dataFolder}": ${reason}`, { cause });
  }
  return openSqliteStore(join(dataFolder, HISTORY_FILE));
}
