/**
 * What the agent tells a companion of its program: one JSON document on stdin, so that no secret
 * of the program is in the environment of anything else.
 *
 * @module
 */

import { isRecord } from "../../protocol/fields.ts";

/** A program, and how it is started. */
export interface ProgramSpec {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Its working folder. */
  readonly folder: string;
  /** Its environment, without what the companion adds. */
  readonly env: Readonly<Record<string, string>>;
  /** The path that answers 2xx when it can take requests. @default {its port accepts} */
  readonly ready?: string;
  /** Whether it speaks something else than HTTP on its port. @default {false} */
  readonly isRaw?: boolean;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isProgramSpec(value: unknown): value is ProgramSpec {
  return isRecord(value) && Array.isArray(value.command) && value.command.length > 0 &&
    value.command.every(isText) && isText(value.folder) && isRecord(value.env) &&
    Object.values(value.env).every(isText) &&
    (value.ready === undefined || isText(value.ready)) &&
    (value.isRaw === undefined || typeof value.isRaw === "boolean");
}

/**
 * Reads stdin to its end.
 *
 * @throws {Error} when there is something else.
 */
export function readSpec(): ProgramSpec {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let text = "";
  for (let count = Deno.stdin.readSync(buffer); count !== null;) {
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
    count = Deno.stdin.readSync(buffer);
  }
  const value: unknown = text === "" ? undefined : JSON.parse(text);
  if (isProgramSpec(value)) return value;
  throw new Error("Cannot start a program: an agent must tell which");
}
