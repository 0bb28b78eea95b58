/**
 * The history as text: a time and a description on each line.
 *
 * @module
 */

import type { Fact } from "../../roles/manager/memory/facts.ts";
import { describeFact, type FactMemory } from "./describe_fact.ts";

/** How the lines of a history are written. */
export interface HistoryLineOptions {
  /** What earlier facts told. */
  readonly memory: FactMemory;
  /** Whether the day is told beside the time. @default {true} */
  readonly hasDate?: boolean;
}

/**
 * Writes a fact with its local time. The lines of a reason that follow are indented below the
 * description; characters that could steer a terminal become blanks.
 *
 * @param fact The fact.
 * @param options What earlier facts told, and whether to write the date.
 * @returns The lines, without the end of the last one.
 */
export function formatHistoryLine(fact: Fact, options: HistoryLineOptions): string {
  const { memory, hasDate = true } = options;
  const time = formatTime(fact.atMs, { hasDate });
  const [first = "", ...rest] = describeFact(fact, memory).trimEnd().split(/\r\n|[\n\r]/);
  const indent = " ".repeat(time.length + 4);
  return [`${time}  ${harmless(first)}`, ...rest.map((line) => indent + harmless(line))].join("\n");
}

/**
 * Writes a moment in local time, to the millisecond.
 *
 * @param atMs Milliseconds since 1970.
 * @param options Whether the day is told beside the time.
 * @returns Such as `2026-11-24 23:05:07.042`.
 */
export function formatTime(atMs: number, options: { readonly hasDate: boolean }): string {
  const at = new Date(atMs);
  const two = (part: number) => String(part).padStart(2, "0");
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  const time = `${clock}.${String(at.getMilliseconds()).padStart(3, "0")}`;
  if (!options.hasDate) return time;
  return `${[at.getFullYear(), at.getMonth() + 1, at.getDate()].map(two).join("-")} ${time}`;
}

function harmless(line: string): string {
  return line.replace(/\p{Cc}+/gu, " ").trimEnd();
}
