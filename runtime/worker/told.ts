/**
 * What the main module of a worker tells its thread before anything else runs there. It is in the
 * text of that module and not in the name of the worker, which Deno prints.
 *
 * @module
 */

import { isRecord } from "../../protocol/fields.ts";

const TOLD = "smmp.worker";

/** What a worker is told. */
export interface ToldWorker {
  /** What marks its lines. */
  readonly tag: string;
  /** The names of the variables that it may see. */
  readonly permitted: readonly string[];
  /** Its environment. */
  readonly variables: Readonly<Record<string, string>>;
}

function isTold(value: unknown): value is ToldWorker {
  return isRecord(value) && typeof value.tag === "string" && Array.isArray(value.permitted) &&
    isRecord(value.variables);
}

/** The words by which it is told. */
export function tellingText(told: ToldWorker): string {
  return `globalThis[Symbol.for("${TOLD}")] = ${JSON.stringify(told)};`;
}

/** Takes what this thread was told, so that nobody else finds it; undefined: nothing. */
export function takeTold(): ToldWorker | undefined {
  const key = Symbol.for(TOLD);
  const told: unknown = Reflect.get(globalThis, key);
  Reflect.deleteProperty(globalThis, key);
  return isTold(told) ? told : undefined;
}
