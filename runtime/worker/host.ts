/**
 * The host process of workers: it makes them, ends them, and tells the agent how each ended. No
 * code of a service runs in its main thread, so it answers whatever a worker does.
 *
 * @module
 */

import { permissionOptions, type SandboxedWorkerOptions } from "../binary/worker_permissions.ts";
import type { Link } from "../../transports/link.ts";
import { dialTcp } from "../../transports/tcp.ts";
import {
  type EndOrder,
  type HostStart,
  ORDER_BYTES_MAX,
  readOrder,
  type StartOrder,
} from "./orders.ts";
import { endMark } from "./tagged_line.ts";

/** A worker that does not hear an order to end within this does not listen any more. */
const END_MS = 1_500;

/** The agent ends a host by closing its link, or by a signal that none can be without. */
const SURVIVED = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

interface RunningWorker {
  readonly worker: Worker;
  readonly url: string;
  /** Whether its thread has run a first line, so that it can hear orders. */
  isUp: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

/** Runs workers until the agent is gone, then ends, with whatever still runs. */
export async function runHost(start: HostStart): Promise<void> {
  const { hostname, port, token, tag } = start;
  // A service that ends itself by one, as node lets it, would end all others too.
  for (const signal of SURVIVED) Deno.addSignalListener(signal, () => {});
  try {
    const link = await dialTcp({ hostname, port, lineBytesMax: ORDER_BYTES_MAX }, (made) => {
      const workers = new HostedWorkers(made, tag);
      return {
        received: (value) => workers.take(value),
        malformed: (reason) => made.abort(reason),
        closed: () => Deno.exit(0),
      };
    });
    link.send({ type: "workerHost", token });
  } catch {
    // An agent that is gone so soon has nobody who would need to hear it.
    Deno.exit(1);
  }
}

class HostedWorkers {
  readonly #link: Link;
  readonly #tag: string;
  readonly #workers = new Map<number, RunningWorker>();

  constructor(link: Link, tag: string) {
    this.#link = link;
    this.#tag = tag;
  }

  take(value: unknown): void {
    const order = readOrder(value);
    if (order === undefined) return this.#link.abort("it orders what is no order");
    if (order.type === "start") this.#start(order);
    else this.#end(order);
  }

  #start({ workerID, name, main, permissions }: StartOrder): void {
    const url = URL.createObjectURL(new Blob([main], { type: "text/javascript" }));
    const options: SandboxedWorkerOptions = {
      type: "module",
      name,
      // A process has these defaults too, and none beyond them: the host itself may load no more.
      deno: { permissions: { ...permissionOptions(permissions), import: "inherit" } },
    };
    try {
      const worker = new Worker(url, options);
      const running: RunningWorker = { worker, url, isUp: false };
      this.#workers.set(workerID, running);
      worker.onmessage = ({ data }) => {
        if (typeof data === "number") return this.#ended(workerID, data);
        running.isUp = true;
        // What a worker is told there, such as its secrets, is nothing to be read again.
        URL.revokeObjectURL(url);
      };
      worker.onerror = (event) => {
        // Deno has printed it already, with its stack.
        event.preventDefault();
        this.#ended(workerID, 1);
      };
    } catch (error) {
      console.error(`error: Uncaught (in worker "${name}") ${error}`);
      this.#ended(workerID, 1);
    }
  }

  #end({ workerID }: EndOrder): void {
    const running = this.#workers.get(workerID);
    if (running === undefined || running.timer !== undefined) return;
    // It still loads, and no line of it runs that could keep it from ending.
    if (!running.isUp) return this.#ended(workerID, 137);
    running.worker.postMessage("end");
    running.timer = setTimeout(() => {
      this.#link.send({ type: "stuck", workerID, exitCode: 0 });
    }, END_MS);
  }

  #ended(workerID: number, exitCode: number): void {
    const running = this.#workers.get(workerID);
    this.#workers.delete(workerID);
    if (running !== undefined) {
      clearTimeout(running.timer);
      URL.revokeObjectURL(running.url);
      running.worker.terminate();
    }
    // What it printed last is on its way by the same pipe.
    Deno.stderr.writeSync(new TextEncoder().encode(endMark(this.#tag, workerID)));
    this.#link.send({ type: "ended", workerID, exitCode });
  }
}
