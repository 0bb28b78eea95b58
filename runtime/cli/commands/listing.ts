/**
 * What the listing commands share.
 *
 * @module
 */

import type { ListView } from "../../admin/view.ts";
import { formatDuration } from "../../config/durations.ts";
import type { CommandIO } from "../io.ts";

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
 * How long ago a time was.
 *
 * @param iso The time.
 * @param nowMs The present, in milliseconds since 1970.
 */
export function ago(iso: string, nowMs: number): string {
  return formatDuration(Math.max(0, nowMs - Date.parse(iso)));
}

/** How long it is until a time, or a dash for none. */
export function until(iso: string | null, nowMs: number): string {
  return iso === null ? "-" : formatDuration(Math.max(0, Date.parse(iso) - nowMs));
}

/** A number of things in words: `1 connection`, `2 connections`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
