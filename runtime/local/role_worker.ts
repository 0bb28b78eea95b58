/**
 * One role in a Web Worker, started again when it dies.
 *
 * @module
 */

import { clockMs } from "../host.ts";
import { WorkerCall } from "./worker_call.ts";

/** How a role's worker is kept alive. */
export interface RoleWorkerOptions<Api extends object> {
  /** The name of the role, and of its file in workers/. */
  readonly name: string;
  /** Tells it from others of the same role. @default {none} */
  readonly suffix?: string;
  /** Starts the role in a new worker; called again after each death. */
  readonly start: (worker: WorkerCall<Api>) => Promise<void>;
  /**
   * Links the role to the others that run. By then its worker is the one that runs, so of two roles
   * that start at the same time, the later one always finds the other.
   */
  readonly link: () => Promise<void>;
  /** Takes a line for a person when the worker died or could not be started again. */
  readonly warn: (text: string) => void;
}

/** The first wait before a worker is started again; it doubles each time. Milliseconds. */
const BACKOFF_MS = 50;
/** The longest wait before a worker is started again. Milliseconds. */
const BACKOFF_MS_MAX = 5_000;
/** A worker that lived this long has recovered. Milliseconds. */
const HEALTHY_MS = 30_000;

/** A role that is kept running in a worker. */
export class RoleWorker<Api extends object> {
  readonly #options: RoleWorkerOptions<Api>;
  #call: WorkerCall<Api> | undefined;
  #isEnding = false;
  #deaths = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Nothing runs before {@linkcode RoleWorker.start}. */
  constructor(options: RoleWorkerOptions<Api>) {
    this.#options = options;
  }

  /** The worker that runs now, or undefined while there is none. */
  get call(): WorkerCall<Api> | undefined {
    return this.#call;
  }

  /**
   * Creates the worker and starts the role in it.
   *
   * @throws {Error} when the role can't be started, for example because its port is taken.
   */
  async start(): Promise<void> {
    const url = new URL(`../../workers/${this.#options.name}.ts`, import.meta.url);
    const name = this.#title;
    const call = new WorkerCall<Api>(new Worker(url, { type: "module", name }), { name });
    const startedMs = clockMs();
    try {
      await this.#options.start(call);
      this.#call = call;
      await this.#options.link();
    } catch (error) {
      this.#call = undefined;
      call.terminate("it could not be started");
      throw error;
    }
    void call.ended.then((reason) => this.#onEnded(reason, startedMs));
  }

  /** Ends the worker for good. */
  terminate(): void {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    this.#call?.terminate("the mesh ends");
  }

  get #title(): string {
    const { name, suffix = "" } = this.#options;
    return `${name}${suffix}`;
  }

  #onEnded(reason: string, startedMs: number): void {
    this.#call = undefined;
    if (this.#isEnding) return;
    if (clockMs() - startedMs >= HEALTHY_MS) this.#deaths = 0;
    this.#restart(reason);
  }

  #restart(reason: string): void {
    const { warn } = this.#options;
    const waitMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** this.#deaths);
    this.#deaths += 1;
    warn(`the ${this.#title} worker ended (${reason}) and is started again in ${waitMs} ms`);
    this.#timer = setTimeout(() => {
      if (this.#isEnding) return;
      this.start().catch((error) => this.#restart(error instanceof Error ? error.message : error));
    }, waitMs);
  }
}
