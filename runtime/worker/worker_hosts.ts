/**
 * The workers of an agent, and the processes in which they are. Services of one folder share a
 * process, which is started before the first of them is asked for.
 *
 * @module
 */

import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { isSameText } from "../../protocol/same_text.ts";
import type { Link, LinkEvents } from "../../transports/link.ts";
import type { TcpListener } from "../../transports/tcp.ts";
import type { ServiceConfig } from "../config/mesh_config.ts";
import type { launch, LaunchedProcess, LaunchOptions } from "../launcher/launcher.ts";
import { dataUrl } from "../launcher/prepared/prepared_module.ts";
import { serviceDeno } from "../launcher/program.ts";
import { environmentOf, permissionLists, processEnvironment } from "../launcher/sandbox.ts";
import { type SpareStart, START_VARIABLE, type StartInfo } from "../service/start.ts";
import { hostFolder, unconfinedBecause } from "./confinement.ts";
import { listenForHosts, LOOPBACK } from "./host_links.ts";
import { HostProcess } from "./host_process.ts";
import { hostCommand, hostProgram, workerBegin } from "./host_program.ts";
import { newTag } from "./tagged_line.ts";
import { tellingText } from "./told.ts";

/** Who hears of what workers do to each other. */
export interface WorkerHostsOptions {
  /** These must move, as their process is to end. */
  readonly moving: (those: Moving) => void;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
  /** Creates the processes of all that is no worker. */
  readonly launch: typeof launch;
}

/** What is in a process that is to end. */
export interface Moving {
  /** Instances. */
  readonly serviceIDs: readonly number[];
  /** Spares. */
  readonly spareIDs: readonly number[];
}

/** Workers of one process: what goes wrong with it goes wrong with so many. */
const WORKERS_MAX = 64;
/** The roles of the mesh start first. Milliseconds. */
const PREPARE_AFTER_MS = 200;

/** Whether a service runs as a worker here. */
export function isWorker(service: ServiceConfig): boolean {
  return service.runtime === "worker" && hostCommand() !== undefined &&
    unconfinedBecause(service) === undefined;
}

/** Who is a worker. */
interface Who {
  readonly service: string;
  readonly part: { readonly serviceID: number } | { readonly spareID: number };
}

interface Host {
  readonly process: HostProcess;
  readonly folder: string;
  /** What is closed to it, one in a line. */
  readonly closed: string;
  readonly token: string;
}

/** Running workers. */
export class WorkerHosts {
  readonly #options: WorkerHostsOptions;
  readonly #hosts = new Set<Host>();
  /** What is a worker now, by the number of the worker. */
  readonly #instances = new Map<number, Who>();
  /** Services of which a worker did not end: from then on they are processes, until an edit. */
  readonly #hung = new Set<string>();
  /** The last worker before the last edit of each service that was edited. */
  readonly #edits = new Map<string, number>();
  readonly #begin = workerBegin();
  readonly #told = new Set<string>();
  /** What is closed to all services of the agent. */
  #closed: readonly string[] = [];
  #listener: TcpListener | undefined;
  #lastID = 0;
  #isStopped = false;

  /** None yet. */
  constructor(options: WorkerHostsOptions) {
    this.#options = options;
  }

  /**
   * Starts an instance or a spare: as a worker, or what is no worker as a process.
   *
   * @throws {Error} when it can't be started.
   */
  readonly launch = (
    service: ServiceConfig,
    start: StartInfo | SpareStart,
    options: LaunchOptions,
  ): LaunchedProcess => {
    const isProcess = !isWorker(service) || this.#hung.has(service.name);
    if (isProcess) return this.#options.launch(service, start, options);
    const host = this.#hostOf(hostFolder(service.entry), service.closed?.paths);
    const workerID = this.#lastID += 1;
    const tag = newTag();
    const part = "spareID" in start ? { spareID: start.spareID } : { serviceID: start.serviceID };
    const number = "spareID" in part ? `spare-${part.spareID}` : part.serviceID;
    // By its name what Deno prints of an error is known for its own: nobody else may know it.
    const name = `${service.name}#${number} ${newTag()}`;
    const main = this.#mainOf(service, start, tag);
    const permissions = permissionLists(service, START_VARIABLE);
    this.#instances.set(workerID, { service: service.name, part });
    host.process.start({ type: "start", workerID, name, main, permissions }, {
      tag,
      events: {
        line: (text, stream) => options.line(text, stream),
        exited: (end) => {
          this.#instances.delete(workerID);
          options.exited(end);
        },
      },
    });
    return {
      pid: undefined,
      kill: () => host.process.end(workerID),
      release() {
        // The process ends with the agent, and all workers with it.
      },
      moveOutput() {
        // It prints by the pipe of its process, whatever its output is called.
      },
      became: (serviceID) => {
        this.#instances.set(workerID, { service: service.name, part: { serviceID } });
      },
    };
  };

