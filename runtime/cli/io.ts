/**
 * What a command prints to.
 *
 * @module
 */

/** The terminal of a command, or what stands for it in a test. */
export interface CommandIO {
  /** Prints text for the reader or the next program; the caller ends the lines. */
  stdout(text: string): void;
  /** Prints text about the command itself; the caller ends the lines. */
  stderr(text: string): void;
  /** Whether somebody reads standard output, as far as what was printed could tell. */
  readonly isRead: boolean;
  /** Whether a person watches standard output. */
  readonly isTerminal: boolean;
  /** How many columns a line may have; infinite when no person watches. */
  readonly columns: number;
  /** Whether standard output may be coloured: a person watches, and NO_COLOR is not set. */
  readonly hasColor: boolean;
}

/** A command cannot go on, for a reason that its user can understand without a stack trace. */
export class CommandError extends Error {
  /** The name of the class. */
  override name = "CommandError";
}

/**
 * Connects a command with the terminal of this process.
 *
 * @returns The terminal. What is printed is written at once; when the reader has gone (`| head`),
 * the rest is dropped.
 */
export function terminalIO(): CommandIO {
  const isTerminal = Deno.stdout.isTerminal();
  const output = new Output(Deno.stdout);
  const errors = new Output(Deno.stderr);
  return {
    stdout: (text) => output.write(text),
    stderr: (text) => errors.write(text),
    get isRead() {
      return output.isRead;
    },
    isTerminal,
    columns: isTerminal ? columnsOfTerminal() : Infinity,
    hasColor: isTerminal && !Deno.noColor,
  };
}

/**
 * What is read while somebody reads what is printed of it: `| head` ends what would go on for ever.
 *
 * @param items What is read; it is ended when nobody reads any more.
 * @param io What is printed to.
 */
export async function* whileRead<Item>(
  items: AsyncIterable<Item>,
  io: Pick<CommandIO, "isRead">,
): AsyncGenerator<Item, undefined> {
  for await (const item of items) {
    yield item;
    if (!io.isRead) return;
  }
}

function columnsOfTerminal(): number {
  try {
    return Deno.consoleSize().columns || Infinity;
  } catch {
    // A terminal may not know its size; then nothing is cut.
    return Infinity;
  }
}

/** A full pipe is tried again after this. Milliseconds. */
const FULL_MS = 5;
/** What is waited on: the program that a shell started with it may have made a pipe not block. */
const NEVER_WOKEN = new Int32Array(new SharedArrayBuffer(4));

/** A stream that is written at once, as long as somebody reads it. */
class Output {
  isRead = true;
  readonly #stream: { writeSync(bytes: Uint8Array): number };
  readonly #encoder = new TextEncoder();

  constructor(stream: { writeSync(bytes: Uint8Array): number }) {
    this.#stream = stream;
  }

  write(text: string): void {
    const bytes = this.#encoder.encode(text);
    let written = 0;
    while (this.isRead && written < bytes.length) {
      try {
        written += this.#stream.writeSync(bytes.subarray(written));
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe) this.isRead = false;
        else if (error instanceof Deno.errors.WouldBlock) Atomics.wait(NEVER_WOKEN, 0, 0, FULL_MS);
        else throw error;
      }
    }
  }
}
