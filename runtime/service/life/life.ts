/**
 * What a service may say about its own life: that it works on something, and what is to be done
 * before it ends.
 *
 * @module
 */

/**
 * Is called when the instance is asked to end, before anything of it is closed.
 *
 * @param reason Why, for a person: "idle for 60 s", "another one replaces it".
 * @param deadline When it is ended whether it is done or not.
 * @returns Nothing, or a refusal. A promise is waited for until the deadline.
 */
export type DrainHandler = (
  reason: string,
  deadline: Date,
) => DrainAnswer | Promise<DrainAnswer>;

/** What a {@linkcode DrainHandler} answers: nothing, or that the instance must not end yet. */
export type DrainAnswer = void | undefined | DrainRefusal;

/** The instance must not end yet. It can be refused once; after that time it ends. */
export interface DrainRefusal {
  /** Why, for a person. */
  readonly refuse: string;
  /** How long it goes on, at most ten minutes. Milliseconds. */
  readonly retryAfterMs: number;
}

/** What an instance of a mesh offers to its code. */
export interface ServiceLife {
  /** Holds the instance open until the function that it returns is called. */
  hold(reason: string): () => void;
  /** Adds a handler; the function that it returns takes it away again. */
  onDrain(handler: DrainHandler): () => void;
}

/** A bundle has a copy of this module of its own, which finds here in which process it is. */
const LIFE = Symbol.for("smmp.life");

function isLife(value: unknown): value is ServiceLife {
  return typeof value === "object" && value !== null && "hold" in value && "onDrain" in value;
}

/** Makes the life of this process known. Called once, by the service process. */
export function installLife(life: ServiceLife): void {
  Object.defineProperty(globalThis, LIFE, { value: life });
}

function lifeHere(): ServiceLife | undefined {
  const life: unknown = Reflect.get(globalThis, LIFE);
  return isLife(life) ? life : undefined;
}

/**
 * Holds this instance open until the result is disposed of: meanwhile it is not idle, and when it
 * is asked to end that waits, within the grace of its service. For work that goes on after the
 * answer; a request or a WebSocket that is open holds it by itself. In a process that is no
 * instance of a mesh it does nothing.
 *
 * @param reason What it works on, for the history.
 *
 * @example
 * ```ts
 * import { busy } from "./life.ts";
 *
 * async function exportAll(): Promise<void> {
 *   using _ = busy("export");
 *   await Promise.resolve();
 * }
 * await exportAll();
 * ```
 */
export function busy(reason: string): Disposable {
  let release = lifeHere()?.hold(reason);
  return {
    [Symbol.dispose]() {
      release?.();
      release = undefined;
    },
  };
}

/**
 * Calls a function when this instance is asked to end: because it is idle, is replaced, or the mesh
 * ends. What it returns is waited for within the grace of its service; an error is printed, and the
 * instance ends all the same. To refuse, return why and for how long: the instance goes on for that
 * time, is then asked again, and ends, whatever the answer. In a process that is no instance of a
 * mesh it does nothing.
 *
 * @param handler What is called. Several are called together, and all of them are waited for.
 * @returns Takes the handler away again.
 *
 * @example
 * ```ts
 * import { onDrain } from "./life.ts";
 *
 * let exporting = false;
 * onDrain((reason, deadline) => {
 *   if (exporting) return { refuse: "an export is running", retryAfterMs: 60_000 };
 *   console.log(`ends at ${deadline.toISOString()}: ${reason}`);
 * });
 * ```
 */
export function onDrain(handler: DrainHandler): () => void {
  return lifeHere()?.onDrain(handler) ?? (() => {});
}
