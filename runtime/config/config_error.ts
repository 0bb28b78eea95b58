/**
 * What is wrong with a configuration, all of it at once.
 *
 * @module
 */

import { type DocumentPath, formatPath, type TextPosition } from "./json_text.ts";

/** The problems that the message of a {@linkcode ConfigError} shows; all are in its field. */
const PROBLEMS_SHOWN_MAX = 50;

/** One thing that is wrong. */
export interface ConfigProblem {
  /** The absolute path of the file, or of the folder, that it is wrong in. */
  readonly file: string;
  /** Where in the document, such as `services.greeter.entry`; empty for all of it. */
  readonly path: string;
  /** What was expected and what was there. */
  readonly message: string;
  /** Where in the file, if that is known. */
  readonly position?: TextPosition;
}

/** The mesh cannot be used. The message is readable lines, one for each problem. */
export class ConfigError extends Error {
  /** The name of the class. */
  override name = "ConfigError";
  /** Everything that is wrong, at least one entry. */
  readonly problems: readonly ConfigProblem[];

  /** Makes the error for everything that is wrong with the mesh at `path`. */
  constructor(path: string, problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
    const lines = problems.slice(0, PROBLEMS_SHOWN_MAX).map((problem) => `  ${lineOf(problem)}`);
    const hidden = problems.length - lines.length;
    if (hidden > 0) lines.push(`  and ${hidden} more`);
    super([`Cannot use the mesh "${path}": ${count}`, ...lines].join("\n"));
    this.problems = problems;
  }
}

function lineOf({ file, path, message, position }: ConfigProblem): string {
  const place = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  return path === "" ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
}

/** Collects the problems of one file. */
export class ProblemList {
  readonly #file: string;
  readonly #positions: ReadonlyMap<string, TextPosition>;
  readonly #problems: ConfigProblem[] = [];

  /** Starts an empty list for a file whose values stood at `positions`. */
  constructor(file: string, positions: ReadonlyMap<string, TextPosition> = new Map()) {
    this.#file = file;
    this.#positions = positions;
  }

  /** Adds a problem, at the position of the nearest value that is there. */
  add(path: DocumentPath, message: string): void {
    for (let length = path.length; length > 0; length--) {
      const position = this.#positions.get(formatPath(path.slice(0, length)));
      if (position !== undefined) return this.addAt(position, path, message);
    }
    this.#problems.push({ file: this.#file, path: formatPath(path), message });
  }

  /** Adds a problem at a position that is known. */
  addAt(position: TextPosition, path: DocumentPath, message: string): void {
    this.#problems.push({ file: this.#file, path: formatPath(path), message, position });
  }

  /** The problems, as they stand in the file from top to bottom. */
  get sorted(): readonly ConfigProblem[] {
    return this.#problems.toSorted((left, right) =>
      (left.position?.line ?? 0) - (right.position?.line ?? 0) ||
      (left.position?.column ?? 0) - (right.position?.column ?? 0)
    );
  }
}
