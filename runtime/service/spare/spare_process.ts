/**
 * A spare: a process that has loaded its service and waits to be told which instance it is. It ends
 * at once with its link to the agent, since nobody else knows of it.
 *
 * @module
 */

import type { Link, LinkEvents } from "../../../transports/link.ts";
import { SERVICE_LINE_BYTES_MAX } from "../../../transports/lines.ts";
import { dialTcp } from "../../../transports/tcp.ts";
import type { FetchHandler } from "../handler.ts";
import { InstanceLife } from "../life/instance_life.ts";
import { complain, ServiceProcess } from "../service_process.ts";
import type { SpareStart } from "../start.ts";
import { warmUp } from "../warm_up.ts";
import { readSpareStart } from "./spare_lines.ts";

/** A process that is no instance yet. */
export class SpareProcess {
  /** What the code of the service may say about the life of the instance to come. */
  readonly life: InstanceLife;
  readonly #start: SpareStart;
  readonly #link: Promise<Link>;
  readonly #instance = Promise.withResolvers<ServiceProcess>();
  /** Gives what answers requests. */
  #load: (() => FetchHandler | Promise<FetchHandler>) | undefined;
  #process: ServiceProcess | undefined;
  #held: string | undefined;
  /** Takes what comes by the link, once this is an instance. */
  #events: LinkEvents | undefined;

  /** Begins to connect to the agent. */
  constructor(start: SpareStart) {
    this.#start = start;
    this.life = new InstanceLife({
      held: (reason) => {
        this.#held = reason;
        this.#process?.held(reason);
      },
      complain,
    });
    this.#link = this.#dial();
  }

  /** Its service is loaded: tells the agent, when all that a first request needs is too. */
  serve(handler: FetchHandler): Promise<void> {
    return this.serveLater(() => handler);
  }

  /** Its service is to be loaded when this becomes an instance: tells the agent the same. */
  async serveLater(load: () => FetchHandler | Promise<FetchHandler>): Promise<void> {
    this.#load = load;
    await warmUp({ isSpare: true });
    const { spareID, token } = this.#start;
    (await this.#link).send({ type: "spareReady", spareID, token });
  }

  /** Sends a request to another service of the mesh, as soon as this is an instance. */
  async fetch(...asked: Parameters<ServiceProcess["fetch"]>): Promise<Response> {
    const process = this.#process ?? await this.#instance.promise;
    return await process.fetch(...asked);
  }

  async #dial(): Promise<Link> {
    const { agentNetwork: hostname, agentPort: port } = this.#start;
    try {
      return await dialTcp(
        { hostname, port, lineBytesMax: SERVICE_LINE_BYTES_MAX },
        (link) => ({
          received: (value) => this.#take(link, value),
          malformed: (reason) => this.#events?.malformed(reason),
          closed: (reason) => {
            if (this.#events === undefined) Deno.exit(1);
            this.#events.closed(reason);
          },
        }),
      );
    } catch {
      // An agent that is gone so soon has nobody who would need to hear it.
      Deno.exit(1);
    }
  }

  #take(link: Link, value: unknown): void {
    if (this.#events !== undefined) return this.#events.received(value);
    const line = readSpareStart(value);
    const load = this.#load;
    if (line === undefined || load === undefined) return link.abort("it is no agent");
    const follow = (events: LinkEvents) => this.#events = events;
    const process = new ServiceProcess(line.start, {
      life: this.life,
      link: { made: link, follow },
    });
    this.#process = process;
    this.#instance.resolve(process);
    const handler = load();
    if (handler instanceof Promise) void handler.then((loaded) => this.#begin(process, loaded));
    else this.#begin(process, handler);
  }

  #begin(process: ServiceProcess, handler: FetchHandler): void {
    process.serve(handler);
    if (this.#held !== undefined) process.held(this.#held);
  }
}
