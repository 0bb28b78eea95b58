/**
 * Notices when what an agent can start changes: a service added, removed or edited, or mesh.json.
 *
 * @module
 */

import { reasonOf } from "../../../protocol/errors.ts";
import { dirname, join, relative } from "node:path";
import { loadMesh, MESH_FILE } from "../../config/load_mesh.ts";
import type { MeshConfig } from "../../config/mesh_config.ts";
import { isWithin } from "../../config/places.ts";
import { clockMs } from "../../host.ts";
import type { Repository } from "../agent_host.ts";
import {
  type FileDigests,
  hasChanged,
  isHidden,
  lookAt,
  MODULE,
  versionsOf,
} from "./repository_version.ts";

/** A mesh as it is now, with the versions of its services. */
export interface LoadedRepository extends Repository {
  /** The mesh. */
  readonly config: MeshConfig;
}

/** What is another one now. */
export interface RepositoryChange {
  /** What there is now. */
  readonly repository: LoadedRepository;
  /** Services that were not there before. */
  readonly added: readonly string[];
  /** Services that are not there any more. */
  readonly removed: readonly string[];
  /** Services whose code, permissions or environment changed. */
  readonly edited: readonly string[];
}

/** How a repository is watched. */
export interface RepositoryWatchOptions {
  /** The folder or mesh.json, as for `loadMesh`. */
  readonly path: string;
  /** Whether it is the part of one host, as for `loadMesh`. @default {true} */
  readonly isPart?: boolean;
  /** Folders in which others write. @default {[]} */
  readonly leftOut?: readonly string[];
  /** Takes what changed. */
  readonly changed: (change: RepositoryChange) => void;
  /** Takes a line for a person: what is there now can't be used, and the mesh before stays. */
  readonly warn: (text: string) => void;
  /** After this long without another change one counts as complete. Milliseconds. @default {200} */
  readonly quietMs?: number;
  /**
   * How often it is looked though nothing was noticed: some file systems tell nothing, and a link
   * to a folder can be replaced. Of very many services only files that are known are looked at so
   * often, and whether there are new ones when that costs little beside the time since.
   * Milliseconds.
   *
   * @default {5_000}
   */
  readonly lookMs?: number;
}

/** Loads a mesh, and finds the versions of its services. Throws as `loadMesh` does. */
export async function loadRepository(
  path: string,
  { isPart = true, known }: {
    /** Whether it is the part of one host, as for `loadMesh`. @default {true} */
    readonly isPart?: boolean | undefined;
    /** What was read of files before. @default {nothing} */
    readonly known?: FileDigests;
  } = {},
): Promise<LoadedRepository> {
  const config = await loadMesh(path, { isPart });
  return { config, services: config.services, versions: await versionsOf(config.services, known) };
}

/** To look at everything without a reason costs this part of the time at most. */
const COST_PART = 0.005;
/** However much it costs, it is done this often. Milliseconds. */
const WHOLE_LOOK_MS_MAX = 300_000;

/** Watches a repository until it is closed. */
export class RepositoryWatch {
  readonly #options: RepositoryWatchOptions;
  readonly #digests: FileDigests;
  #repository: LoadedRepository;
  #watcher: Deno.FsWatcher | undefined;
  #watched = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #isLooking = false;
  /** When something was noticed that was not looked at yet. */
  #noticedMs: number | undefined;
  /** When all is looked at again though nothing was noticed. */
  #wholeLookMs = 0;
  /** How the folder and its mesh.json looked before they were read. */
  #documentLook: string;
  #hasMore = false;
  #warned = "";

  private constructor(
    repository: LoadedRepository,
    { options, known, documentLook }: {
      options: RepositoryWatchOptions;
      known: FileDigests;
      documentLook: string;
    },
  ) {
    this.#repository = repository;
    this.#options = options;
    this.#digests = known;
    this.#documentLook = documentLook;
    this.#watch();
    this.#lookIn(options.lookMs ?? 5_000);
  }

  /**
   * Loads a mesh and watches it.
   *
   * @throws {ConfigError} when there is no such mesh, or anything is wrong with it.
   */
  static async open(options: RepositoryWatchOptions): Promise<RepositoryWatch> {
    const { path, isPart } = options;
    const known: FileDigests = new Map();
    const documentLook = lookAtDocument(path);
    const repository = await loadRepository(path, { isPart, known });
    return new RepositoryWatch(repository, { options, known, documentLook });
  }

  /** What there is now. */
  get repository(): LoadedRepository {
    return this.#repository;
  }

  /** Watches no more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  #lookIn(waitMs: number, look: () => void = () => void this.#look()): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(look, waitMs);
  }

  /** Nothing was noticed for a while: is it so? */
  #glance(): void {
    const { path, lookMs = 5_000 } = this.#options;
    const isSame = this.#watcher !== undefined && performance.now() < this.#wholeLookMs &&
      !hasChanged(this.#digests) && lookAtDocument(path) === this.#documentLook;
    if (isSame) this.#lookIn(lookMs, () => this.#glance());
    else void this.#look();
  }

