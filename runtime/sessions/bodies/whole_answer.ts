/**
 * Responses that are there as a whole: head and body leave in one frame.
 *
 * @module
 */

import type { FrameWriter } from "../frames/frame_writer.ts";
import { FrameError } from "../frames/frames.ts";
import type { Outgoing } from "../wires/outbox.ts";
import { SESSION_LIMITS } from "../session.ts";

/** Whether a response may leave in one frame, in which its head is sure to have room. */
export function fitsOneFrame(head: string, body: Uint8Array | string): boolean {
  // A character takes at most three bytes.
  const bytesMax = typeof body === "string" ? 3 * body.length : body.length;
  return 3 * head.length <= SESSION_LIMITS.headBytes && bytesMax <= SESSION_LIMITS.dataBytes;
}

/** A whole response that waits for its turn. */
export class WholeAnswer implements Outgoing {
  /** See {@linkcode Outgoing.isQueued}. */
  isQueued = false;
  readonly #exchange: number;
  readonly #head: string;
  readonly #body: Uint8Array | string;
  readonly #taken: () => void;
  #isOver = false;

  /** `taken` is called once it is on its way; not after {@linkcode WholeAnswer.stop}. */
  constructor(
    exchange: number,
    answer: { head: string; body: Uint8Array | string; taken: () => void },
  ) {
    this.#exchange = exchange;
    this.#head = answer.head;
    this.#body = answer.body;
    this.#taken = answer.taken;
  }

  /** Bytes that wait. */
  get bufferedBytes(): number {
    return this.#isOver ? 0 : this.#body.length;
  }

  /** Writes its one frame. */
  take(frames: FrameWriter): false {
    if (this.#isOver) return false;
    this.#isOver = true;
    frames.answer(this.#exchange, this.#head, this.#body);
    this.#taken();
    return false;
  }

  /** It does not leave any more. */
  stop(): void {
    this.#isOver = true;
  }

  /**
   * Nobody grants anything to what is sent at once.
   *
   * @throws {FrameError} always.
   */
  allow(): void {
    throw new FrameError("a credit for a whole response");
  }
}
