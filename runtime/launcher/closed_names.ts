/**
 * The names by which a service could get at what is closed to it. Deno's flags close names, and a
 * symbolic link gives another one to what it leads to: one that is granted, that a granted name
 * passes through, or that lies anywhere in a granted folder, as whoever wrote a service can put
 * there. A service can make none itself: Deno lets nobody do so whose permissions have bounds.
 *
 * @module
 */

import { dirname, join, normalize, relative } from "node:path";
import { isWithin, linkedFrom, linkTextOf, realPlace } from "../config/places.ts";

/** Folders of a service's own that are looked through for links at one start, 5 µs each. */
const OWN_FOLDERS_MAX = 20_000;
/** Folders in which those are looked for that it may use besides. */
const FOLDERS_MAX = 4_000;
/** Folders whose links are remembered, for as long as nothing in them was added or removed. */
const LISTINGS_MAX = 50_000;
/** Deno itself lets nobody in there who has bounds. */
const SPECIAL = ["/proc", "/sys", "/dev"];
/** What is there is something else for each process: it can lead anywhere. */
const OWN_TO_EACH = ["/proc", "/dev/fd"];

/** What is to be closed, and how much is known of it. */
export interface ClosedNames {
  /** Absolute paths: those that were given, and all others by which they could be reached. */
  readonly names: readonly string[];
  /** How many of the places were looked through; there may be more names in the others. */
  readonly placesLooked: number;
}

/** A symbolic link. */
interface LinkAt {
  readonly path: string;
  /** The path that is written in it. */
  readonly written: string;
  /** Where it really leads to. */
  readonly target: string;
}

interface Listing {
  readonly look: string;
  readonly folders: readonly string[];
  readonly links: readonly string[];
}

/** Places by their own names and those of what they lead to. */
export function withRealPlaces(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap((path) => [path, realPlace(path)]))];
}

/**
 * Finds all names of what is closed within some places.
 *
 * @param closed Absolute paths of what is closed.
 * @param places Absolute paths of what is granted, first what is the service's own.
 * @param options `firstMax`: most folders of the first of them. @default {20,000}
 */
export function closedNames(
  closed: readonly string[],
  places: readonly string[],
  { firstMax = OWN_FOLDERS_MAX }: { readonly firstMax?: number } = {},
): ClosedNames {
  const secrets = withRealPlaces(closed);
  const names = new Set(secrets);
  const walk = new LinkWalk(secrets);
  const roots: { readonly place: string; readonly root: string }[] = [];
  let placesLooked = 0;
  for (const place of places) {
    const root = realPlace(place);
    roots.push({ place, root });
    if (secrets.some((secret) => isWithin(root, secret))) names.add(place);
    const max = placesLooked === 0 ? firstMax : FOLDERS_MAX;
    if (!walk.add(root, max)) break;
    placesLooked += 1;
  }
  const ways = [...secrets, ...walk.linksToSecrets()];
  for (const { place, root } of roots) {
    for (const way of ways) if (isWithin(way, root)) names.add(join(place, relative(root, way)));
  }
  return { names: [...names], placesLooked };
}

/**
 * Finds what is to be closed within places that may be written, so that what is closed stays where
 * it is: whoever moves a folder gives all in it another name. Deno lets those do so who may write
 * the folder, whatever in it is closed to them.
 *
 * @param closed Absolute paths of what is closed.
 * @param places Absolute paths of what may be written.
 */
export function closedToWriters(closed: readonly string[], places: readonly string[]): string[] {
  const secrets = withRealPlaces(closed);
  // None of these is the service's own: an agent stands still while it looks.
  const { names } = closedNames(closed, places, { firstMax: FOLDERS_MAX });
  const found = new Set(names);
  for (const place of places) {
    const root = realPlace(place);
    const walk = new LinkWalk(secrets);
    walk.add(root, FOLDERS_MAX);
    const movable = walk.linksThatWouldLead().filter((path) => isWithin(path, root))
      .map((path) => join(place, relative(root, path)));
    const inside = [...names, ...movable].filter((name) => isWithin(name, place));
    // What could be moved as a whole to another place must not be.
    const isMovable = places.some((other) => !isWithin(other, place) && !isWithin(place, other));
    for (const name of inside) found.add(isMovable ? place : firstBelow(place, name));
  }
  return [...found];
}

