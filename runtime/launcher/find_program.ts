/**
 * Looks for programs as a shell does.
 *
 * @module
 */

/** The path of a program on the PATH, or undefined when none of its folders has it. */
export function findProgram(name: string, path = Deno.env.get("PATH") ?? ""): string | undefined {
  for (const folder of path.split(":")) {
    // A relative folder would be another one for each service.
    if (!folder.startsWith("/")) continue;
    const file = `${folder}/${name}`;
    try {
      const { isFile, mode } = Deno.statSync(file);
      if (isFile && ((mode ?? 0) & 0o111) !== 0) return file;
    } catch {
      // What is not there, or can't be looked at, can't be run either.
    }
  }
  return undefined;
}