  async #look(): Promise<void> {
    // One look at a time: what happens meanwhile is looked at next.
    if (this.#isLooking) return void (this.#hasMore = true);
    const startedMs = performance.now();
    this.#isLooking = true;
    this.#hasMore = false;
    this.#noticedMs = undefined;
    try {
      const { path, isPart } = this.#options;
      this.#documentLook = lookAtDocument(path);
      const now = await loadRepository(path, { isPart, known: this.#digests });
      const { file } = this.#repository.config;
      if (file !== undefined && now.config.file === undefined) {
        throw new Error(`"${file}" is gone, without which everybody could reach every service`);
      }
      this.#warned = "";
      if (!this.#isClosed) this.#take(now);
    } catch (error) {
      const text = `Cannot take the change: ${
        reasonOf(error)
      }; the services before stay as they are`;
      if (text !== this.#warned && !this.#isClosed) this.#options.warn(text);
      this.#warned = text;
    }
    this.#isLooking = false;
    const { lookMs = 5_000, quietMs = 200 } = this.#options;
    const endedMs = performance.now();
    const restMs = Math.min(WHOLE_LOOK_MS_MAX, (endedMs - startedMs) / COST_PART);
    this.#wholeLookMs = endedMs + restMs;
    if (this.#hasMore) this.#lookIn(quietMs);
    else this.#lookIn(lookMs, () => this.#glance());
  }

  #take(now: LoadedRepository): void {
    const before = this.#repository;
    this.#repository = now;
    this.#watch();
    const added = [...now.services.keys()].filter((name) => !before.services.has(name));
    const removed = [...before.services.keys()].filter((name) => !now.services.has(name));
    const edited = [...now.services.keys()].filter((name) =>
      before.services.has(name) && before.versions.get(name) !== now.versions.get(name)
    );
    const isSame = edited.length === 0 && textOf(before.config) === textOf(now.config);
    if (!isSame) this.#options.changed({ repository: now, added, removed, edited });
  }

  /** Watches the folders in which the services are; anew when they are other ones. */
  #watch(): void {
    const folders = foldersOf(this.#repository.config);
    const watched = folders.map((folder) => `${folder} ${realPath(folder)}`).join("\n");
    if (watched === this.#watched) return;
    this.#watched = watched;
    this.#watcher?.close();
    try {
      this.#watcher = Deno.watchFs(folders, { recursive: true });
      // An event may name a folder by what a link to it leads to.
      void this.#follow(this.#watcher, [...folders, ...folders.map(realPath)]);
    } catch (error) {
      this.#watcher = undefined;
      const { warn, lookMs = 5_000 } = this.#options;
      const instead = `it is looked at every ${lookMs / 1_000} s instead`;
      warn(`Cannot watch "${folders.join('", "')}": ${reasonOf(error)}; ${instead}`);
    }
  }

  async #follow(watcher: Deno.FsWatcher, folders: readonly string[]): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind === "access" || !paths.some((path) => this.#concerns(path, folders))) continue;
      if (this.#isLooking) this.#hasMore = true;
      else this.#notice();
    }
  }

  /** Looks once it is quiet; something that is written all the time can't put that off for long. */
  #notice(): void {
    const { quietMs = 200 } = this.#options;
    const nowMs = clockMs();
    this.#noticedMs ??= nowMs;
    this.#lookIn(Math.max(0, Math.min(quietMs, this.#noticedMs + 10 * quietMs - nowMs)));
  }

  /** Whether a change at a path may be one of a service, and not something that it writes. */
  #concerns(path: string, folders: readonly string[]): boolean {
    const { leftOut = [] } = this.#options;
    if (leftOut.some((place) => isWithin(path, place))) return false;
    const { services, config: { file } } = this.#repository;
    const mayBeCode = MODULE.test(path) || path === file || this.#digests.has(path);
    for (const { permissions } of mayBeCode ? [] : services.values()) {
      if (permissions.write.some((place) => isWithin(path, place))) return false;
    }
    return concerns(path, folders);
  }
}

/** Whether a path is one that people edit: not what is hidden or fetched. */
function concerns(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => {
    if (folder === "") return false;
    const inFolder = relative(folder, path);
    return !inFolder.startsWith("..") && !inFolder.split("/").some(isHidden);
  });
}

/** The folder of the mesh, and those of services that are elsewhere. */
function foldersOf({ folder, services }: MeshConfig): string[] {
  const folders = new Set([folder]);
  for (const { entry } of services.values()) {
    const own = dirname(entry);
    if (relative(folder, own).startsWith("..")) folders.add(own);
  }
  return [...folders].toSorted();
}

/** What says which services there are: the folder, or the file in it. */
function lookAtDocument(path: string): string {
  return `${lookAt(path)} ${lookAt(join(path, MESH_FILE))}`;
}

function realPath(folder: string): string {
  try {
    return Deno.realPathSync(folder);
  } catch {
    // It is gone for the moment; the next look says more.
    return "";
  }
}

function textOf(config: MeshConfig): string {
  return JSON.stringify({ ...config, services: [...config.services] });
}
