/**
 * The history as text: a time and a description on each line.
 *
 * @module
 */

/** Something that happened, in words. */
export interface HistoryLine {
  /** When. Milliseconds since 1970. */
  readonly atMs: number;
  /** What, as `describeFact` says it. */
  readonly text: string;
}

/**
 * Writes a line of history with its local time. The lines of a reason that follow are indented
 * below the description; characters that could steer a terminal become blanks.
 *
 * @param line When and what.
 * @param options Whether the day is told beside the time.
 * @returns The lines, without the end of the last one.
 */
export function formatHistoryLine(
  line: HistoryLine,
  options: { readonly hasDate: boolean },
): string {
  const time = formatTime(line.atMs, options);
  const [first = "", ...rest] = line.text.trimEnd().split(/\r\n|[\n\r]/);
  const indent = " ".repeat(time.length + 4);
  return [`${time}  ${harmless(first)}`, ...rest.map((more) => indent + harmless(more))].join("\n");
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
