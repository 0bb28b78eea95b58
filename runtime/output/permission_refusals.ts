/**
 * Finds in what instances write that Deno refused them something. A service can't be asked what it
 * lacks, but what it does not catch is printed.
 *
 * @module
 */

import { LIMITS } from "../../protocol/limits.ts";
import { permission } from "../../protocol/output.ts";
import type { PermissionRefused } from "../../roles/agent/events.ts";
import type { OutputLine } from "../agent/agent_host_options.ts";

/** Deno's own words, of 2.4 to 2.9. */
const REFUSAL = /Requires (\w+) access(?: to "([^"]+)"| to <([^>]+)>)?/;

/** One of these stands in the same line; only the second where a module could not be loaded. */
const MARKS = ["NotCapable: ", ", run again with the --allow-"];

/** Most refusals that are remembered; then all are told once more. */
const TOLD_MAX = 1_000;

/**
 * Each refusal once, for each service.
 *
 * @example
 * ```ts
 * import { PermissionRefusals } from "./permission_refusals.ts";
 * const refusals = new PermissionRefusals();
 * const text = 'NotCapable: Requires read access to "/x", run again with the --allow-read flag';
 * const line = { service: "a", serviceID: 2, stream: "stderr", text, atMs: 0 } as const;
 * console.log(refusals.newIn(line)?.target, refusals.newIn(line)); // "/x" undefined
 * ```
 */
export class PermissionRefusals {
  readonly #told = new Set<string>();

  /** What a line tells of that was not told before. */
  newIn(
    { service, serviceID, stream, text }: OutputLine,
  ): Omit<PermissionRefused, "kind"> | undefined {
    // The cheap look first: services print much.
    if (stream !== "stderr" || !MARKS.some((mark) => text.includes(mark))) return undefined;
    const [, kind, quoted, bracketed] = REFUSAL.exec(text) ?? [];
    if (!permission.accepts(kind)) return undefined;
    const target = (quoted ?? bracketed)?.slice(0, LIMITS.permissionTargetCharacters);
    const key = `${service} ${kind} ${target ?? ""}`;
    if (serviceID === 0 || this.#told.has(key)) return undefined;
    if (this.#told.size >= TOLD_MAX) this.#told.clear();
    this.#told.add(key);
    return { serviceID, permission: kind, target };
  }
}
