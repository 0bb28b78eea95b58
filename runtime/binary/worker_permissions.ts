/**
 * The permissions of a service as those of a Web Worker.
 *
 * @module
 */

import { isRecord } from "../../protocol/fields.ts";
import type { PermissionLists } from "../launcher/sandbox.ts";

/** Deno's types know the permissions of a worker only where all that is unstable is on. */
export interface SandboxedWorkerOptions extends WorkerOptions {
  /** What it may do. */
  readonly deno: { readonly permissions: Deno.PermissionOptionsObject };
}

/** Narrows what came from another process. */
export function isPermissionLists(value: unknown): value is PermissionLists {
  return isRecord(value) &&
    Object.values(value).every((entries) =>
      Array.isArray(entries) && entries.every((entry) => typeof entry === "string")
    );
}

/** The options of a worker that has these permissions: what is not listed is refused. */
export function permissionOptions(lists: PermissionLists): Deno.PermissionOptionsObject {
  const list = (entries: readonly string[] = []) => entries.length === 0 ? false : [...entries];
  const options: Deno.PermissionOptionsObject = {
    read: list(lists.read),
    write: list(lists.write),
    net: list(lists.net),
    env: list(lists.env),
    run: list(lists.run),
    ffi: list(lists.ffi),
    import: list(lists.import),
    sys: false,
  };
  // Deno's type knows the kinds of system information; which there are is for Deno to say.
  Reflect.set(options, "sys", list(lists.sys));
  return options;
}
