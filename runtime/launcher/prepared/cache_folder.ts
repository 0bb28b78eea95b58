/**
 * The folder in which this user's agents keep what they can make again.
 *
 * @module
 */

import { dirname, join } from "node:path";

/** What others could write there, processes of this user would run. */
const OTHERS_WRITE = 0o022;

/** Of what is made as many as this are kept: the last ones that were used. */
const KEPT_MAX = 8;

/** Where the folder may be, the best place first: no service may write to any of them. */
export function cachePlaces(): readonly string[] {
  const owner = Deno.uid();
  if (owner === null) return [];
  const { XDG_CACHE_HOME: cache, HOME: home, TMPDIR: temp = "/tmp" } = Deno.env.toObject();
  const places = [
    ...(cache === undefined ? [] : [join(cache, "smmp")]),
    ...(home === undefined ? [] : [join(home, ".cache", "smmp")]),
    join(temp, `smmp-${owner}`),
  ];
  // A permission to write below it could not be taken back by a flag, and an import not be written.
  return places.filter((place) => place.startsWith("/") && !place.includes(","));
}

/**
 * The folder, which is made if it is not there.
 *
 * @returns Its path, or undefined when there is none that only this user can write.
 */
export function openCacheFolder(): string | undefined {
  const owner = Deno.uid();
  return owner === null ? undefined : cachePlaces().find((place) => isOwn(place, owner));
}

function isOwn(folder: string, owner: number): boolean {
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { isDirectory, uid, mode } = Deno.lstatSync(folder);
    return isDirectory && uid === owner && ((mode ?? OTHERS_WRITE) & OTHERS_WRITE) === 0 &&
      isWritable(folder);
  } catch {
    // A host may be read-only there; another place is tried.
    return false;
  }
}

function isWritable(folder: string): boolean {
  const file = Deno.makeTempFileSync({ dir: folder, prefix: ".try-" });
  Deno.removeSync(file);
  return true;
}

/** Notes that something is used; of what has such a `name` removes what was not for longest. */
export async function noteUse(path: string, name: RegExp): Promise<void> {
  const now = new Date();
  await Deno.utime(path, now, now);
  const folder = dirname(path);
  const files: { path: string; usedMs: number }[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (!name.test(entry.name)) continue;
    const path = join(folder, entry.name);
    const { mtime } = await Deno.stat(path);
    files.push({ path, usedMs: mtime?.getTime() ?? 0 });
  }
  files.sort((one, other) => other.usedMs - one.usedMs);
  for (const { path } of files.slice(KEPT_MAX)) await Deno.remove(path, { recursive: true });
}
