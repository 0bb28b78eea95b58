/**
 * Appends facts to the store in a folder for ever, and prints the number of each that is safe.
 *
 * @module
 */

import { openStore } from "../../../runtime/store/open_store.ts";
import { failures } from "./fact_samples.ts";

const store = openStore(Deno.args[0] ?? "");
const encoder = new TextEncoder();
for (;;) {
  store.append(failures(3, { firstSeq: store.lastSeq + 1 }));
  Deno.stdout.writeSync(encoder.encode(`${store.lastSeq}\n`));
}