/** The entry of a folder that has a path in it. */
function firstBelow(place: string, path: string): string {
  const [first = ""] = relative(place, path).split("/");
  return join(place, first);
}

/** A look at all links below some folders, and below those that they lead to. */
class LinkWalk {
  readonly #secrets: readonly string[];
  readonly #seen = new Set<string>();
  readonly #links: LinkAt[] = [];

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
  }

  /** Looks at a folder and what is in it; returns whether that were not too many. */
  add(root: string, foldersMax: number): boolean {
    const rest = [root];
    const last = this.#seen.size + foldersMax;
    for (let folder = rest.pop(); folder !== undefined; folder = rest.pop()) {
      const isLeftOut = this.#seen.has(folder) || this.#secrets.includes(folder) ||
        SPECIAL.includes(folder);
      if (isLeftOut) continue;
      if (this.#seen.size >= last) return false;
      this.#seen.add(folder);
      const { folders, links } = listingOf(folder);
      rest.push(...folders);
      for (const path of links) {
        const link = linkAt(path);
        this.#links.push(link);
        // One that leads to a secret, or above it, is closed itself.
        if (!this.#isSecret(link.target)) rest.push(link.target);
      }
    }
    return true;
  }

  /** Links to secrets, to a folder with such a link or secret in it, or through such a link. */
  linksToSecrets(): string[] {
    const found = new Set<string>();
    for (let before = -1; found.size > before;) {
      before = found.size;
      for (const { path, written, target } of this.#links) {
        const leads = this.#isSecret(target) ||
          [...found].some((way) => isWithin(way, target) || isWithin(written, way));
        if (leads) found.add(path);
      }
    }
    return [...found];
  }

  /** Links by relative paths that lead to secrets once they are somewhere else. */
  linksThatWouldLead(): string[] {
    const folders = new Set(this.#secrets.flatMap(foldersAbove));
    return this.#links.filter(({ path }) => {
      const text = linkTextOf(path);
      if (text === undefined || text.startsWith("/")) return false;
      const rest = normalize(text).replace(/^(\.\.\/|\.\.$|\.$)+/, "");
      return [...folders].some((folder) => this.#isSecret(realPlace(join(folder, rest))));
    }).map(({ path }) => path);
  }

  #isSecret(target: string): boolean {
    return this.#secrets.some((secret) => isWithin(target, secret) || isWithin(secret, target));
  }
}

function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...foldersAbove(folder)];
}

function linkAt(path: string): LinkAt {
  const written = linkedFrom(path) ?? path;
  const isOwn = OWN_TO_EACH.some((place) => isWithin(written, place));
  return { path, written, target: isOwn ? "/" : realPlace(written) };
}

const listings = new Map<string, Listing>();

const NOTHING = { folders: [], links: [] } as const;

function listingOf(folder: string): Omit<Listing, "look"> {
  try {
    const { isDirectory, mtime, ino } = Deno.statSync(folder);
    if (!isDirectory) return NOTHING;
    const look = `${mtime?.getTime()} ${ino}`;
    const known = listings.get(folder);
    if (known?.look === look) return known;
    const folders: string[] = [];
    const links: string[] = [];
    for (const { name, isDirectory, isSymlink } of Deno.readDirSync(folder)) {
      if (isSymlink) links.push(join(folder, name));
      else if (isDirectory) folders.push(join(folder, name));
    }
    if (listings.size >= LISTINGS_MAX) listings.clear();
    const listing = { look, folders, links };
    listings.set(folder, listing);
    return listing;
  } catch {
    // What this user can't list, its services can't either.
    return NOTHING;
  }
}
