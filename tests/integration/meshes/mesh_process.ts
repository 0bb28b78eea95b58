/**
 * A mesh as its user has it: `deno run -A mod.ts mesh` as a process of its own, followed by what it
 * prints.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { lines } from "./output.ts";
import { commandsOf, killAll, processesWith, signalChild } from "./processes.ts";

/** One JSON line of the mesh. */
export interface MeshEvent {
  /** What happened: the kind of a fact, or `output`, `warning`, `meshReady` … */
  readonly kind: string;
  /** Its fields. */
  readonly [field: string]: unknown;
}

/** Fields that an event must have; a text is met by any text that contains it. */
export type Wanted = Readonly<Record<string, string | number | RegExp>>;

/** How to start a mesh. */
export interface MeshOptions {
  /** Services for mesh.json; the entry is the file of that name in services/, unless it says so. */
  readonly services?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Routes for mesh.json. @default {each service at its name} */
  readonly routes?: Readonly<Record<string, unknown>>;
  /** The settings of the gateway for mesh.json. */
  readonly gateway?: Readonly<Record<string, unknown>>;
  /** Files that are written beside mesh.json, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** A mesh that exists, instead of services. */
  readonly path?: string;
  /** A folder of an earlier mesh, with its data. @default {a new one} */
  readonly folder?: string;
  /** Whether the folder is removed in the end though it was given. @default {false} */
  readonly isFolderOurs?: boolean;
  /** Whether edits are taken in. @default {false} */
  readonly isWatched?: boolean;
  /** The ports of the gateway and of the admin API. @default {[0, 0], which are free ones} */
  readonly ports?: readonly [gateway: number, admin: number];
  /** The data folder. @default {one in the folder} */
  readonly data?: string;
  /** More variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it prints for a person: each line is an event `line` with its `text`. */
  readonly isReadable?: boolean;
  /** The program that it runs. @default {mod.ts} */
  readonly main?: string;
  /** The Deno that runs it. @default {the one that runs the tests} */
  readonly deno?: string;
  /** A compiled program, instead of a Deno. */
  readonly binary?: string;
}

/** Longest wait for anything: generous, since a busy machine is slow. Milliseconds. */
export const DEADLINE_MS = 60_000;

/** The folder of the project. */
export const PROJECT = new URL("../../../", import.meta.url).pathname;

const SERVICES = new URL("../services/", import.meta.url).pathname;

/** Writes a mesh.json for a test. */
export async function writeMesh(folder: string, options: MeshOptions): Promise<string> {
  const services = Object.fromEntries(
    Object.entries(options.services ?? { echo: {} }).map(([name, service]) => {
      return [name, { entry: `${SERVICES}${name}.ts`, ...service }];
    }),
  );
  const routes = options.routes ??
    Object.fromEntries(Object.keys(services).map((name) => [`/${name}`, name]));
  const file = `${folder}/mesh.json`;
  for (const [name, text] of Object.entries(options.files ?? {})) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  await Deno.writeTextFile(file, JSON.stringify({ services, routes, gateway: options.gateway }));
  return file;
}

/** A running mesh. Disposing of it ends every process that it started, whatever happened. */
export class MeshProcess implements AsyncDisposable {
  /** Everything that it has printed so far, in order. */
  readonly events: MeshEvent[] = [];
  /** Its temp folder; every process of the mesh can be told by it. */
  readonly folder: string;
  /** Resolves when it has ended. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #keepsFolder: boolean;
  readonly #isReadable: boolean;
  readonly #waiting = new Set<() => void>();
  readonly #read: Promise<unknown>;
  #stderr = "";
  #hasEnded = false;

  constructor(folder: string, options: MeshOptions & { readonly mesh: string }) {
    this.folder = folder;
    this.#isReadable = options.isReadable ?? false;
    this.#keepsFolder = options.folder !== undefined && !options.isFolderOurs;
    const { mesh, env = {}, deno = Deno.execPath(), data = this.data } = options;
    const { main = `${PROJECT}mod.ts`, ports = [0, 0], binary } = options;
    const [port, adminPort] = ports.map(String);
    const run = ["run", "-A", "--no-lock", "--config", `${PROJECT}deno.json`, main];
    this.#child = new Deno.Command(binary ?? deno, {
      args: [
        ...(binary === undefined ? run : []),
        ...["mesh", mesh, "--data", data, ...(this.#isReadable ? [] : ["--json"])],
        ...["--port", `${port}`, "--admin-port", `${adminPort}`],
        ...(options.isWatched ? ["--watch"] : []),
      ],
      cwd: folder,
      // Inherited by everything that the mesh starts: so what is left over can be found.
      env: { TMPDIR: folder, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.status = this.#child.status;
    this.#read = Promise.all([this.#readEvents(), this.#readStderr()]);
  }

  /** The process number of the mesh. */
  get pid(): number {
    return this.#child.pid;
  }

  /** What it wrote to stderr. */
  get stderr(): string {
    return this.#stderr;
  }

  /** The data folder. */
  get data(): string {
    return `${this.folder}/data`;
  }

  /** The address of the gateway. */
  get gatewayUrl(): string {
    return String(this.all("meshReady")[0]?.gatewayUrl);
  }

  /** The address of the admin API. */
  get adminUrl(): string {
    return String(this.all("meshReady")[0]?.adminUrl);
  }

