/**
 * Where files are: which are within which folder, and what their names lead to.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";

/** Links behind each other that are followed; a ring of them leads nowhere. */
const LINKS_MAX = 40;

/** Whether an absolute path is that of a place, or within it. */
export function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(place.endsWith("/") ? place : `${place}/`);
}

/** The absolute path behind all symbolic links; of what is not there, the one it would have. */
export function realPlace(path: string, linksMax: number = LINKS_MAX): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    const folder = dirname(path);
    if (folder === path || linksMax === 0) return path;
    const at = join(realPlace(folder, linksMax - 1), basename(path));
    const target = linkedFrom(at);
    return target === undefined ? at : realPlace(target, linksMax - 1);
  }
}

/** What a symbolic link says, as an absolute path; undefined: it is none. */
export function linkedFrom(path: string): string | undefined {
  const text = linkTextOf(path);
  return text === undefined ? undefined : resolve(dirname(path), text);
}

/** What a symbolic link says, as it is written; undefined: it is none. */
export function linkTextOf(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    // It is no link, or nobody may look at it, so nobody can use it either.
    return undefined;
  }
}
