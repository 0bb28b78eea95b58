/**
 * The files that the house checks look at.
 *
 * @module
 */

/** The folder of the project, as a URL that ends with a slash. */
export const PROJECT: URL = new URL("../../", import.meta.url);

/** The rooms that make the product, and the door. */
export const ROOMS = ["protocol", "roles", "transports", "runtime", "workers", "mod.ts"] as const;

/** Everything else that holds code. */
export const ANNEXES = ["std", "examples", "bench", "tests", "docs"] as const;

/** A source file. */
export interface SourceFile {
  /** Its path from the folder of the project, such as `roles/step.ts`. */
  readonly path: string;
  /** What it holds. */
  readonly text: string;
}

/** Reads the TypeScript files of some rooms, in alphabetical order; a room may be absent. */
export async function readSources(rooms: readonly string[]): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const room of rooms) await collect(room, files);
  return files.sort((left, right) => left.path < right.path ? -1 : 1);
}

async function collect(path: string, files: SourceFile[]): Promise<void> {
  const url = new URL(path, PROJECT);
  const info = await Deno.stat(url).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (info?.isFile && /\.tsx?$/.test(path)) {
    files.push({ path, text: await Deno.readTextFile(url) });
  } else if (info?.isDirectory) {
    for await (const { name } of Deno.readDir(url)) {
      if (!/^[.]|^node_modules$/.test(name)) await collect(`${path}/${name}`, files);
    }
  }
}

/** Runs deno in the folder of the project, whose lock file stays as it is. */
export async function runDeno(
  [command, ...args]: readonly [command: string, ...args: string[]],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [command, "--no-lock", ...args],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
