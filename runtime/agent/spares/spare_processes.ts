/**
 * The processes of the spares of an agent, until each ends or becomes an instance.
 *
 * @module
 */

import { reasonOf } from "../../../protocol/errors.ts";
import type { AgentEvent, LaunchSpare } from "../../../roles/agent/events.ts";
import type { LinkEvents } from "../../../transports/link.ts";
import type { ServiceConfig } from "../../config/mesh_config.ts";
import { clockMs } from "../../host.ts";
import type { launch, LaunchedProcess, ProcessEvents } from "../../launcher/launcher.ts";
import { readSpareReady, type SpareReadyLine } from "../../service/spare/spare_lines.ts";
import { isWorker } from "../../worker/worker_hosts.ts";
import type { SpareStart } from "../../service/start.ts";
import type { OutputLine } from "../agent_host_options.ts";
import type { InstanceRecords } from "../records/instance_records.ts";
import { lookOf } from "./file_look.ts";

/** Who hears of spares. */
export interface SpareProcessesOptions {
  /** Creates processes. */
  readonly launch: typeof launch;
  /** Says where their output goes; undefined: into pipes. */
  readonly records: InstanceRecords | undefined;
  /** Takes what became of a spare. */
  readonly dispatch: (event: AgentEvent) => void;
  /** Takes the output of spares: lines of instance 0. */
  readonly output: (line: OutputLine) => void;
}

/** Lines of a spare that are kept until it is an instance. */
const WRITTEN_MAX = 100;

/** A spare that becomes an instance. */
export interface ReadySpare {
  /** What it wrote so far, the newest lines. */
  readonly written: readonly OutputLine[];
  /** Hands its process over to who follows it from now on. */
  become(followed: ProcessEvents & { readonly outputPath?: string }): LaunchedProcess;
}

interface Spare extends ReadySpare {
  readonly process: LaunchedProcess;
  readonly config: ServiceConfig;
  /** How the files that it has loaded looked. */
  readonly look: string;
}

/** Services that have a spare though they do not ask for one, as a worker costs 10 MB only. */
const WORKERS_WARM_MAX = 50;

/** How many spares each service is to have; what is no process of Deno can have none. */
export function warmOf(services: ReadonlyMap<string, ServiceConfig>): Record<string, number> {
  const warm: Record<string, number> = {};
  let workers = 0;
  for (const [name, service] of services) {
    const isWarm = service.warm === undefined && isWorker(service) && workers < WORKERS_WARM_MAX;
    if (isWarm) workers += 1;
    const count = service.warm ?? (isWarm ? 1 : 0);
    if (count > 0 && service.program === undefined) warm[name] = count;
  }
  return warm;
}

/** Takes from what comes by a link the line by which a spare says that it is ready. */
export function readySpares(
  events: LinkEvents,
  ready: (spare: Omit<SpareReadyLine, "type">) => void,
): LinkEvents {
  return {
    ...events,
    received: (value) => {
      const line = readSpareReady(value);
      if (line === undefined) return events.received(value);
      ready({ spareID: line.spareID, token: line.token });
    },
  };
}

/** Running spares, by number. */
export class SpareProcesses {
  readonly #options: SpareProcessesOptions;
  readonly #spares = new Map<number, Spare>();
  #isStopped = false;

  /** None yet. */
  constructor(options: SpareProcessesOptions) {
    this.#options = options;
  }

  /** Starts a spare, and tells what became of that. */
  launch(
    { spareID, service }: LaunchSpare,
    { config, agent }: {
      readonly config: ServiceConfig | undefined;
      readonly agent: Pick<SpareStart, "agentNetwork" | "agentPort">;
    },
  ): void {
    const { dispatch } = this.#options;
    try {
      if (this.#isStopped) return;
      if (config === undefined) throw new Error("the agent has no such service");
      const token = crypto.randomUUID();
      this.#start(config, { spareID, service, token, ...agent });
      dispatch({ kind: "spareStarted", spareID, token });
    } catch (error) {
      dispatch({ kind: "spareFailed", spareID, reason: reasonOf(error) });
    }
  }

  #start(config: ServiceConfig, start: SpareStart): void {
    const { records, launch, dispatch, output } = this.#options;
    const { spareID, service } = start;
    const written: OutputLine[] = [];
    let followed: ProcessEvents = {
      line: (text, stream) => {
        const line = { service, serviceID: 0, stream, text, atMs: clockMs() } as const;
        written.push(line);
        if (written.length > WRITTEN_MAX) written.shift();
        output(line);
      },
      exited: (end) => {
        this.#spares.delete(spareID);
        dispatch({ kind: "spareExited", spareID, ...end });
      },
    };
    const outputPath = records?.spareOutputPath(spareID);
    const look = lookOf(config);
    const process = launch(config, start, {
      line: (text, stream) => followed.line(text, stream),
      exited: (end) => followed.exited(end),
      ...(outputPath === undefined ? {} : { outputPath }),
    });
    const become: Spare["become"] = (now) => {
      if (now.outputPath !== undefined) process.moveOutput(now.outputPath);
      followed = now;
      return process;
    };
    this.#spares.set(spareID, { process, config, look, written, become });
  }

  /** Takes the spare of which an instance is made; undefined: it is gone, or was edited since. */
  take(spareID: number): ReadySpare | undefined {
    const spare = this.#spares.get(spareID);
    if (spare === undefined) return undefined;
    if (lookOf(spare.config) !== spare.look) {
      spare.process.kill();
      return undefined;
    }
    this.#spares.delete(spareID);
    return spare;
  }

  /** Kills a spare. */
  kill(spareID: number): void {
    this.#spares.get(spareID)?.process.kill();
  }

  /** Kills every spare; none is started any more. */
  killAll(): void {
    this.#isStopped = true;
    for (const { process } of this.#spares.values()) process.kill();
  }
}
