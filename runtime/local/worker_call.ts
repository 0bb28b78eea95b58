/**
 * Calls between the thread of the entry and a Web Worker: the one place that knows Comlink.
 *
 * Comlink by itself lets a call wait for ever when its worker dies, loses the class of an error,
 * and keeps the ports of callbacks open. Here every call has a deadline, and the end of a worker
 * rejects what is pending and closes what was opened for it.
 *
 * @module
 */

import * as Comlink from "comlink";
import { reviveError, WorkerDeadlineError, WorkerGoneError } from "./worker_error.ts";

export { WorkerDeadlineError, WorkerGoneError } from "./worker_error.ts";

/** How many calls to one worker may wait for their answers. */
const PENDING_CALLS_MAX = 1024;

/** A method that a worker exposes. */
export type Method = (...parameters: never[]) => unknown;

/** The names of the methods of an API. */
export type MethodName<Api> =
  & { [Name in keyof Api]: Api[Name] extends Method ? Name : never }[keyof Api]
  & string;

/** The parameters of a method of an API, as the worker declares them. */
export type MethodParameters<Api, Name extends keyof Api> = Api[Name] extends
  (...parameters: infer Parameters) => unknown ? Parameters : never;

/** What a call of a method of an API resolves to. */
export type MethodResult<Api, Name extends keyof Api> = Api[Name] extends
  (...parameters: never[]) => infer Result ? Awaited<Result> : never;

/** How to call a worker. */
export interface WorkerCallOptions {
  /** What to call the worker in errors; best the name that it was created with. */
  name: string;
  /**
   * How long a call may take, unless it says otherwise.
   *
   * @default {10_000}
   */
  deadlineMs?: number;
}

/**
 * A worker, and the calls of the API that it exposes with {@linkcode exposeWorker}.
 *
 * A worker that ends itself with `self.close()` says nothing: its calls run into their deadline.
 * So does a call that finds its worker in an endless loop; only `terminate()` ends that.
 *
 * @example Start a worker and call it
 * ```ts ignore
 * import { callback, transferred, WorkerCall } from "./worker_call.ts";
 * import type { AgentApi } from "../../workers/agent.ts";
 *
 * const url = new URL("../../workers/agent.ts", import.meta.url);
 * const agent = new WorkerCall<AgentApi>(new Worker(url, { type: "module", name: "agent" }), {
 *   name: "agent",
 * });
 * agent.ended.then((reason) => console.log("the agent has ended:", reason));
 * const { port1 } = new MessageChannel();
 * await agent.call("start", [transferred(port1), callback((line: string) => console.log(line))]);
 * agent.terminate();
 * ```
 */
export class WorkerCall<Api extends object> {
  /** What the worker is called in errors. */
  readonly name: string;
  /** Resolves to the reason once the worker has died or was terminated; it never rejects. */
  readonly ended: Promise<string>;
  readonly #worker: Worker;
  readonly #remote: object;
  readonly #deadlineMs: number;
  readonly #pending = new Set<(reason: string) => void>();
  readonly #callbackPorts: MessagePort[] = [];
  readonly #resolveEnded: (reason: string) => void;
  #endReason: string | undefined;

  /** Takes a worker that was just created; it is not shared with anything else. */
  constructor(worker: Worker, options: WorkerCallOptions) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.name = options.name;
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#deadlineMs = options.deadlineMs ?? 10_000;
    this.#worker = worker;
    this.#remote = Comlink.wrap<Api>(worker);
    worker.addEventListener("error", (event) => {
      // Otherwise the runtime throws the error of the worker in this thread too.
      event.preventDefault();
      const place = event.filename ? ` (${event.filename}:${event.lineno})` : "";
      this.#end(event.message + place);
    });
    worker.addEventListener("messageerror", () => this.#end("it sent what cannot be decoded"));
  }

