/**
 * The output of a process, as lines.
 *
 * @module
 */

/** Longest line of output that is passed on whole, in characters; the rest of it is cut. */
export const OUTPUT_LINE_MAX = 8_192;

/** After an exit its output has this long to end: a grandchild may hold it open for ever. */
export const OUTPUT_END_MS = 250;

/** Lines that are kept to explain an exit. */
export const LAST_LINES = 20;

/** The last lines of an output, to explain an exit. */
export class LastLines {
  readonly #lines: string[] = [];

  /** The lines, the newest last. */
  get all(): readonly string[] {
    return this.#lines;
  }

  /** Takes a line, and lets go of the oldest one when there are too many. */
  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > LAST_LINES) this.#lines.shift();
  }
}

/** Makes lines of pieces of text. A line without end is cut and costs no more than its bound. */
export class LineSplitter {
  readonly #take: (line: string) => void;
  #rest = "";
  #isCut = false;

  /** Gives each line to `take`, without its end. */
  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  /** Takes a piece of text. */
  push(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#put(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (this.#rest.length <= OUTPUT_LINE_MAX) return;
    this.#put(this.#rest);
    this.#isCut = true;
    this.#rest = "";
  }

  /** There is no more text: the last line may have no end. */
  end(): void {
    if (this.#rest !== "") this.#put(this.#rest);
    this.#rest = "";
  }

  #put(line: string): void {
    if (!this.#isCut) {
      this.#take(line.length > OUTPUT_LINE_MAX ? `${line.slice(0, OUTPUT_LINE_MAX)}…` : line);
    }
    this.#isCut = false;
  }
}

/**
 * Reads the output of a process line by line until it ends. Bytes that are no UTF-8 become
 * replacement characters; a line without end is cut and costs no more than its bound.
 */
export async function readLines(
  output: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  const splitter = new LineSplitter(take);
  try {
    for await (const text of output.pipeThrough(new TextDecoderStream())) splitter.push(text);
  } catch {
    // The pipe broke with its process; what was read is all there is.
  }
  splitter.end();
}
