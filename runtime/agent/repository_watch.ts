/**
 * Notices when what an agent can start changes: a service added, removed or edited, or mesh.json.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { dirname, relative } from "node:path";
import { loadMesh } from "../config/load_mesh.ts";
import type { MeshConfig } from "../config/mesh_config.ts";
import { clockMs } from "../host.ts";
import type { Repository } from "./agent_host.ts";
import { type FileDigests, isHidden, isWithin, MODULE, versionsOf } from "./repository_version.ts";

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
   * How often all is looked at though nothing was noticed: some file systems tell nothing, and a
   * link to a folder can be replaced. Milliseconds.
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
  #hasMore = false;
  #warned = "";

  private constructor(
    repository: LoadedRepository,
    { options, known }: { options: RepositoryWatchOptions; known: FileDigests },
  ) {
    this.#repository = repository;
    this.#options = options;
    this.#digests = known;
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
    return new RepositoryWatch(await loadRepository(path, { isPart, known }), { options, known });
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

  #lookIn(waitMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#look(), waitMs);
  }

  async #look(): Promise<void> {
    // One look at a time: what happens meanwhile is looked at next.
    if (this.#isLooking) return void (this.#hasMore = true);
    this.#isLooking = true;
    this.#hasMore = false;
    this.#noticedMs = undefined;
    try {
      const { path, isPart } = this.#options;
      const now = await loadRepository(path, { isPart, known: this.#digests });
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
    this.#lookIn(this.#hasMore ? quietMs : lookMs);
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
    if (isWithin(path, leftOut)) return false;
    const { services, config: { file } } = this.#repository;
    const mayBeCode = MODULE.test(path) || path === file || this.#digests.has(path);
    for (const { permissions } of mayBeCode ? [] : services.values()) {
      if (isWithin(path, permissions.write)) return false;
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