  /** Sends a request to the gateway. */
  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.gatewayUrl}${path}`, init);
  }

  /** Sends a GET request to the gateway and reads the answer. */
  async text(path: string, init?: RequestInit): Promise<string> {
    return await (await this.fetch(path, init)).text();
  }

  /** Sends a request to the admin API with the token: POST with a body, else GET. */
  async admin(path: string, body?: unknown): Promise<Response> {
    const { token } = JSON.parse(await Deno.readTextFile(`${this.data}/admin.json`));
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return await fetch(`${this.adminUrl}${path}`, { headers, ...init });
  }

  /** The process number of the instance of a service that answers at `/NAME/pid`. */
  async pidOf(name: string): Promise<number> {
    const { pid } = await (await this.fetch(`/${name}/pid`)).json();
    return Number(pid);
  }

  /** The events of a kind that have the wanted fields, of those printed so far. */
  all(kind: string, wanted: Wanted = {}): MeshEvent[] {
    return this.events.filter((event) => isWanted(event, kind, wanted));
  }

  /** Waits for the first event of a kind that has the wanted fields, at or after a place. */
  async event(kind: string, wanted: Wanted = {}, after = 0): Promise<MeshEvent> {
    const find = () => this.events.slice(after).find((event) => isWanted(event, kind, wanted));
    const found = await this.#until(find);
    if (found !== undefined) return found;
    const what = `${kind} ${Deno.inspect(wanted)}`;
    const why = this.#hasEnded ? "the mesh has ended" : `nothing within ${DEADLINE_MS} ms`;
    const printed = this.events.slice(-30).map((event) => JSON.stringify(event)).join("\n");
    throw new Error(`Cannot see "${what}": ${why}\n${printed}\n${this.#stderr}`);
  }

  /** Waits for so many events of a kind that have the wanted fields. */
  async times(count: number, kind: string, wanted: Wanted = {}): Promise<MeshEvent[]> {
    let place = 0;
    for (let found = 0; found < count; found += 1) {
      place = this.events.indexOf(await this.event(kind, wanted, place)) + 1;
    }
    return this.all(kind, wanted);
  }

  /** Waits for a line of an instance's output. */
  output(text: string | RegExp): Promise<MeshEvent> {
    return this.event("output", { text });
  }

  /** Sends a signal to the mesh. */
  signal(signal: Deno.Signal): void {
    signalChild(this.#child, signal);
  }

  /** Waits until the mesh has ended and everything that it printed was read. */
  async ended(): Promise<Deno.CommandStatus> {
    await this.#read;
    return await this.status;
  }

  /**
   * Ends the mesh as Ctrl-C does. Then everything that happened is among the events.
   *
   * @throws {AssertionError} unless it ends with success, prints no error and leaves no process.
   */
  async stop(): Promise<void> {
    this.signal("SIGINT");
    const { code } = await this.ended();
    const left = await commandsOf(await this.processes());
    assertEquals([code, this.stderr, left], [0, "", []]);
  }

  /** Every process that was started for this mesh and still runs, the mesh itself included. */
  processes(): Promise<number[]> {
    return processesWith(`TMPDIR=${this.folder}`);
  }

  /** Kills everything and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.signal("SIGKILL");
    await this.ended();
    await killAll(await this.processes());
    if (!this.#keepsFolder) await Deno.remove(this.folder, { recursive: true });
  }

  async #readEvents(): Promise<void> {
    for await (const line of lines(this.#child.stdout)) {
      const event: MeshEvent = this.#isReadable ? { kind: "line", text: line } : JSON.parse(line);
      this.events.push(event);
      this.#wake();
    }
    this.#hasEnded = true;
    this.#wake();
  }

  async #readStderr(): Promise<void> {
    for await (const line of lines(this.#child.stderr)) this.#stderr += `${line}\n`;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  async #until<Found>(find: () => Found | undefined): Promise<Found | undefined> {
    const deadlineMs = performance.now() + DEADLINE_MS;
    for (;;) {
      const found = find();
      const leftMs = deadlineMs - performance.now();
      if (found !== undefined || this.#hasEnded || leftMs <= 0) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, leftMs);
      this.#waiting.add(resolve);
      await promise;
      clearTimeout(timer);
      this.#waiting.delete(resolve);
    }
  }
}

/** Starts a mesh without waiting for it to be ready. */
export async function spawnMesh(options: MeshOptions = {}): Promise<MeshProcess> {
  const folder = options.folder ?? await Deno.makeTempDir({ prefix: "smmp-test-" });
  const mesh = options.path ?? await writeMesh(folder, options);
  return new MeshProcess(folder, { ...options, mesh });
}

/** Starts a mesh; resolves when it is ready. */
export async function startMesh(options: MeshOptions = {}): Promise<MeshProcess> {
  const mesh = await spawnMesh(options);
  try {
    await mesh.event("meshReady");
    return mesh;
  } catch (error) {
    await mesh[Symbol.asyncDispose]();
    throw error;
  }
}

function isWanted(event: MeshEvent, kind: string, wanted: Wanted): boolean {
  return event.kind === kind && Object.entries(wanted).every(([field, value]) => {
    const found = event[field];
    if (value instanceof RegExp) return typeof found === "string" && value.test(found);
    return typeof value === "string" && typeof found === "string"
      ? found.includes(value)
      : found === value;
  });
}
