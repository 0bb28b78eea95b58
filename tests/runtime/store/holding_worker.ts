/**
 * Opens the store in the folder that it is told, and fails when it is told to.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { openStore } from "../../../runtime/store/open_store.ts";
import type { Store } from "../../../runtime/store/store.ts";

let store: Store | undefined;

self.onmessage = ({ data }: MessageEvent<unknown>) => {
  if (typeof data !== "string") throw new Error(`told to fail with ${store?.lastSeq} facts`);
  store = openStore(data);
  self.postMessage("open");
};
