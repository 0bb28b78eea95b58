/**
 * What the listing commands share.
 *
 * @module
 */

import type { ListView } from "../../../admin/views/view.ts";
import { formatDuration } from "../../../config/schema/durations.ts";
import { suggestWord } from "../../../config/suggestion.ts";
import { readAnswer } from "../../access/admin_client.ts";
import type { MeshAccess } from "../../access/find_mesh.ts";
import { CommandError, type CommandIO } from "../../io.ts";

/** Most entries that are asked for. */
export const LIST_MAX = 10_000;

/** A value as JSON, for programs. */
export function jsonDocument(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Tells on standard error that a list is longer than what was printed. */
export function tellRest({ total, items }: ListView<unknown>, io: CommandIO): void {
  if (total > items.length) io.stderr(`${total - items.length} more are not shown\n`);
}

/**
 * Makes sure that a service is there.
 *
 * @param mesh The mesh.
 * @param asked The name of the service, and what can't be done without it, to begin a sentence.
 * @throws {CommandError} when there is none, with the one that may have been meant.
 */
export async function requireService(
  mesh: MeshAccess,
  { service, cannot }: { readonly service: string; readonly cannot: string },
): Promise<void> {
  const missing = await missingService(mesh, service);
  if (missing === undefined) return;
  const hint = missing.meant === undefined ? "" : `; did you mean "${missing.meant}"?`;
  throw new CommandError(`${cannot} "${service}": no such service${hint}`);
}

/** Undefined when a service is there; else the one that may have been meant, if any. */
export async function missingService(
  mesh: MeshAccess,
  service: string,
): Promise<{ readonly meant: string | undefined } | undefined> {
  const { items } = await readAnswer(mesh, "/v1/services", {
    answer: "ServiceList",
    query: { limit: LIST_MAX },
  });
  const names = items.map((each) => each.service);
  return names.includes(service) ? undefined : { meant: suggestWord(service, names) };
}

/**
 * How long ago a time was.
 *
 * @param iso The time.
 * @param nowMs The present, in milliseconds since 1970.
 */
export function ago(iso: string, nowMs: number): string {
  return inSeconds(nowMs - Date.parse(iso));
}

/** How long it is until a time, or a dash for none. */
export function until(iso: string | null, nowMs: number): string {
  return iso === null ? "-" : inSeconds(Date.parse(iso) - nowMs);
}

/** What is told once a second need not be shown more exactly. */
function inSeconds(durationMs: number): string {
  return durationMs < 1_000 ? "0s" : formatDuration(Math.floor(durationMs / 1_000) * 1_000);
}

/** A number of things in words: `1 connection`, `2 connections`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