  /**
   * Calls a method of the worker. What it throws is thrown here, with the message, name, stack
   * and, where it is one of the runtime, class of the error, but without its cause.
   *
   * @throws {WorkerGoneError} when the worker has ended or ends before it answers.
   * @throws {WorkerDeadlineError} when there is no answer in time; one that comes later is dropped.
   * @throws {DOMException} when a parameter cannot be cloned.
   */
  call<Name extends MethodName<Api>>(
    method: Name,
    parameters: MethodParameters<Api, Name>,
    options: {
      /**
       * How long this call may take.
       *
       * @default {the deadline of the worker}
       */
      deadlineMs?: number;
    } = {},
  ): Promise<MethodResult<Api, Name>> {
    const what = { worker: this.name, method };
    const { deadlineMs = this.#deadlineMs } = options;
    if (this.#endReason !== undefined) {
      return Promise.reject(new WorkerGoneError({ ...what, reason: this.#endReason }));
    }
    if (this.#pending.size === PENDING_CALLS_MAX) {
      const reason = `${PENDING_CALLS_MAX} calls are pending`;
      return Promise.reject(new WorkerDeadlineError({ ...what, deadlineMs, reason }));
    }
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#pending.delete(goOff);
      };
      const goOff = (reason: string) => {
        settle();
        reject(new WorkerGoneError({ ...what, reason }));
      };
      const timer = setTimeout(() => {
        settle();
        const reason = "no answer came";
        reject(new WorkerDeadlineError({ ...what, deadlineMs, reason }));
      }, deadlineMs);
      this.#pending.add(goOff);
      this.#send(method, parameters).then(
        (result) => {
          settle();
          resolve(result);
        },
        (error) => {
          settle();
          reject(reviveError(error));
        },
      );
    });
  }

  /** Ends the worker at once, whatever it does, and rejects its pending calls. */
  terminate(reason = "it was terminated"): void {
    this.#end(reason);
  }

  // The remote object is a Proxy whose every property is a method, which no type can tell; that
  // the types of the call fit together is established by the signature of `call`.
  // deno-lint-ignore no-explicit-any
  async #send(method: string, parameters: unknown[]): Promise<any> {
    const remoteMethod = Reflect.get(this.#remote, method);
    const answer = Reflect.apply(remoteMethod, undefined, parameters);
    for (const parameter of parameters) this.#callbackPorts.push(...takePorts(parameter));
    return await answer;
  }

  #end(reason: string): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    this.#worker.terminate();
    for (const port of this.#callbackPorts.splice(0)) port.close();
    for (const goOff of [...this.#pending]) goOff(reason);
    this.#resolveEnded(reason);
  }
}

/**
 * Offers the methods of an object to the thread that started this worker.
 *
 * It must run before the first `await` of the worker's module, or early calls are lost. An error
 * that is thrown outside of these methods ends the worker, which is what its owner waits for.
 *
 * @example Expose two methods
 * ```ts ignore
 * import { exposeWorker } from "./worker_call.ts";
 *
 * const api = { start(port: MessagePort) {}, stop() {} };
 * export type Api = typeof api;
 * exposeWorker(api);
 * ```
 */
export function exposeWorker(api: Record<string, Method>): void {
  // A copy without prototype, because Comlink follows any path that the other thread names.
  Comlink.expose(Object.freeze(Object.assign(Object.create(null), api)));
}

/**
 * Marks a function as one that the worker calls back in this thread; give it to a call as a
 * parameter of its own. In the worker it is asynchronous: whatever its type says, it returns a
 * promise, which the worker need not await and which never settles if this thread is gone.
 */
export function callback<Parameters extends unknown[]>(
  run: (...parameters: Parameters) => unknown,
): (...parameters: Parameters) => Promise<void> {
  return Comlink.proxy(async (...parameters: Parameters) => {
    await run(...parameters);
  });
}

/** Marks a port as one that a call moves to the worker, instead of failing to copy it. */
export function transferred(port: MessagePort): MessagePort {
  return Comlink.transfer(port, [port]);
}

/** The ports over which a marked function is reached, until a call claims them. */
const portsOfCallbacks = new WeakMap<object, MessagePort[]>();

function takePorts(parameter: unknown): MessagePort[] {
  if (typeof parameter !== "function") return [];
  const ports = portsOfCallbacks.get(parameter) ?? [];
  portsOfCallbacks.delete(parameter);
  return ports;
}

// Comlink's own handler keeps the near port to itself, so nobody could ever close it.
const comlinkHandler = Comlink.transferHandlers.get("proxy");
if (comlinkHandler === undefined) throw new Error('Cannot find the handler "proxy" of Comlink');
Comlink.transferHandlers.set("proxy", {
  canHandle: comlinkHandler.canHandle,
  deserialize: comlinkHandler.deserialize,
  serialize(value: unknown): [MessagePort, Transferable[]] {
    const { port1, port2 } = new MessageChannel();
    Comlink.expose(value, port1);
    if (typeof value === "function") {
      portsOfCallbacks.set(value, [...portsOfCallbacks.get(value) ?? [], port1]);
    }
    return [port2, [port2]];
  },
});
