/**
 * The processes of the instances of an agent: those that it starts, and those of the agent before.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { PlugConfiguration } from "../../protocol/fields.ts";
import type { AgentEvent } from "../../roles/agent/events.ts";
import type { ServiceConfig } from "../config/mesh_config.ts";
import { clockMs } from "../host.ts";
import { adoptProcess } from "../launcher/adopted_process.ts";
import type { launch, LaunchedProcess, ProcessEvents } from "../launcher/launcher.ts";
import { lastLinesOf, removeOutput } from "../launcher/output_files.ts";
import { identify, isRunning, killIdentified } from "../launcher/process_identity.ts";
import type { StartInfo } from "../service/start.ts";
import { PermissionRefusals } from "../output/permission_refusals.ts";
import type { OutputAnswers } from "../output/output_answers.ts";
import type { ReadySpare } from "./spares/spare_processes.ts";
import type { InstanceRecord, InstanceRecords } from "./records/instance_records.ts";
import { UsageWatch } from "./usage/usage_watch.ts";

/** Who hears of processes, and where they are written down. */
export interface InstanceProcessesOptions {
  /** Creates processes. */
  readonly launch: typeof launch;
  /** Where each is written down; undefined: nowhere, and none outlives the agent for long. */
  readonly records: InstanceRecords | undefined;
  /** Takes what became of a process. */
  readonly dispatch: (event: AgentEvent) => void;
  /** Takes the output of instances. */
  readonly output: Pick<OutputAnswers, "began" | "wrote" | "kept">;
  /** Takes a line for a person. */
  readonly warn: (text: string) => void;
}

/** Running processes, by the number of their instance. */
export class InstanceProcesses {
  readonly #options: InstanceProcessesOptions;
  readonly #refusals = new PermissionRefusals();
  readonly #processes = new Map<number, LaunchedProcess>();
  readonly #usage: UsageWatch;
  #ended: PromiseWithResolvers<void> | undefined;

  /** None yet. */
  constructor(options: InstanceProcessesOptions) {
    this.#options = options;
    this.#usage = new UsageWatch({
      leaders: () => this.#leaders(),
      measured: (usages) => options.dispatch({ kind: "usageMeasured", usages }),
    });
  }

  /**
   * Takes over what the agent before has started and still runs. What has ended meanwhile is
   * forgotten, with what it started itself.
   */
  takeOver(): InstanceRecord[] {
    const { records } = this.#options;
    if (records === undefined) return [];
    return records.list().filter((record) => {
      const { serviceID, service } = record;
      const outputPath = records.outputPath(serviceID);
      if (isRunning(record)) {
        const events = this.#events(serviceID, service);
        // Nobody knows when it wrote these, but that it was before now.
        const old = lastLinesOf(outputPath)
          .map((text) => ({ atMs: Math.floor(clockMs()), stream: "stderr", text }) as const);
        this.#options.output.kept.began({ serviceID, service }, old);
        this.#processes.set(serviceID, adoptProcess(record, { ...events, outputPath }));
        this.#usage.begin();
        return true;
      }
      killIdentified(record);
      const lines = lastLinesOf(outputPath).map((line) => `\n${line}`).join("");
      this.#options.warn(`${service}#${serviceID} ended while no agent ran${lines}`);
      records.remove(serviceID);
      removeOutput(outputPath);
      return false;
    });
  }

  /**
   * Starts an instance.
   *
   * @throws {Error} when the process can't be created or written down; then there is none.
   */
  start(
    config: ServiceConfig,
    start: StartInfo,
    told: {
      readonly plugs: PlugConfiguration;
      readonly version: string | undefined;
      /** The process that becomes the instance. @default {a new one} */
      readonly spare?: ReadySpare | undefined;
    },
  ): void {
    const { records, launch } = this.#options;
    const { serviceID, service } = start;
    const outputPath = records?.outputPath(serviceID);
    const events = this.#events(serviceID, service);
    const files = outputPath === undefined ? {} : { outputPath };
    const followed = { ...events, ...files };
    const process = told.spare?.become(followed) ?? launch(config, start, followed);
    if (told.spare !== undefined) process.became?.(serviceID);
    this.#options.output.began({ serviceID, service }, told.spare?.written);
    this.#processes.set(serviceID, process);
    this.#usage.begin();
    const { pid } = process;
    const identity = records === undefined || pid === undefined ? undefined : identify(pid);
    // What shares a process with others ends with the agent, so nobody has to find it again.
    if (records === undefined || identity === undefined) return;
    const { plugs, version } = told;
    const known = version === undefined ? {} : { version };
    try {
      records.add({ ...identity, serviceID, service, plugs, ...known });
    } catch (error) {
      process.kill();
      const reason = `Cannot write down "${service}#${serviceID}": ${reasonOf(error)}`;
      throw new Error(reason, { cause: error });
    }
  }

  /** Kills the process group of an instance, if it has one. */
  kill(serviceID: number): void {
    this.#processes.get(serviceID)?.kill();
  }

  /** Kills every process at once; resolves with their number when all of them are gone. */
  async killAll(): Promise<number> {
    const count = this.#processes.size;
    for (const process of this.#processes.values()) process.kill();
    await this.ended();
    return count;
  }

  /** Resolves when none is left. */
  async ended(): Promise<void> {
    if (this.#processes.size === 0) return;
    this.#ended ??= Promise.withResolvers<void>();
    await this.#ended.promise;
  }

  /** Follows no process any more: each goes on until another agent comes, or none in time. */
  release(): void {
    this.#usage.stop();
    for (const process of this.#processes.values()) process.release();
    this.#processes.clear();
  }

  /** Who shares a process with others uses nothing that could be told from what they use. */
  *#leaders(): Iterable<readonly [serviceID: number, pid: number]> {
    for (const [serviceID, { pid }] of this.#processes) {
      if (pid !== undefined) yield [serviceID, pid];
    }
  }

  #events(serviceID: number, service: string): ProcessEvents {
    const { records, dispatch, output } = this.#options;
    return {
      line: (text, stream) => {
        const line = { service, serviceID, stream, text, atMs: clockMs() };
        output.wrote(line);
        const refused = this.#refusals.newIn(line);
        if (refused !== undefined) dispatch({ kind: "permissionRefused", ...refused });
      },
      exited: (end) => {
        this.#processes.delete(serviceID);
        output.kept.ended(serviceID);
        records?.remove(serviceID);
        dispatch({ kind: "processExited", serviceID, ...end });
        if (this.#processes.size > 0) return;
        this.#usage.stop();
        this.#ended?.resolve();
        this.#ended = undefined;
      },
    };
  }
}
