/**
 * The kinds of values that carry what instances wrote, from agents to the manager.
 *
 * @module
 */

import { count, isRecord, type Kind, list, name, serviceID, text } from "./fields.ts";
import { LIMITS } from "./limits.ts";

/** Where an instance wrote a line. */
export type OutputStream = "stdout" | "stderr";

/** Where an instance wrote a line. */
export const outputStream: Kind<OutputStream> = {
  name: "stdout or stderr",
  accepts: (value): value is OutputStream => value === "stdout" || value === "stderr",
};

/** How many lines are wanted at most. */
export const lineCount: Kind<number> = {
  name: "count of lines",
  accepts: (value): value is number => count.accepts(value) && value <= LIMITS.outputLines,
};

/** How far somebody has read what an instance wrote. */
export interface OutputPlace {
  /** The instance. */
  readonly serviceID: number;
  /** The number of the first line that was not read. */
  readonly next: number;
}

function isPlace(value: unknown): value is OutputPlace {
  return isRecord(value) && serviceID.accepts(value.serviceID) && count.accepts(value.next);
}

/** How far somebody has read. */
export const outputPlaces: Kind<readonly OutputPlace[]> = list(
  "list of places",
  { name: "place", accepts: isPlace },
  LIMITS.outputInstances,
);

/** A line that an instance wrote. */
export interface ReportedLine {
  /** When its agent read it. Milliseconds since 1970. */
  readonly atMs: number;
  /** Where it was written. */
  readonly stream: OutputStream;
  /** The line, without its end. */
  readonly text: string;
}

const lineText = text("line", LIMITS.outputLineCharacters);

function isLine(value: unknown): value is ReportedLine {
  return isRecord(value) && count.accepts(value.atMs) && outputStream.accepts(value.stream) &&
    lineText.accepts(value.text);
}

const lines = list("list of lines", { name: "line", accepts: isLine }, LIMITS.outputLines);

/** What one instance wrote. */
export interface ReportedOutput extends OutputPlace {
  /** Its service. */
  readonly service: string;
  /** How many lines before these are not kept any more, of those that were not read. */
  readonly lost: number;
  /** The lines, the oldest first. */
  readonly lines: readonly ReportedLine[];
}

function isOutput(value: unknown): value is ReportedOutput {
  return isRecord(value) && name.accepts(value.service) && count.accepts(value.lost) &&
    lines.accepts(value.lines) && isPlace(value);
}

/** What instances wrote, by instance. */
export const reportedOutput: Kind<readonly ReportedOutput[]> = list(
  "list of output",
  { name: "output", accepts: isOutput },
  LIMITS.outputInstances,
);

/** A kind of permission that a service can be given, as its manifest names it. */
export type Permission = "read" | "write" | "net" | "env" | "run" | "sys" | "ffi" | "import";

const PERMISSIONS: readonly string[] = [
  "read",
  "write",
  "net",
  "env",
  "run",
  "sys",
  "ffi",
  "import",
];

/** A kind of permission that a service can be given. */
export const permission: Kind<Permission> = {
  name: "permission",
  accepts: (value): value is Permission => typeof value === "string" && PERMISSIONS.includes(value),
};

/** What a service asked for and was refused: a path, a host, the name of a variable. */
export const permissionTarget: Kind<string> = text(
  "name or path",
  LIMITS.permissionTargetCharacters,
);
