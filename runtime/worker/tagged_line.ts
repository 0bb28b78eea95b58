/**
 * How the workers of one process share its stderr: each line begins with a tag that only its worker
 * and the agent know, so that no worker can speak for another.
 *
 * @module
 */

import type { OutputStream } from "../launcher/output_files.ts";

/** A line, or a part of one of which more follows. */
export interface TaggedLine {
  /** Who wrote it. */
  readonly tag: string;
  /** Where; undefined: nothing was printed, the host marks that a worker has ended. */
  readonly stream: OutputStream | undefined;
  /** Whether it ends here. */
  readonly isWhole: boolean;
  /** What stands in it. */
  readonly text: string;
  /** What stands before it in the same line: Deno prints errors in pieces. */
  readonly before: string;
}

/** Characters of a line that are written in one go: a pipe takes 4,096 bytes at once, or mixes. */
const PIECE_CHARACTERS = 1_300;

const TAG_BYTES = 8;
const LINE = /([0-9a-f]{16})([oeOEx]) (.*)$/;

/** A tag that nobody guesses. */
export function newTag(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(TAG_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What a text is written as: the lines of it, with their ends, one for each write. */
export function taggedLines(tag: string, stream: OutputStream, text: string): string[] {
  const letter = stream === "stdout" ? "o" : "e";
  const written: string[] = [];
  const lines = text.split("\n");
  const rest = lines.pop() ?? "";
  const put = (line: string, isWhole: boolean) => {
    let left = line;
    while (left.length > PIECE_CHARACTERS) {
      const piece = left.slice(0, PIECE_CHARACTERS).replace(/[\ud800-\udbff]$/, "");
      written.push(`${tag}${letter.toUpperCase()} ${piece}\n`);
      left = left.slice(piece.length);
    }
    written.push(`${tag}${isWhole ? letter : letter.toUpperCase()} ${left}\n`);
  };
  for (const line of lines) put(line, true);
  if (rest !== "") put(rest, false);
  return written;
}

/** The line by which a host says that all is printed that a worker printed. */
export function endMark(tag: string, workerID: number): string {
  return `\n${tag}x ${workerID}\n`;
}

/** Reads a line; undefined when it has no tag. */
export function readTagged(line: string): TaggedLine | undefined {
  const found = LINE.exec(line);
  if (found === null) return undefined;
  const [, tag = "", letter = "", text = ""] = found;
  const kind = letter.toLowerCase();
  const stream = kind === "x" ? undefined : kind === "o" ? "stdout" : "stderr";
  return { tag, stream, isWhole: letter === kind, text, before: line.slice(0, found.index) };
}
