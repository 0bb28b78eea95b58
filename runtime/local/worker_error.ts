/**
 * What can go wrong with a call to a worker.
 *
 * @module
 */

/** The worker of a call has died or was terminated; whether the call took effect is unknown. */
export class WorkerGoneError extends Error {
  /** The name of the worker. */
  readonly worker: string;
  /** Why it has ended. */
  readonly reason: string;

  /** Makes an error about one call. */
  constructor(call: { worker: string; method: string; reason: string }) {
    super(`Cannot call "${call.method}" of worker "${call.worker}": ${call.reason}`);
    this.name = "WorkerGoneError";
    this.worker = call.worker;
    this.reason = call.reason;
  }
}

/** A call was not answered in time; whether it took or will take effect is unknown. */
export class WorkerDeadlineError extends Error {
  /** The name of the worker. */
  readonly worker: string;
  /** The method that was called. */
  readonly method: string;

  /** Makes an error about one call. */
  constructor(call: { worker: string; method: string; deadlineMs: number; reason: string }) {
    const { worker, method, deadlineMs, reason } = call;
    super(`Cannot call "${method}" of worker "${worker}" within ${deadlineMs} ms: ${reason}`);
    this.name = "WorkerDeadlineError";
    this.worker = worker;
    this.method = method;
  }
}

const BUILT_IN_CLASSES = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

/**
 * Gives an error that came from another thread the class that its name tells, where that is one
 * of the runtime. Its message and stack stay as they are.
 */
export function reviveError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const classes = [...BUILT_IN_CLASSES, ...Object.values(Deno.errors)];
  const found = classes.find((candidate) => candidate.name === error.name);
  return found === undefined ? error : Object.setPrototypeOf(error, found.prototype);
}
