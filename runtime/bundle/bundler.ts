/**
 * Makes one file of JavaScript of a service and everything that it imports.
 *
 * `deno bundle` does it: esbuild, with the resolver of Deno. So a bundle holds what `deno run`
 * would have loaded in the service's folder, by its deno.json or package.json and lock file; a
 * resolver of our own could only differ from that.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import { isBinary } from "../binary/is_binary.ts";
import { findProgram } from "../launcher/find_program.ts";
import { killGroupOf, newGroup } from "../launcher/process_group.ts";

/** How every bundle begins, so that it can be told from what a person wrote. */
export const BUNDLE_MARK = "// Made by smmp bundle";

/** A service could not be made one file; the message says why, in the words of Deno. */
export class BundleError extends Error {
  /** The name of the class. */
  override name = "BundleError";
}

/** The lines of Deno that say nothing of the service. */
const NOISE = /^(error: bundling failed|Stack backtrace:|\s+\d+: |\s+at \S*libc|.*is experimental)/;

/**
 * The deno that makes bundles: the one that runs this, or in the binary the one on the PATH.
 *
 * @throws {BundleError} when there is none.
 */
export function bundlingDeno(): string {
  const deno = isBinary() ? findProgram("deno") : Deno.execPath();
  if (deno !== undefined) return deno;
  throw new BundleError("Cannot bundle: it needs deno on the PATH; what it makes does not");
}

/**
 * Bundles a service.
 *
 * @param entry The absolute path of its file.
 * @param options The file to write, and the deno to make it with.
 * @returns How many bytes the bundle has.
 * @throws {BundleError} when something that it imports is missing or can't be in a bundle.
 */
export async function bundleService(
  entry: string,
  { output, deno }: { readonly output: string; readonly deno: string },
): Promise<number> {
  // The folder as when it runs: so the same deno.json or package.json counts.
  await runBundler(["--output", output, entry], { deno, cwd: dirname(entry) });
  const text = `${BUNDLE_MARK} of ${basename(entry)}: change that, not this.\n` +
    await Deno.readTextFile(output);
  await Deno.writeTextFile(output, text);
  return new TextEncoder().encode(text).byteLength;
}

/** How `deno bundle` is run. */
export interface BundlerOptions {
  /** The deno that does it. */
  readonly deno: string;
  /** Where. */
  readonly cwd: string | URL;
  /**
   * Everything else on this host goes first, and it ends when this aborts, with all that it has
   * started. @default {it is what somebody waits for}
   */
  readonly background?: AbortSignal;
}

/**
 * Runs `deno bundle`.
 *
 * @throws {BundleError} when it fails.
 */
export async function runBundler(
  flags: readonly string[],
  { deno, cwd, background }: BundlerOptions,
): Promise<void> {
  background?.throwIfAborted();
  const nice = background === undefined ? undefined : findProgram("nice");
  const program = [deno, "bundle", "--quiet", "--platform", "deno", ...flags] as const;
  const [first, ...args] = nice === undefined ? program : [nice, "-n", "10", ...program] as const;
  const options = {
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  } as const;
  // Else esbuild, which it starts, would go on for a second without it.
  const child = background === undefined
    ? new Deno.Command(first, { ...options, args }).spawn()
    : newGroup([first, ...args], { ...options, outputPath: undefined }).spawn();
  const end = () => killGroupOf(child);
  background?.addEventListener("abort", end);
  const { success, stderr } = await child.output();
  background?.removeEventListener("abort", end);
  if (!success) throw new BundleError(reasonIn(new TextDecoder().decode(stderr)));
}

function reasonIn(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !NOISE.test(line));
  return lines.join("\n").replace(/^error: /, "") || "deno bundle failed without a word";
}
