/**
 * A disk so small that a test can fill it.
 *
 * @module
 */

/** A disk that is mounted while a test runs. */
export interface SmallDisk {
  /** Where it is. */
  readonly folder: string;
  /** Leaves no room on it. */
  fill(): Promise<void>;
  /** Makes room again. */
  clear(): Promise<void>;
}

async function run(command: string, ...args: readonly string[]): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  return success ? undefined : new TextDecoder().decode(stderr);
}

/**
 * Gives a test a disk of two megabytes. Where none can be mounted the test says so; in CI that is a
 * failure.
 */
export async function withSmallDisk(work: (disk: SmallDisk) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "smmp-disk-" });
  const filler = `${folder}/filler`;
  try {
    const failure = await run("mount", "-t", "tmpfs", "-o", "size=2m", "none", folder)
      .catch((error) => String(error));
    if (failure !== undefined) {
      const text = `Cannot test a full disk: no file system can be mounted here: ${failure}`;
      if (Deno.env.get("CI") === "true") throw new Error(text);
      return console.warn(text);
    }
    try {
      await work({
        folder,
        async fill() {
          using file = await Deno.open(filler, { create: true, append: true });
          // Large steps first, then what is left byte by byte of a page.
          for (const size of [65_536, 4_096, 1]) {
            const bytes = new Uint8Array(size);
            while (await isWritten(file, bytes)) { /* Until nothing more goes in. */ }
          }
        },
        clear: () => Deno.remove(filler),
      });
    } finally {
      // Lazily: a test that failed has left files open.
      await run("umount", "-l", folder);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function isWritten(file: Deno.FsFile, bytes: Uint8Array): Promise<boolean> {
  try {
    return await file.write(bytes) > 0;
  } catch (error) {
    if (String(error).includes("No space left")) return false;
    throw error;
  }
}
