/**
 * Compares what came out of a case in two worlds.
 *
 * @module
 */

import type { World } from "./worlds.ts";

/** A difference between the service itself and the service in a mesh, which is meant. */
export interface AllowedDifference {
  /** The cases, by their name. @default {all} */
  readonly of?: RegExp;
  /** The only world in which it is allowed, by its name. @default {all} */
  readonly world?: World["name"];
  /** The end of the way to it in what the case tells; `*` is any one name. */
  readonly at: string;
  /** What it is in the mesh; `undefined` as well as a value. @default {anything} */
  readonly mesh?: { readonly is: unknown };
  /** Why it is right, or at least harmless. */
  readonly reason: string;
}

/** One place in which two results differ. */
export interface Difference {
  /** The names on the way there. */
  readonly at: string;
  /** What it is directly; undefined is absent. */
  readonly direct: unknown;
  /** What it is in the mesh. */
  readonly mesh: unknown;
}

/** Every place in which two results differ. */
export function differencesOf(direct: unknown, mesh: unknown, at = ""): Difference[] {
  if (isObject(direct) && isObject(mesh)) {
    const names = new Set([...Object.keys(direct), ...Object.keys(mesh)]);
    return [...names].flatMap((name) => {
      return differencesOf(direct[name], mesh[name], at === "" ? name : `${at}/${name}`);
    });
  }
  return Object.is(direct, mesh) ? [] : [{ at, direct, mesh }];
}

/** Whether a difference in a case is one that is allowed. */
export function isAllowed(
  name: string,
  difference: Difference,
  { of, at, mesh }: AllowedDifference,
): boolean {
  if (of !== undefined && !of.test(name)) return false;
  const wanted = at.split("/");
  const found = difference.at.split("/").slice(-wanted.length);
  const isThere = wanted.length === found.length &&
    wanted.every((part, index) => part === "*" || part === found[index]);
  return isThere &&
    (mesh === undefined || JSON.stringify(mesh.is) === JSON.stringify(difference.mesh));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