  /**
   * Starts a process ahead for each folder that has services for it, once the mesh has started, and
   * ends those that are of no use any more.
   *
   * @param services All that can be started.
   * @param edited Those that are others than before.
   */
  prepare(
    services: ReadonlyMap<string, ServiceConfig>,
    edited: readonly string[] = [],
  ): void {
    for (const service of edited) {
      this.#hung.delete(service);
      this.#edits.set(service, this.#lastID);
    }
    const folders = new Set<string>();
    for (const service of services.values()) {
      this.#closed = service.closed?.paths ?? [];
      if (isWorker(service)) folders.add(hostFolder(service.entry));
      else if (service.runtime === "worker") this.#tellProcess(service);
    }
    const closed = this.#closed.join("\n");
    for (const host of this.#hosts) {
      const isOfUse = folders.has(host.folder) && host.closed === closed;
      if (!isOfUse && host.process.size === 0) host.process.kill();
    }
    if (folders.size === 0) return;
    setTimeout(() => {
      if (this.#isStopped) return;
      for (const folder of folders) this.#startAhead(folder);
      const deno = serviceDeno();
      if (deno !== undefined) void this.#begin.prepare(deno);
    }, PREPARE_AFTER_MS);
  }

  /** Ends every process at once. */
  killAll(): void {
    this.#isStopped = true;
    this.#listener?.close();
    for (const { process } of this.#hosts) process.kill();
  }

  /** Tells people once of a service that is to be a worker, and can't. */
  #tellProcess(service: ServiceConfig): void {
    const why = unconfinedBecause(service) ?? "there is no deno on the PATH";
    const note = `"${service.name}" runs in a process of its own, not as a worker: ${why}`;
    if (this.#told.has(note)) return;
    this.#told.add(note);
    this.#options.warn(note);
  }

  #startAhead(folder: string): void {
    try {
      this.#hostOf(folder, this.#closed);
    } catch {
      // Who needs it hears why it can't be started.
    }
  }

  #hostOf(folder: string, closed: readonly string[] = []): Host {
    if (this.#isStopped) throw new Error("the agent ends");
    for (const host of this.#hosts) {
      const { isOpen, size } = host.process;
      const isSame = host.folder === folder && host.closed === closed.join("\n");
      if (isSame && isOpen && size < WORKERS_MAX) return host;
    }
    const command = hostCommand(closed);
    if (command === undefined) throw new Error("there is no deno to run it with");
    const { port } = this.#listener ??= listenForHosts((given, link) => this.#attach(given, link));
    const token = crypto.randomUUID();
    const tag = newTag();
    const process = new HostProcess({
      command,
      program: hostProgram({ hostname: LOOPBACK, port, token, tag }),
      tag,
      folder,
      environment: processEnvironment(),
      hangs: (workerID) => this.#separate(workerID),
      retired: (workerIDs) => this.#move(workerIDs, folder),
      ended: () => this.#hosts.delete(host),
      warn: (text) => this.#options.warn(`workers in ${basename(folder)}: ${text}`),
    });
    const host: Host = { process, folder, closed: closed.join("\n"), token };
    this.#hosts.add(host);
    return host;
  }

  /** It could do the same again to whoever is beside it. */
  #separate(workerID: number): void {
    const { service } = this.#instances.get(workerID) ?? {};
    if (service === undefined) return;
    const isOld = workerID <= (this.#edits.get(service) ?? 0);
    if (!isOld) this.#hung.add(service);
    const alone = isOld ? "" : `; "${service}" is a process of its own until it is edited`;
    this.#options.warn(
      `a worker of "${service}" hangs and can't be ended, so its process is, and the others in ` +
        `it are replaced${alone}`,
    );
  }

  /** Who shares a process with one that hangs goes elsewhere. */
  #move(workerIDs: readonly number[], folder: string): void {
    const serviceIDs: number[] = [];
    const spareIDs: number[] = [];
    for (const workerID of workerIDs) {
      const part = this.#instances.get(workerID)?.part;
      if (part === undefined) continue;
      if ("spareID" in part) spareIDs.push(part.spareID);
      else serviceIDs.push(part.serviceID);
    }
    this.#options.moving({ serviceIDs, spareIDs });
    if (!this.#isStopped) this.#startAhead(folder);
  }

  #attach(token: string, link: Link): LinkEvents | undefined {
    const host = [...this.#hosts].find((one) => isSameText(one.token, token));
    return host?.process.attach(link);
  }

  /** The main module of a worker. What it loads by a text that stands in it needs no permission. */
  #mainOf(service: ServiceConfig, start: StartInfo | SpareStart, tag: string): string {
    const { env, secrets = {}, permissions } = service;
    const all = environmentOf(service);
    const names = [...permissions.env, ...Object.keys(env), ...Object.keys(secrets)];
    const known = names.filter((name) => Object.hasOwn(all, name));
    const variables = {
      ...Object.fromEntries(known.map((name) => [name, all[name] ?? ""])),
      [START_VARIABLE]: JSON.stringify(start),
    };
    const told = tellingText({ tag, permitted: [...names, START_VARIABLE], variables });
    return `import ${JSON.stringify(dataUrl(told))};\n` +
      `import { serveLoaded } from ${JSON.stringify(this.#begin.url)};\n` +
      `serveLoaded(() => import(${JSON.stringify(pathToFileURL(service.entry).href)}));\n`;
  }
}
