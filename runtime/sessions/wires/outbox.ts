/**
 * The one place that writes to the socket of a session. What is put in during one turn of the event
 * loop, or while a write is under way, leaves in one write; bodies take turns, a frame each. What
 * is large does not wait for the end of the turn: then it would no longer be in the processor's
 * caches.
 *
 * @module
 */

import { reasonOf } from "../../../protocol/errors.ts";
import { FrameWriter } from "../frames/frame_writer.ts";
import { SESSION_LIMITS } from "../session.ts";
import { endOfTurn } from "./turn_end.ts";

/** The part of a `Deno.Conn` that a session uses. */
export interface Wire {
  /** Reads some bytes into the buffer; null is the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes. */
  write(bytes: Uint8Array): Promise<number>;
  /** Nothing more will be written; reading goes on. */
  closeWrite(): Promise<void>;
  /** Closes both directions at once. */
  close(): void;
}

/** What leaves when it is its turn. */
export interface Outgoing {
  /** Bytes that it holds. */
  readonly bufferedBytes: number;
  /** Whether it waits for its turn; for the outbox to set, false at first. */
  isQueued: boolean;
  /** Writes at most one frame; whether there may be another one now. */
  take(frames: FrameWriter): boolean;
  /** Nothing more of it leaves. */
  stop(reason: unknown): void;
  /** The receiver has room for so many bytes more. */
  allow(bytes: number): void;
}

const LAST_WORDS_MS = 1_000;

/** A batch as large as this is mostly bodies, not the small answers of one turn. */
const BULKY_BYTES = 32_768;

/** Frames and bodies on their way out. */
export class Outbox {
  readonly #wire: Wire;
  readonly #failed: (reason: string) => void;
  readonly #isAlone: () => boolean;
  readonly #frames = new FrameWriter();
  /** An array: what a Set held would live too long, see `number_table.ts`. */
  readonly #ready: Outgoing[] = [];
  #flushing: Promise<void> | undefined;
  #stopped = false;
  #writing = 0;
  #batches = 0;
  #isBulky = false;
  /** Bytes that bodies have got ready since the last batch was filled. */
  #readyBytes = 0;
  /** Ends the wait for the end of the turn. */
  #hurry = (): void => {};

  /**
   * `failed` is called when the wire breaks or the peer does not read; no write follows. While
   * `isAlone`, nobody else is expected to say something in the same turn.
   */
  constructor(
    wire: Wire,
    options: { failed: (reason: string) => void; isAlone: () => boolean },
  ) {
    this.#wire = wire;
    this.#failed = options.failed;
    this.#isAlone = options.isAlone;
  }

  /** Bytes that wait to be written, without what bodies have not handed over. */
  get bufferedBytes(): number {
    return this.#frames.length + this.#writing;
  }

  /** Batches that have begun to leave: what was put in since then is known to nobody else. */
  get batches(): number {
    return this.#batches;
  }

  /** Whether what left last was large. */
  get isBulky(): boolean {
    return this.#isBulky;
  }

  /** The writer of the batch that leaves next. */
  get frames(): FrameWriter {
    return this.#frames;
  }

  /** Sees to it that what was put into the writer leaves. */
  wake(): void {
    if (this.#stopped) return;
    if (this.#frames.length > SESSION_LIMITS.queuedBytes) {
      this.#fail("the peer does not read");
    } else {
      this.#flushSoon();
    }
  }

  /** The body may have something to send, and gets its turn. */
  readonly ready = (body: Outgoing): void => {
    if (this.#stopped) return;
    this.#enqueue(body);
    this.#readyBytes += body.bufferedBytes;
    this.#flushSoon();
  };

  /** Resolves when all that could be written has been, or nothing can be any more. */
  async flushed(): Promise<void> {
    await this.#flushing;
  }

  /** Writes nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#ready.length = 0;
  }

  /**
   * Stops, and writes what is in the writer as far as the peer reads within a moment; never
   * rejects. Nothing can follow a write that is under way.
   */
  async speakLast(): Promise<void> {
    this.stop();
    if (this.#writing > 0) return;
    this.#batches += 1;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, LAST_WORDS_MS));
    // That the peer cannot be told is no news: it is gone.
    const told = this.#wire.write(this.#frames.take()).then(() => {}, () => {});
    await Promise.race([told, late]);
    clearTimeout(timer);
  }

  /** At the end of the turn, or as soon as there is enough for a write. */
  #flushSoon(): void {
    this.#flushing ??= this.#flush();
    if (this.#frames.length + this.#readyBytes >= SESSION_LIMITS.writeBytes) this.#hurry();
  }

  async #flush(): Promise<void> {
    try {
      const enough = new Promise<void>((resolve) => this.#hurry = resolve);
      await Promise.race([endOfTurn(this.#isAlone()), enough]);
      for (;;) {
        if (this.#stopped) break;
        this.#fill();
        const batch = this.#frames.take();
        if (batch.length === 0) break;
        await this.#write(batch);
      }
    } catch (error) {
      this.#fail(reasonOf(error));
    }
    this.#flushing = undefined;
  }

  async #write(batch: Uint8Array): Promise<void> {
    this.#batches += 1;
    this.#writing = batch.length;
    this.#isBulky = batch.length >= BULKY_BYTES;
    for (let rest = batch; rest.length > 0;) {
      rest = rest.subarray(await this.#wire.write(rest));
      this.#writing = rest.length;
    }
  }

  /** Bodies take turns, one frame each, until the batch is large enough. */
  #fill(): void {
    let at = 0;
    this.#readyBytes = 0;
    for (; this.#frames.length < SESSION_LIMITS.writeBytes; at += 1) {
      const body = this.#ready[at];
      if (body === undefined) break;
      body.isQueued = false;
      // Put in again, it comes last in the same iteration.
      if (body.take(this.#frames)) this.#enqueue(body);
    }
    this.#ready.splice(0, at);
  }

  #enqueue(body: Outgoing): void {
    if (body.isQueued) return;
    body.isQueued = true;
    this.#ready.push(body);
  }

  #fail(reason: string): void {
    if (this.#stopped) return;
    this.stop();
    this.#failed(reason);
  }
}
