/**
 * A mesh for tests of the commands: the real admin API before a fake manager, on real ports.
 *
 * @module
 */

import { writeAdminFile } from "../../../runtime/admin/admin_file.ts";
import { createAdminApp } from "../../../runtime/admin/admin_app.ts";
import { runCommandLine } from "../../../runtime/cli/main.ts";
import { createFakeBackend, type FakeBackend, TOKEN } from "../admin/fake_backend.ts";
import { type CapturedIO, captureIO } from "./captured_io.ts";

/** What a command did. */
export interface Ran extends Pick<CapturedIO, "out" | "err"> {
  /** Its exit code. */
  readonly code: number;
}

/** A mesh that commands can reach. */
export interface ServedMesh {
  /** What is behind the admin API. */
  readonly backend: FakeBackend;
  /** Its data folder. */
  readonly data: string;
  /** Its admin API. */
  readonly url: string;
  /** Ends what is followed, as the end of a mesh does. */
  end(): void;
  /** Runs a command, its words separated by blanks, against the data folder. */
  run(words: string, more?: readonly string[]): Promise<Ran>;
}

/** Runs a command line and keeps what it printed. */
export async function runWords(words: readonly string[]): Promise<Ran> {
  const io = captureIO();
  const code = await runCommandLine(words, io);
  return { code, out: io.out, err: io.err };
}

/** Serves a mesh while `work` runs; its gateway answers with `gateway`. */
export async function withServedMesh(
  work: (mesh: ServedMesh) => Promise<void>,
  gateway: (request: Request) => Response | Promise<Response> = () => new Response("unused"),
): Promise<void> {
  const backend = createFakeBackend({ startMs: Date.now() - 18_000 });
  const listen = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
  const ended = new AbortController();
  const app = createAdminApp(backend, { token: TOKEN, signal: ended.signal });
  const admin = Deno.serve(listen, app.fetch);
  const entry = Deno.serve(listen, gateway);
  const data = await Deno.makeTempDir();
  const url = `http://127.0.0.1:${admin.addr.port}`;
  const gatewayUrl = `http://127.0.0.1:${entry.addr.port}`;
  writeAdminFile(data, { url, token: TOKEN, gatewayUrl, pid: Deno.pid });
  try {
    await work({
      backend,
      data,
      url,
      end: () => ended.abort(),
      run: (words, more = []) => runWords([...words.split(" "), ...more, "--data", data]),
    });
  } finally {
    await Promise.all([admin.shutdown(), entry.shutdown()]);
    await Deno.remove(data, { recursive: true });
  }
}

/** The words of each line: tables without their blanks. */
export function cellsOf(text: string): string[][] {
  return text.trimEnd().split("\n").map((line) => line.trim().split(/ {2,}/));
}

/** Takes durations out, which depend on when the test runs. */
export function timeless(text: string): string {
  return text.replace(/\b\d+(\.\d+)?(ms|s|m|h)\b/g, "T");
}
