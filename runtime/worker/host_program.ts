/**
 * What a host process and its workers run of ours.
 *
 * @module
 */

import { isBinary } from "../binary/is_binary.ts";
import { withRealPlaces } from "../launcher/closed_names.ts";
import { dataUrl, PreparedModule } from "../launcher/prepared/prepared_module.ts";
import { serviceDeno } from "../launcher/program.ts";
import { permissionFlags } from "../launcher/sandbox.ts";
import type { HostStart } from "./orders.ts";

const HOST = new URL("./host.ts", import.meta.url);
const BEGIN = new URL("./begin.ts", import.meta.url);
/** The same as files, which `deno task compile` makes and puts into the binary. */
const HOST_BUNDLE = new URL("../../dist/worker_host.txt", import.meta.url);
const BEGIN_BUNDLE = new URL("../../dist/worker_begin.txt", import.meta.url);

/** The heap of one worker; who needs more is better a process. MiB. */
const HEAP_MB_MAX = 512;

/** Nothing that a worker may not do at all: to run programs and to load libraries. */
const FLAGS = [
  "--quiet",
  "--no-prompt",
  "--unstable-worker-options",
  `--v8-flags=--max-old-space-size=${HEAP_MB_MAX}`,
  ...["read", "write", "net", "env", "sys"].map((kind) => `--allow-${kind}`),
];

/**
 * The command that runs a host; its program is what it reads from stdin. What is closed to it is to
 * its workers, and to what they import, which Deno reads with the permissions of their host.
 */
export function hostCommand(
  closed: readonly string[] = [],
): readonly [string, ...string[]] | undefined {
  const deno = serviceDeno();
  const paths = withRealPlaces(closed);
  const flags = permissionFlags({ "deny-read": paths, "deny-write": paths });
  return deno === undefined ? undefined : [deno, "run", ...FLAGS, ...flags, "-"];
}

/** The program of a host. Deno resolves the imports of its workers as its working folder does. */
export function hostProgram(start: HostStart): string {
  const host = isBinary() ? dataUrl(Deno.readTextFileSync(HOST_BUNDLE)) : HOST.href;
  return `import { runHost } from ${JSON.stringify(host)};\n` +
    `await runHost(${JSON.stringify(start)});\n`;
}

/** What a worker imports of ours. */
export function workerBegin(): PreparedModule {
  return new PreparedModule({ entry: BEGIN, bundle: BEGIN_BUNDLE });
}
