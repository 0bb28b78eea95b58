/**
 * A terminal that remembers what was printed.
 *
 * @module
 */

import type { CommandIO } from "../../../runtime/cli/io.ts";

/** What stands for the terminal of a command in a test. */
export interface CapturedIO extends CommandIO {
  /** Everything that was printed to standard output. */
  readonly out: string;
  /** Everything that was printed to standard error. */
  readonly err: string;
}

/** Makes a terminal that nobody watches, unless `options` say otherwise. */
export function captureIO(
  options: Partial<Pick<CommandIO, "isTerminal" | "columns" | "hasColor">> = {},
): CapturedIO {
  const { isTerminal = false, columns = Infinity, hasColor = false } = options;
  let out = "";
  let err = "";
  return {
    stdout(text) {
      out += text;
    },
    stderr(text) {
      err += text;
    },
    isRead: true,
    isTerminal,
    columns,
    hasColor,
    get out() {
      return out;
    },
    get err() {
      return err;
    },
  };
}
