/**
 * The output of a process in files. A pipe breaks with the agent that reads it, and a service that
 * prints then fails; a file is there for the next agent too. What is in it was passed on, so it is
 * emptied again and again.
 *
 * @module
 */

import { LAST_LINES, LastLines, LineSplitter } from "./output_lines.ts";
import { untilNextRound } from "./rounds.ts";

/** What a process writes, by stream. */
export type OutputStream = "stdout" | "stderr";

/** A file is emptied once this much of it was read. Bytes. */
const READ_BYTES_MAX = 1024 * 1024;
/** What is read of one file in one go, so that one that writes a lot does not stop the agent. */
const PIECE_BYTES = 64 * 1024;
/** Pieces that are read of one file in one go. */
const PIECES_MAX = 8;
/** More than this that was not read yet is left out. Bytes. */
const BEHIND_BYTES_MAX = 16 * 1024 * 1024;
/** How often a file is read once more after its process has ended. */
const END_READS_MAX = BEHIND_BYTES_MAX / (PIECE_BYTES * PIECES_MAX);
/** How soon a file is looked at again after something was in it. Milliseconds. */
const LOOK_MS = 20;
/** How soon a file is looked at again in which nothing happens for long. Milliseconds. */
const LOOK_MS_MAX = 500;
/** What is read of the output of a process that was taken over, for its last lines. Bytes. */
const TAIL_BYTES = 16 * 1024;

/** The files of a process, by what its output is called without the ending. */
export function outputFiles(path: string): Readonly<Record<OutputStream, string>> {
  return { stdout: `${path}.out`, stderr: `${path}.err` };
}

/** Follows the output of one process in its two files. */
export class OutputFiles {
  #path: string;
  readonly #followed: readonly FollowedFile[];
  readonly #lastLines = new LastLines();
  #isClosed = false;
  #lookMs = LOOK_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Begins to follow.
   *
   * @param path Where the files are, without their endings; they are made when they are not there.
   * @param options Takes each line. A process that was taken over is followed from now on: what it
   * wrote before may have been passed on already.
   * @throws {Error} when a file can't be made.
   */
  constructor(
    path: string,
    options: {
      readonly line: (text: string, stream: OutputStream) => void;
      readonly isTakenOver: boolean;
    },
  ) {
    this.#path = path;
    const files = outputFiles(path);
    if (options.isTakenOver) { for (const line of lastLinesOf(path)) this.#lastLines.add(line); }
    this.#followed = [
      new FollowedFile(files.stdout, options.isTakenOver, (line) => options.line(line, "stdout")),
      new FollowedFile(files.stderr, options.isTakenOver, (line) => {
        this.#lastLines.add(line);
        options.line(line, "stderr");
      }),
    ];
    this.#look();
  }

  /** The process has ended: reads the rest, removes the files, gives the last lines of stderr. */
  end(): readonly string[] {
    if (this.#isClosed) return this.#lastLines.all;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const file of this.#followed) file.end();
    removeOutput(this.#path);
    return this.#lastLines.all;
  }

  /**
   * Gives the files another name; whoever writes into them goes on.
   *
   * @throws {Error} when they can't be renamed.
   */
  move(path: string): void {
    const from = outputFiles(this.#path);
    const to = outputFiles(path);
    Deno.renameSync(from.stdout, to.stdout);
    Deno.renameSync(from.stderr, to.stderr);
    this.#path = path;
  }

  /** Follows no more, and leaves the files to the next agent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const file of this.#followed) file.close();
  }

  #look(): void {
    // Before 2.9 Deno calls a timer that was due when something else of its turn cleared it.
    if (this.#isClosed) return;
    let hasMore = false;
    for (const file of this.#followed) hasMore = file.read() || hasMore;
    this.#lookMs = hasMore ? LOOK_MS : Math.min(LOOK_MS_MAX, this.#lookMs * 1.5);
    const waitMs = this.#lookMs < LOOK_MS_MAX ? this.#lookMs : untilNextRound(LOOK_MS_MAX);
    this.#timer = setTimeout(() => this.#look(), waitMs);
  }
}

/** The last lines of stderr of a process whose output nobody follows. */
export function lastLinesOf(path: string): string[] {
  const lines: string[] = [];
  try {
    using file = Deno.openSync(outputFiles(path).stderr);
    const { size } = file.statSync();
    file.seekSync(Math.max(0, size - TAIL_BYTES), Deno.SeekMode.Start);
    const bytes = new Uint8Array(TAIL_BYTES);
    const count = file.readSync(bytes) ?? 0;
    const splitter = new LineSplitter((line) => lines.push(line));
    splitter.push(new TextDecoder().decode(bytes.subarray(0, count)));
    splitter.end();
  } catch {
    // There is no such file, so there is nothing to tell.
  }
  return lines.slice(-LAST_LINES);
}

/** Removes the output of a process that has ended. */
export function removeOutput(path: string): void {
  for (const file of Object.values(outputFiles(path))) {
    try {
      Deno.removeSync(file);
    } catch {
      // It is gone already; and what can't be removed is no reason to stop.
    }
  }
}

/** What is read is taken before anything else is read: so all files share it. */
const piece = new Uint8Array(PIECE_BYTES);

class FollowedFile {
  readonly #file: Deno.FsFile;
  readonly #splitter: LineSplitter;
  #decoder = new TextDecoder();
  #position = 0;

  constructor(path: string, isTakenOver: boolean, take: (line: string) => void) {
    const how = { read: true, write: true, create: true, truncate: !isTakenOver, mode: 0o600 };
    this.#file = Deno.openSync(path, how);
    this.#splitter = new LineSplitter(take);
    if (isTakenOver) this.#position = this.#file.seekSync(0, Deno.SeekMode.End);
  }

  /** Reads what is there, up to a bound; whether there was anything. */
  read(): boolean {
    for (let pieces = 0; pieces < PIECES_MAX; pieces += 1) {
      const count = this.#file.readSync(piece);
      if (count === null || count === 0) {
        if (this.#position > READ_BYTES_MAX) this.#empty();
        return pieces > 0;
      }
      this.#position += count;
      const bytes = piece.subarray(0, count);
      this.#splitter.push(this.#decoder.decode(bytes, { stream: true }));
    }
    const behind = this.#file.statSync().size - this.#position;
    if (behind > BEHIND_BYTES_MAX) {
      this.#splitter.push(`\nsmmp: ${behind} bytes of output are not shown: too many at once\n`);
      this.#empty();
    }
    return true;
  }

  /** The process appends, so its next line is the first one then. */
  #empty(): void {
    this.#file.truncateSync(0);
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#position = 0;
    this.#decoder = new TextDecoder();
  }

  end(): void {
    // Something that its process has started may write for ever.
    for (let reads = 0; reads < END_READS_MAX && this.read();) reads += 1;
    this.#splitter.end();
    this.close();
  }

  close(): void {
    this.#file.close();
  }
}
