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
  return {
    stdout: writerTo(Deno.stdout),
    stderr: writerTo(Deno.stderr),
    isTerminal,
    columns: isTerminal ? columnsOfTerminal() : Infinity,
    hasColor: isTerminal && !Deno.noColor,
  };
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

function writerTo(stream: { writeSync(bytes: Uint8Array): number }): (text: string) => void {
  const encoder = new TextEncoder();
  let isOpen = true;
  return (text) => {
    const bytes = encoder.encode(text);
    let written = 0;
    while (isOpen && written < bytes.length) {
      try {
        written += stream.writeSync(bytes.subarray(written));
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe) isOpen = false;
        else if (error instanceof Deno.errors.WouldBlock) Atomics.wait(NEVER_WOKEN, 0, 0, FULL_MS);
        else throw error;
      }
    }
  };
}
